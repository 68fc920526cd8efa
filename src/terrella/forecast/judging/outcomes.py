"""What every model expected of every cell at one horizon, recalibrated, beside what happened there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.forecast.calibration import Calibration
from terrella.forecast.models import Expectation
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_CELLS = 2_000_000  # issue times × cells whose forecasts are held recalibrated at once


@dataclass(frozen=True, eq=False)
class Targets:
    """The events that forecasts are scored on, each in its issue time's row and its cell."""

    row: npt.NDArray[np.intp]
    cell: npt.NDArray[np.int64]
    magnitude: Floats
    day: Floats
    index: npt.NDArray[np.intp]  # in the catalogue

    def counts(self, rows: slice, cells: int, chosen: npt.NDArray[np.bool_]) -> Tensor:
        """Return the chosen events of some rows as counts (row, cell)."""
        inside = chosen & (self.row >= rows.start) & (self.row < rows.stop)
        flat = (self.row[inside] - rows.start) * cells + self.cell[inside]
        counts = np.bincount(flat, minlength=(rows.stop - rows.start) * cells)
        return torch.as_tensor(counts, dtype=torch.float32).view(-1, cells)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Every model's forecasts of one horizon and what happened; arrays over cells are flat (layer, column)."""

    horizon_days: float
    min_magnitude: float
    issue_days: Floats
    counts: Tensor  # (issue time, cell)
    expected: Mapping[str, Expectation]  # before recalibration
    calibrations: Mapping[str, Calibration]
    targets: Targets
    longitude: Floats  # of the cells' centres
    latitude: Floats

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The models with a distribution of counts."""
        return tuple(self.expected)

    def batches(self) -> Iterator[slice]:
        """Yield slices of issue times that are held at once."""
        n, cells = self.counts.shape
        size = max(1, _CELLS // cells)
        for first in range(0, n, size):
            yield slice(first, min(first + size, n))

    def forecast(self, name: str, rows: slice) -> tuple[Tensor, Tensor]:
        """Return a model's recalibrated log mean and dispersion of some issue times, (row, cell) each."""
        expected, calibration = self.expected[name], self.calibrations[name]
        spread = expected.log_spread[rows] if expected.log_spread.ndim else expected.log_spread
        log_mean = calibration.log_mean(expected.log_mean[rows])
        return log_mean, calibration.dispersion(log_mean, spread)

    def log_means(self, name: str) -> npt.NDArray[np.float32]:
        """Return a model's recalibrated log means (issue time, cell)."""
        return self.calibrations[name].log_mean(self.expected[name].log_mean).float().numpy()


def find_targets(
    catalogue: Catalogue, grid: Grid, epoch: np.datetime64, issue_days: Floats, horizon_days: float
) -> Targets:
    """Return the events inside the grid that fall into a horizon; horizons must not overlap."""
    day = catalogue.days_since(epoch)
    row = np.searchsorted(issue_days, day, "right") - 1
    cell = cells_of(catalogue, grid)
    inside = (row >= 0) & (cell >= 0)
    inside &= day < issue_days[np.maximum(row, 0)] + horizon_days
    chosen = np.flatnonzero(inside)
    return Targets(row[chosen], cell[chosen], catalogue.magnitude[chosen], day[chosen], chosen)


def cells_of(catalogue: Catalogue, grid: Grid) -> npt.NDArray[np.int64]:
    """Return each event's cell among those inside the mask, flat (layer, column), −1 outside."""
    columns = np.flatnonzero(grid.mask)
    column_of = np.full(grid.mask.size, -1)
    column_of[columns] = np.arange(len(columns))
    flat = grid.cell_of(catalogue.longitude, catalogue.latitude, catalogue.depth_km)
    layer, on_map = np.divmod(flat, grid.mask.size)
    return np.asarray(np.where(flat >= 0, layer * len(columns) + column_of[on_map], -1), np.int64)


def cell_centres(grid: Grid) -> tuple[Floats, Floats]:
    """Return longitude and latitude of all cells, flat (layer, column)."""
    row, column = np.nonzero(grid.mask)
    layers = grid.shape[0]
    return np.tile(grid.longitudes[column], layers), np.tile(grid.latitudes[row], layers)
