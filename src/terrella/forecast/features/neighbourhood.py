"""The cells around a cell: padding and sums over boxes, on regions and all around the globe."""

import torch
from torch import Tensor
from torch.nn import functional

from terrella.errors import InputError


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


def _check_odd(size: int) -> None:
    if size < 1 or size % 2 == 0:
        raise InputError(f"a box around a cell has an odd number of cells on each side; got {size}")
