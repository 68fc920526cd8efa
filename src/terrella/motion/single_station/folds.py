"""Folds of whole events, each with a fold of whole stations that its member never saw either."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.motion.learning.folds import make_folds
from terrella.motion.settings import DataSettings
from terrella.motion.single_station.traces import Traces

Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which fold of events and of stations each trace belongs to, each (trace,).

    Member k learns from what is neither of events' fold k nor of the stations' fold that goes with it, and is
    judged on what is of both; the last member saw all.
    """

    of_event: npt.NDArray[np.int64]
    of_station: npt.NDArray[np.int64]
    events: int
    stations: int

    @property
    def members(self) -> int:
        """The number of members, the whole one among them."""
        return self.events + 1

    def learned(self) -> Truths:
        """Return what each member learns from, (trace, member)."""
        folds = np.arange(self.events)
        own = (self.of_event[:, None] != folds) & (self.of_station[:, None] != folds % self.stations)
        return np.concatenate([own, np.ones((len(own), 1), bool)], 1)

    def judged(self) -> Truths:
        """Return which traces a member judges that saw neither event nor station: that of their events' fold."""
        return np.asarray(self.of_event % self.stations == self.of_station)


def pairs_of(traces: Traces, data: DataSettings) -> Pairs:
    """Return the folds of traces.

    Raises:
        InputError: where there are fewer events or stations than folds.
    """
    made = make_folds(traces, data.event_folds, data.station_folds, data.seed)
    return Pairs(made.of_event, made.of_station, data.event_folds, data.station_folds)
