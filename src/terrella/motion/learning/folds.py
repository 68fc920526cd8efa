"""Folds that leave out whole events and whole stations."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.motion.flatfile.table import numbered

Truths = npt.NDArray[np.bool_]


class Labelled(Protocol):
    """Records whose events and stations are known, (record,) each."""

    @property
    def event(self) -> npt.NDArray[Any]:
        """Which are of one event."""
        ...

    @property
    def station(self) -> npt.NDArray[Any]:
        """Which are of one station."""
        ...


@dataclass(frozen=True, eq=False)
class Folds:
    """Which fold each record's event and station belong to, each (record,).

    A *member* is a model that never saw one fold of events and one of stations; the last one saw all. A record is
    judged by the member that saw neither its event nor its station.
    """

    of_event: npt.NDArray[np.int64]
    of_station: npt.NDArray[np.int64]
    events: int
    stations: int

    @property
    def members(self) -> int:
        """The number of members, the whole one among them."""
        return self.events * self.stations + 1

    def learned(self, member: int) -> Truths:
        """Return which records a member learns from."""
        if member == self.members - 1:
            return np.ones(len(self.of_event), bool)
        k, j = divmod(member, self.stations)
        return np.asarray((self.of_event != k) & (self.of_station != j))

    def judging(self) -> npt.NDArray[np.int64]:
        """Return the member that judges each record."""
        return np.asarray(self.of_event * self.stations + self.of_station)


def make_folds(records: Labelled, events: int, stations: int, seed: int) -> Folds:
    """Return folds of events and stations, each with about as many records.

    Raises:
        InputError: where there are fewer events or stations than folds.
    """
    for what, number, labels in (("event", events, records.event), ("station", stations, records.station)):
        found = len(np.unique(labels))
        if found < number:
            raise InputError(
                f"{found} {what}s are too few for {number} folds of {what}s; set data.{what}_folds to "
                f"{max(found, 2)} "
                "or less"
                if found > 1
                else f"there is but one {what}: folds that leave out whole {what}s need two or more"
            )
    draw = np.random.default_rng(seed)
    return Folds(
        _balanced(numbered(records.event), events, draw), _balanced(numbered(records.station), stations, draw),
        events, stations,
    )  # fmt: skip


def _balanced(label: npt.NDArray[np.int64], folds: int, draw: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return the fold of each record: labels in random order, each to the fold with the fewest records."""
    size = np.bincount(label)
    order = draw.permutation(len(size))
    order = order[np.argsort(-size[order], kind="stable")] if len(size) < 4 * folds else order
    of_label, load = np.zeros(len(size), int), np.zeros(folds)
    for each in order:
        of_label[each] = load.argmin()
        load[of_label[each]] += size[each]
    return np.asarray(of_label[label])
