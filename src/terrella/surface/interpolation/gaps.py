"""Gaps filled from the pixels around them: thin plates and kriging, both linear in what is known."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.distance import cdist

from terrella.surface.grids.grid import Floats

RING = 4  # pixels around a gap that tell what lies in it
_MOST_KNOWN = 600  # of a ring, above which every second, third … one is taken
Mask = npt.NDArray[np.bool_]
Variogram = Callable[[Floats], Floats]


def thin_plate_weights(known: Floats, wanted: Floats) -> Floats:
    """Return weights (wanted, known) of the thin plate through known places, (place, 2) both (Duchon 1977)."""
    ones, zeros = np.ones((len(known), 1)), np.zeros((3, 3))
    middle, reach = known.mean(0), max(float(np.ptp(known)), 1.0)
    known, wanted = (known - middle) / reach, (wanted - middle) / reach
    drift = np.hstack([ones, known])
    left = np.block([[_bending(cdist(known, known)), drift], [drift.T, zeros]])
    right = np.hstack([_bending(cdist(wanted, known)), np.ones((len(wanted), 1)), wanted])
    return np.asarray(np.linalg.solve(left, right.T)[: len(known)].T)


def kriging_weights(known: Floats, wanted: Floats, variogram: Variogram) -> Floats:
    """Return weights (wanted, known) of ordinary kriging (Matheron 1963)."""
    number = len(known)
    left = np.ones((number + 1, number + 1))
    left[:number, :number], left[number, number] = variogram(cdist(known, known)), 0.0
    right = np.ones((number + 1, len(wanted)))
    right[:number] = variogram(cdist(known, wanted))
    return np.asarray(np.linalg.solve(left, right)[:number].T)


def power_exponent(values: Floats, farthest: int = 16) -> float:
    """Return the exponent of a power-law variogram h^a fitted to pixels along rows and columns; 0 < a < 2."""
    lags = np.unique(np.geomspace(1, min(farthest, min(values.shape) - 1), 8).astype(int))
    squares = [
        (np.nanmean((values[h:] - values[:-h]) ** 2) + np.nanmean((values[:, h:] - values[:, :-h]) ** 2)) / 2
        for h in lags
    ]  # fmt: skip
    slope = np.polyfit(np.log(lags), np.log(np.maximum(squares, 1e-30)), 1)[0]
    return float(np.clip(slope, 0.1, 1.9))


@lru_cache(maxsize=32)
def square_weights(size: int, exponent: float | None = None) -> Floats:
    """Return weights of a square gap's ring, (gap pixel, ring pixel): a thin plate's, or of kriging."""
    gap = square_gap(size)
    known, wanted = np.argwhere(~gap).astype(float), np.argwhere(gap).astype(float)
    if exponent is None:
        return thin_plate_weights(known, wanted)
    return kriging_weights(known, wanted, lambda h: h**exponent)


def square_gap(size: int) -> Mask:
    """Return a square gap with its ring, True in the gap."""
    gap = np.zeros((size + 2 * RING,) * 2, bool)
    gap[RING:-RING, RING:-RING] = True
    return gap


def fill_gap(values: Floats, gap: Mask, known: Mask) -> Floats:
    """Return a thin plate's values in one gap, in the order of its pixels, from the known ones nearest to it."""
    places, weights = plate_of(gap, known)
    heights = values[tuple(places.T)].astype(float)
    middle = heights.mean() if len(heights) else np.nan
    return np.asarray(middle + weights @ (heights - middle))


def plate_of(gap: Mask, known: Mask) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the places (known, 2) that tell what lies in a gap, and a thin plate's weights (gap pixel, known).

    Weights are of what is more or less than the mean; where no plane goes through the places they are zero.
    """
    places = np.argwhere(known & ndimage.binary_dilation(gap, np.ones((3, 3), bool), iterations=RING))
    places = places[:: max(-(-len(places) // _MOST_KNOWN), 1)]
    wanted = np.argwhere(gap).astype(float)
    if len(places) < 3 or np.linalg.matrix_rank(np.hstack([places, np.ones((len(places), 1))])) < 3:
        return places, np.zeros((len(wanted), len(places)))
    return places, thin_plate_weights(places.astype(float), wanted)


def _bending(distance: Floats) -> Floats:
    """Return r² log r."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(distance > 0, distance**2 * np.log(distance), 0.0))
