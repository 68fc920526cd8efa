"""What lies around cells: sums under smooth kernels, or over boxes of cells as in bundles of before."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.forecast.features.kernel_sums import KernelTable, make_kernel_table, sums_at
from terrella.forecast.features.kernels import Kernel, make_kernel
from terrella.forecast.features.neighbourhood import boxed

BOXES = (3, 5, 9, 17)  # cells on a side
RATES = 2  # the last of the channels, of which logarithms are taken
_FEW = 0.05  # share of the cells below which each is summed on its own


class Around(Protocol):
    """Sums over the surroundings of cells."""

    @property
    def log_area(self) -> Tensor:
        """Logarithm of each column's area by which its rates are divided, so that they mean the same anywhere."""
        ...

    def at(self, values: Tensor, issue: Tensor, column: Tensor) -> list[Tensor]:
        """Return sums (cell, channel), for each kernel, of values (n, channel, column) around chosen cells."""
        ...


@dataclass(frozen=True, eq=False)
class KernelsAround:
    """Sums under kernels of several widths."""

    grid: Grid
    kernels: tuple[Kernel, ...]
    cells: Tensor  # (column,): place of each column on the map (longitude, latitude)
    map_shape: tuple[int, int]  # (longitude, latitude)
    log_area: Tensor  # (column,), of 100 km²

    @cached_property
    def tables(self) -> tuple[KernelTable, ...]:
        """The kernels' tables, which sums around few cells need."""
        return tuple(make_kernel_table(self.grid, kernel.width_km) for kernel in self.kernels)

    def at(self, values: Tensor, issue: Tensor, column: Tensor) -> list[Tensor]:
        """Return sums (cell, channel), for each kernel, of values (n, channel, column) around chosen cells."""
        used, issue = issue.unique(return_inverse=True)
        if len(issue) <= _FEW * len(used) * values.shape[2]:
            found = sums_at(self.tables, *(each.cpu().numpy() for each in (values[used], issue, column)))
            return [torch.from_numpy(each).to(values.device) for each in found]
        return [each[issue, :, column] for each in self.everywhere(values[used])]

    def everywhere(self, values: Tensor) -> list[Tensor]:
        """Return sums (n, channel, column), for each kernel, around all cells."""
        # Rates in double precision, so that their logarithms are right where next to nothing is expected.
        parts = (self._on_map(values[:, :-RATES]), self._on_map(values[:, -RATES:].double()))
        return [
            torch.cat([self._from_map(kernel.smoothed(part), len(values)) for part in parts], dim=1)
            for kernel in self.kernels
        ]

    def _on_map(self, values: Tensor) -> Tensor:
        on_map = values.new_zeros(self.map_shape[0] * self.map_shape[1], values.shape[0] * values.shape[1])
        on_map[self.cells] = values.flatten(0, 1).T
        return on_map.view(*self.map_shape, -1)

    def _from_map(self, on_map: Tensor, n: int) -> Tensor:
        return on_map.flatten(0, 1)[self.cells].T.float().view(n, -1, len(self.cells))


@dataclass(frozen=True, eq=False)
class BoxesAround:
    """Sums over boxes of `BOXES` cells on a side."""

    cells: Tensor  # (column,): place of each column on the map (latitude, longitude)
    map_shape: tuple[int, int]
    wraps: bool
    log_area: Tensor  # zeros: rates are those of whole cells

    def at(self, values: Tensor, issue: Tensor, column: Tensor) -> list[Tensor]:
        """Return sums (cell, channel), for each box, of values (n, channel, column) around chosen cells."""
        n_lat, n_lon = self.map_shape
        on_map = values.new_zeros(*values.shape[:2], n_lat * n_lon)
        on_map[..., self.cells] = values
        sums = boxed(on_map.unflatten(-1, (n_lat, n_lon)), BOXES, self.wraps)
        return [each.flatten(2)[issue, :, self.cells[column]] for each in sums]


def kernels_around(
    grid: Grid, widths_km: tuple[float, ...], device: torch.device | str = "cpu"
) -> KernelsAround:
    """Return the sums under kernels of so many km on a grid."""
    row, column = np.nonzero(grid.mask)
    cells = torch.as_tensor(column * grid.shape[1] + row, device=device)
    kernels = tuple(make_kernel(grid, width).to(torch.device(device)) for width in widths_km)
    log_area = torch.as_tensor(np.log(grid.area_km2[grid.mask] / 100), dtype=torch.float32, device=device)
    return KernelsAround(grid, kernels, cells, (grid.shape[2], grid.shape[1]), log_area)


def boxes_around(grid: Grid, device: torch.device | str = "cpu") -> BoxesAround:
    """Return the sums over boxes of cells on a grid."""
    cells = torch.as_tensor(np.flatnonzero(grid.mask), device=device)
    return BoxesAround(
        cells, (grid.shape[1], grid.shape[2]), grid.wraps, torch.zeros(len(cells), device=device)
    )
