"""Windows of a grid with something taken away, the classical surface in its place, and the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from terrella.surface.grids.grid import Floats
from terrella.surface.interpolation.bicubic import bicubic_with_means, block_means
from terrella.surface.interpolation.gaps import RING, square_gap, square_weights

REFINE, FILL = "refine", "fill"
BROAD, FINE = 8.0, 4.0  # pixels: deviations of the Gaussians that part shape, roughness and trend
TRUNCATE = 2.0  # deviations at which these Gaussians end
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows (window, row, column): a classical surface, where it is not the truth, and the truth.

    Parameters
    ----------
    base : array
        What a spline or a thin plate makes of what is known.
    unknown : array of bool
        Where that stands for unknown values: everywhere, where block means alone are known.
    refined : array of bool (window,)
        Whether block means are known; else a gap is to be filled.
    """

    base: Floats
    unknown: Mask
    truth: Floats
    refined: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.base)


def window_pixels(factor: int, gap: int) -> int:
    """Return the width of a window: room about a gap, whole blocks, and a multiple of what the U-Net halves to."""
    multiple = int(np.lcm(factor, 4))
    return -(-max(5 * gap // 2, gap + 2 * RING + 8, 10 * factor) // multiple) * multiple


def coarsened(truth: Floats, factor: int) -> Windows:
    """Return windows of whose blocks the means alone are known."""
    base = bicubic_with_means(block_means(truth, factor), factor)
    number = len(truth)
    return Windows(base, np.ones(truth.shape, bool), truth, np.ones(number, bool))


def with_gap(truth: Floats, size: int, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> Windows:
    """Return windows with a square gap, whose first pixels are at rows and columns (window,)."""
    base, unknown = truth.copy(), np.zeros(truth.shape, bool)
    for k in range(len(truth)):
        part = slice(row[k], row[k] + size), slice(column[k], column[k] + size)
        unknown[k][part] = True
        base[k][part] = fill_square(truth[k], size, int(row[k]), int(column[k]))
    return Windows(base, unknown, truth, np.zeros(len(truth), bool))


def fill_square(field: Floats, size: int, row: int, column: int, exponent: float | None = None) -> Floats:
    """Return a square gap's values by a thin plate, or by kriging of a variogram's exponent."""
    ring = field[row - RING : row + size + RING, column - RING : column + size + RING][~square_gap(size)]
    middle = ring.mean()
    return (middle + square_weights(size, exponent) @ (ring - middle)).reshape(size, size)


def joined(parts: Sequence[Windows]) -> Windows:
    """Return windows of all parts."""
    return Windows(
        np.concatenate([each.base for each in parts]), np.concatenate([each.unknown for each in parts]),
        np.concatenate([each.truth for each in parts]), np.concatenate([each.refined for each in parts]),
    )  # fmt: skip


def conditions(windows: Windows) -> tuple[npt.NDArray[np.float32], Floats]:
    """Return what the network sees, (window, 2, row, column), and the roughness its outputs are in units of.

    Shape is the surface less its broad trend, in units of the roughness; the second channel is 1 where values are
    unknown. Both are the same whatever the heights' unit and origin.
    """
    rough = roughness(windows)
    shape = (windows.base - _smooth(windows.base, BROAD)) / rough
    return np.stack([shape, windows.unknown], 1).astype(np.float32), rough


def roughness(windows: Windows) -> Floats:
    """Return the local deviation of what is known from its smooth part."""
    weight = np.where(windows.unknown & ~windows.refined[:, None, None], 1e-3, 1.0)
    detail = windows.base - _smooth(windows.base, FINE)
    square = _smooth(weight * detail**2, BROAD) / _smooth(weight, BROAD)
    return np.sqrt(square) + 1e-6 * np.abs(windows.base).max(axis=(1, 2), keepdims=True) + 1e-30


def _smooth(fields: Floats, deviation: float) -> Floats:
    return ndimage.gaussian_filter(fields, (0, deviation, deviation), mode="nearest", truncate=TRUNCATE)
