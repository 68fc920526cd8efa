"""The cells around a cell: padding, sums over boxes and patches, on regions and all around the globe."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from terrella.earth.grid import Grid
from terrella.errors import InputError

Ints = npt.NDArray[np.int64]


def padded(values: Tensor, around: int, wraps: bool) -> Tensor:
    """Return maps (n, …, latitude, longitude) with `around` more cells on each side.

    New rows are zero, as beyond the poles; new columns are the opposite ones where the grid wraps, else zero.
    """
    if not wraps:
        return functional.pad(values, (around, around, around, around))
    if around > values.shape[-1]:
        raise InputError(f"{values.shape[-1]} columns around the globe cannot be padded by {around}")
    west, east = values[..., values.shape[-1] - around :], values[..., :around]
    return functional.pad(torch.cat([west, values, east], dim=-1), (0, 0, around, around))


def boxed(values: Tensor, sizes: tuple[int, ...], wraps: bool) -> list[Tensor]:
    """Return sums of maps (n, …, latitude, longitude) over boxes of size × size cells around each cell.

    Differences of running sums, in double precision: any size costs the same.

    Raises:
        InputError: where a size is not odd.
    """
    for size in sizes:
        _check_odd(size)
    around = max(sizes) // 2
    running = functional.pad(padded(values.double(), around, wraps).cumsum(-1).cumsum(-2), (1, 0, 1, 0))
    n_lat, n_lon = values.shape[-2:]
    found = []
    for size in sizes:
        low, high = around - size // 2, around + size // 2 + 1
        south, north = running[..., low : low + n_lat, :], running[..., high : high + n_lat, :]
        strip = north - south
        sums = strip[..., high : high + n_lon] - strip[..., low : low + n_lon]
        found.append(sums.clamp(min=0).to(values.dtype))
    return found


def patches(grid: Grid, columns: npt.ArrayLike, size: int) -> Ints:
    """Return the size × size columns around each of (n,) columns of the mask, (n, size²), row by row.

    Columns are indices among the cells of the grid's mask; −1 stands for places outside of it.

    Raises:
        InputError: where the size is not odd.
    """
    _check_odd(size)
    n_lat, n_lon = grid.mask.shape
    inside = np.flatnonzero(grid.mask)
    column_of = np.full(grid.mask.size, -1)
    column_of[inside] = np.arange(len(inside))
    row, column = np.divmod(inside[np.asarray(columns, np.int64)], n_lon)
    offsets = np.arange(-(size // 2), size // 2 + 1)
    rows, places = row[:, None, None] + offsets[:, None], column[:, None, None] + offsets
    known = (rows >= 0) & (rows < n_lat)
    if not grid.wraps:
        known = known & (places >= 0) & (places < n_lon)
    found = column_of[np.where(known, rows * n_lon + places % n_lon, 0)]
    return np.where(known, found, -1).reshape(len(row), size * size)


def rings(sizes: tuple[int, ...]) -> Ints:
    """Return which ring each place of a patch of the largest size lies in, (n²,).

    Ring k holds what lies in the box of the k-th size, in ascending order, and not in the one before: sums over
    rings, added up from the first on, are those over boxes.

    Raises:
        InputError: where the sizes are not odd or do not ascend.
    """
    for size in sizes:
        _check_odd(size)
    if list(sizes) != sorted(set(sizes)):
        raise InputError(f"sizes of boxes must ascend; got {sizes}")
    offsets = np.abs(np.arange(-(sizes[-1] // 2), sizes[-1] // 2 + 1))
    distance = np.maximum(offsets[:, None], offsets)
    return np.searchsorted([size // 2 for size in sizes], distance).ravel()


def _check_odd(size: int) -> None:
    if size < 1 or size % 2 == 0:
        raise InputError(f"a box around a cell has an odd number of cells on each side; got {size}")
