"""Two baselines without a model: the next days are like the last, and nothing happens."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.forecast.baselines.climatology import Climatology
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_FLOOR = 0.1  # share of climatology: small enough that the last days decide


@dataclass(frozen=True, eq=False)
class Persistence:
    """The counts of the last window of the horizon's length, on a floor of climatology.

    Parameters
    ----------
    floor_per_day : array (cell,)
        Events per day, in the order of depth, latitude and longitude of the cells in the mask.
    """

    floor_per_day: Floats  # (cell,)

    def expected_counts(
        self,
        issue_days: Floats,
        horizon_days: float,
        catalogue: Catalogue,
        grid: Grid,
        epoch: np.datetime64,
    ) -> npt.NDArray[np.float32]:
        """Return expected counts (issue time, cell): the events with issue − horizon ≤ time < issue, and the
        floor; `issue_days` are days since `epoch`."""
        counts = past_counts(catalogue, grid, epoch, issue_days, horizon_days)
        return counts + (self.floor_per_day * horizon_days).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return what is not in the arrays: nothing."""
        return {}

    def arrays(self) -> dict[str, Floats]:
        """Return the arrays that a bundle stores."""
        return {"floor_per_day": self.floor_per_day}

    @classmethod
    def from_dict(cls, values: dict[str, Any], arrays: dict[str, Floats]) -> "Persistence":
        """Return the baseline that `to_dict` and `arrays` describe."""
        return cls(floor_per_day=np.asarray(arrays["floor_per_day"], float), **values)


def fit_persistence(climatology: Climatology) -> Persistence:
    """Return persistence on a tenth of climatology, so that no cell is impossible.

    Parameters
    ----------
    climatology : Climatology
        Of the same cells, in events per day.

    Returns
    -------
    Persistence
    """
    return Persistence(_FLOOR * climatology.rate_per_day)


def past_counts(
    catalogue: Catalogue, grid: Grid, epoch: np.datetime64, issue_days: Floats, window_days: float
) -> npt.NDArray[np.float32]:
    """Return counts (issue time, cell) of the events with issue − window ≤ time < issue."""
    columns = np.flatnonzero(grid.mask)
    column_of = np.full(grid.mask.size, -1)
    column_of[columns] = np.arange(len(columns))
    issue, days = np.asarray(issue_days, float), catalogue.days_since(epoch)
    near = slice(
        *np.searchsorted(days, [issue.min() - window_days, issue.max()])
    )  # of a long catalogue, little
    events, days = catalogue[near], days[near]
    flat = grid.cell_of(events.longitude, events.latitude, events.depth_km)
    inside = flat >= 0
    layer, on_map = np.divmod(flat[inside], grid.mask.size)
    cell, days = layer * len(columns) + column_of[on_map], days[inside]
    first, last = np.searchsorted(days, issue - window_days), np.searchsorted(days, issue)
    counts = np.zeros((len(issue), grid.shape[0] * len(columns)), np.float32)
    for row, (low, high) in enumerate(zip(first, last, strict=True)):
        np.add.at(counts[row], cell[low:high], 1)
    return counts
