"""Sums under a smooth kernel around a few cells: place by place, where a whole map would be wasted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid, Ints
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.forecast.features.kernels import REACH, between, reach_of

Singles = npt.NDArray[np.float32]

_VECTOR = 16  # numbers that a processor takes at once, at most


@dataclass(frozen=True, eq=False)
class KernelTable:
    """The kernel between rows of a grid, by how many cells apart in longitude."""

    weight: Singles  # (row, row seen, cells apart)
    first: Ints  # (row,): the first row seen
    reach: Ints  # (row, row seen): cells apart until which anything is left, −1 beyond the grid
    column_of: Ints  # (row, longitude): index among the columns of the mask, or −1
    row: Ints  # (column,)
    place: Ints  # (column,) in longitude
    wraps: bool


def make_kernel_table(grid: Grid, width_km: float) -> KernelTable:
    """Return the table of a kernel's width σ in km on a grid."""
    latitudes, n_lon = np.radians(grid.latitudes), grid.shape[2]
    step = np.radians(grid.longitude_edges[1] - grid.longitude_edges[0])
    most = n_lon // 2 if grid.wraps else n_lon - 1
    apart = step * np.arange(min(reach_of(latitudes, step, width_km, n_lon), most) + 1)
    n_lat, gap = len(latitudes), latitudes[1] - latitudes[0] if len(latitudes) > 1 else np.pi
    rows = min(int(REACH * width_km / EARTH_RADIUS_KM / gap) + 1, n_lat - 1)
    seen = np.arange(n_lat)[:, None] + np.arange(-rows, rows + 1)
    inside = (seen >= 0) & (seen < n_lat)
    other = latitudes[np.clip(seen, 0, n_lat - 1)]
    weight = between(latitudes[:, None, None], other[..., None], apart, width_km).astype(np.float32)
    left = weight >= np.exp(-0.5 * REACH**2)
    column_of = np.full(grid.mask.shape, -1)
    column_of[grid.mask] = np.arange(grid.mask.sum())
    row, place = np.nonzero(grid.mask)
    return KernelTable(
        weight=weight,
        first=seen[:, 0],
        # The kernel falls with the distance: what is left lies nearest.
        reach=np.where(inside, left.sum(-1) - 1, -1),
        column_of=column_of,
        row=row,
        place=place,
        wraps=grid.wraps,
    )


def sums_at(tables: Sequence[KernelTable], values: Singles, issue: Ints, column: Ints) -> list[Singles]:
    """Return sums (cell, channel), by each kernel, of values (n, channel, column) around cells (cell,)."""
    n, channels, columns = values.shape
    # Channels side by side, and as many as whole vectors hold: three times as fast.
    beside = np.zeros((n, columns, -(-channels // _VECTOR) * _VECTOR), np.float32)
    beside[..., :channels] = values.transpose(0, 2, 1)
    return [_sums(table, beside, issue, column)[:, :channels] for table in tables]


def _sums(table: KernelTable, values: Singles, issue: Ints, column: Ints) -> Singles:
    sums = np.zeros((len(issue), values.shape[2]), np.float32)
    _add(
        table.weight, table.first, table.reach, table.column_of, table.wraps,
        values, issue, table.row[column], table.place[column], sums,
    )  # fmt: skip
    return sums


@numba.njit(cache=True, parallel=True)
def _add(weight, first, reach, column_of, wraps, values, issue, row, place, sums):
    n_lon = column_of.shape[1]
    for cell in numba.prange(len(issue)):
        i, total = row[cell], sums[cell]
        for step in range(reach.shape[1]):
            far = reach[i, step]
            if far < 0:
                continue
            j = first[i] + step
            # All around the globe each cell counts once.
            west = min(far, (n_lon - 1) // 2) if wraps else min(far, place[cell])
            east = min(far, n_lon // 2) if wraps else min(far, n_lon - 1 - place[cell])
            for apart in range(-west, east + 1):
                there = place[cell] + apart  # without a division, which would take as long as all else
                there += n_lon if there < 0 else (-n_lon if there >= n_lon else 0)
                at = column_of[j, there]
                if at >= 0:
                    share, seen = weight[i, step, abs(apart)], values[issue[cell], at]
                    for k in range(len(total)):
                        total[k] += share * seen[k]


def kernel_around(table: KernelTable, column: int) -> Singles:
    """Return the weight (column,) of every column in the sum around one."""
    i, n_lon = table.row[column], table.column_of.shape[1]
    step = table.row - table.first[i]
    apart = np.abs(table.place - table.place[column])
    if table.wraps:
        apart = np.minimum(apart, n_lon - apart)
    near = (step >= 0) & (step < table.reach.shape[1])
    near[near] &= apart[near] <= table.reach[i, step[near]]
    weight = np.zeros(len(table.row), np.float32)
    weight[near] = table.weight[i, step[near], apart[near]]
    return weight
