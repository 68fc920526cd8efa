"""Sums over a cell's surroundings under smooth kernels of some km, exact on the sphere.

The kernel is exp(−d²/2σ²), d the great-circle distance between cells' centres. Between two rows of cells it depends
on the difference of longitude alone and is even in it, so that along a row cosines and sines diagonalise it: for
each frequency one real matrix between rows remains. High frequencies, which a wide kernel lacks, are left out.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.earth.sphere import EARTH_RADIUS_KM

REACH = 5.0  # widths beyond which nothing is left of a kernel: 4e-6
_LEAST = 1e-7  # amplitude below which a frequency is left out, relative to the largest
_NOTHING = 1e-12  # of the largest entry of a matrix, in single precision
_ROWS = 32  # rows of cells that are made at once: they see only the rows within reach


@dataclass(frozen=True, eq=False)
class _Rows:
    """What some rows are made of: `matrix` (frequency, row, row seen) between them and the rows that they see."""

    rows: slice
    seen: slice
    matrix: Tensor


@dataclass(frozen=True, eq=False)
class Kernel:
    """One kernel on one grid, in double precision.

    Waves are cosines and sines of the same frequencies along a row: `into` (wave, longitude) takes cells to
    amplitudes, `back` (longitude, wave) amplitudes to cells.
    """

    width_km: float
    parts: tuple[_Rows, ...]
    into: Tensor
    back: Tensor

    @cached_property
    def single(self) -> "Kernel":
        """The same in single precision."""
        parts = tuple(_Rows(each.rows, each.seen, _single(each.matrix)) for each in self.parts)
        return Kernel(self.width_km, parts, _single(self.into), _single(self.back))

    def to(self, device: torch.device) -> "Kernel":
        """Return the same on a device."""
        parts = tuple(_Rows(each.rows, each.seen, each.matrix.to(device)) for each in self.parts)
        return Kernel(self.width_km, parts, self.into.to(device), self.back.to(device))

    def smoothed(self, values: Tensor) -> Tensor:
        """Return the sums around each cell of maps (longitude, latitude, n), of the same shape and precision."""
        if values.dtype == torch.float32 and self.into.dtype == torch.float64:
            return self.single.smoothed(values)
        n_lon, n_lat, n = values.shape
        waves = (self.into @ values.reshape(n_lon, -1)).view(-1, n_lat, n)
        cosines = len(self.parts[0].matrix)
        made = torch.empty_like(waves)
        for part in self.parts:
            # A frequency's sine, which the first has not, shares the matrix of its cosine.
            made[:cosines, part.rows] = part.matrix @ waves[:cosines, part.seen]
            made[cosines:, part.rows] = part.matrix[1:] @ waves[cosines:, part.seen]
        return (self.back @ made.view(len(made), -1)).view(n_lon, n_lat, n).clamp(min=0)


def _single(matrix: Tensor) -> Tensor:
    """Return a matrix in single precision, without what is less than its rounding by far.

    Products with that fall below the normal numbers, on which processors take many times as long.
    """
    return torch.where(matrix.abs() < _NOTHING * matrix.abs().max(), 0.0, matrix).float()


def make_kernel(grid: Grid, width_km: float) -> Kernel:
    """Return the kernel of a width σ in km on a grid; beyond its edges nothing is, but where it wraps."""
    latitudes, n_lon = np.radians(grid.latitudes), grid.shape[2]
    step = np.radians(grid.longitude_edges[1] - grid.longitude_edges[0])
    length = n_lon if grid.wraps else n_lon + reach_of(latitudes, step, width_km, n_lon)
    apart = step * np.arange(length // 2 + 1)
    there = np.minimum(np.arange(length), length - np.arange(length))  # both sides are alike
    parts, largest = [], np.zeros(length // 2 + 1)
    for first in range(0, len(latitudes), _ROWS):
        rows = slice(first, min(first + _ROWS, len(latitudes)))
        own = latitudes[rows]
        near = np.abs(latitudes - np.clip(latitudes, own[0], own[-1])) * EARTH_RADIUS_KM
        inside = np.flatnonzero(near <= REACH * width_km)
        seen = slice(int(inside[0]), int(inside[-1]) + 1)
        kernel = between(own[:, None, None], latitudes[seen][None, :, None], apart, width_km)
        spectrum = np.fft.rfft(kernel[..., there]).real.transpose(2, 0, 1)
        largest = np.maximum(largest, np.abs(spectrum).max((1, 2)))
        parts.append(_Rows(rows, seen, torch.from_numpy(np.ascontiguousarray(spectrum))))
    count = int(np.flatnonzero(largest > _LEAST * largest[0])[-1]) + 1
    parts = [_Rows(each.rows, each.seen, each.matrix[:count].contiguous()) for each in parts]
    into, back = _waves(n_lon, length, count)
    return Kernel(width_km, tuple(parts), into, back)


def between(latitude: np.ndarray, other: np.ndarray, apart: np.ndarray, width_km: float) -> np.ndarray:
    """Return the kernel between latitudes and so far apart in longitude, all in radians."""
    half = np.sin((latitude - other) / 2) ** 2 + np.cos(latitude) * np.cos(other) * np.sin(apart / 2) ** 2
    distance_km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return np.exp(-0.5 * (distance_km / width_km) ** 2)


def reach_of(latitudes: np.ndarray, step: float, width_km: float, n_lon: int) -> int:
    """Return how many cells away from a cell's own longitude something of its kernel is left."""
    angle = REACH * width_km / EARTH_RADIUS_KM
    least = np.cos(np.abs(latitudes).max())
    if np.sin(min(angle, np.pi) / 2) >= least:
        return n_lon
    return min(n_lon, int(np.ceil(2 * np.arcsin(np.sin(angle / 2) / least) / step)))


def _waves(n_lon: int, length: int, count: int) -> tuple[Tensor, Tensor]:
    phase = 2 * np.pi / length * np.arange(count)[:, None] * np.arange(n_lon)
    weight = np.full((count, 1), 2 / length)
    weight[0] = 1 / length
    if 2 * (count - 1) == length:
        weight[-1] = 1 / length
    waves = np.concatenate([np.cos(phase), np.sin(phase[1:])])
    back = waves * np.concatenate([weight, weight[1:]])
    return torch.from_numpy(waves), torch.from_numpy(np.ascontiguousarray(back.T))
