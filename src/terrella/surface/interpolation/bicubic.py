"""Bicubic refinement of block means, with and without the means enforced."""

from functools import lru_cache

import numpy as np
from scipy import ndimage

from terrella.surface.grids.grid import Floats


def block_means(values: Floats, factor: int) -> Floats:
    """Return means of square blocks of fields (…, row, column) whose sides are multiples of the factor."""
    *lead, rows, columns = values.shape
    return np.asarray(
        values.reshape(*lead, rows // factor, factor, columns // factor, factor).mean(axis=(-3, -1))
    )


def bicubic(means: Floats, factor: int) -> Floats:
    """Return cubic B-splines through block means (…, row, column), as at the blocks' centres."""
    rows, columns = (_spline(n, factor) for n in means.shape[-2:])
    return np.asarray(rows @ means @ columns.T)


def bicubic_with_means(means: Floats, factor: int) -> Floats:
    """Return the bicubic spline whose own block means are those given (…, row, column), exactly.

    Spline coefficients are such that what the blocks average agrees with them: a histospline along each axis
    (Boneva, Kendall & Stefanov 1971), and their tensor product.
    """
    rows, columns = (histospline(n, factor) for n in means.shape[-2:])
    return np.asarray(rows @ means @ columns.T)


@lru_cache(maxsize=64)
def _spline(number: int, factor: int) -> Floats:
    """Return the spline along one axis as a matrix (fine, coarse)."""
    made = ndimage.zoom(np.eye(number), (factor, 1), order=3, mode="nearest", grid_mode=True)
    return np.asarray(made, float)


@lru_cache(maxsize=64)
def histospline(number: int, factor: int) -> Floats:
    """Return the spline that keeps block means along one axis as a matrix (fine, coarse)."""
    spline = _spline(number, factor)
    averaged = spline.reshape(number, factor, number).mean(axis=1)
    return np.asarray(np.linalg.solve(averaged.T, spline.T).T)
