"""Where water would run: the channels of a surface beside the truth's."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter, minimum_filter

from terrella.surface.grids.grid import Floats

_CHANNELS = 0.05  # share of the pixels that counts as channels, those with the largest contributing areas
_STEP = 1e-9  # of the heights' range, from pixel to pixel through a filled hollow
_AROUND = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1) if (down, across) != (0, 0)]
_RING = np.array([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]], bool)
_APART = 3  # a channel is found where one runs among 3 × 3 pixels


def channels_found(surface: Floats, truth: Floats, judged: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return how many of the truth's channel pixels a surface has too, and how many there are, (window,) each.

    Channels are the 5 % of a window's pixels with the largest contributing areas; one that is a pixel off is
    found. `surface`, `truth` and `judged` are (window, row, column); what is not judged is the same in both.
    """
    own, real = _channels(surface), _channels(truth) & judged
    near = maximum_filter(own, size=(1, _APART, _APART))
    return (real & near).sum((1, 2)).astype(float), real.sum((1, 2)).astype(float)


def _channels(fields: Floats) -> npt.NDArray[np.bool_]:
    area = contributing_area(fields)
    least = np.quantile(area, 1 - _CHANNELS, axis=(1, 2), keepdims=True)
    return np.asarray(area > least)


def contributing_area(heights: Floats) -> Floats:
    """Return how many pixels drain through each, itself counted, (window, row, column).

    Hollows are filled to where they overflow, with a slope too small to matter (Planchon & Darboux 2002, eq. 1);
    then each pixel drains down the steepest slope (O'Callaghan & Mark 1984), those at the edge out of the window.
    """
    filled = _filled(np.asarray(heights, float))
    windows, rows, columns = filled.shape
    at = np.arange(filled.size).reshape(filled.shape)
    steepest, into = np.zeros(filled.shape), at.copy()
    here = np.s_[:, 1:-1, 1:-1]
    for down, across in _AROUND:
        there = np.s_[:, 1 + down : rows - 1 + down, 1 + across : columns - 1 + across]
        slope = (filled[here] - filled[there]) / np.hypot(down, across)
        steeper = slope > steepest[here]
        steepest[here] = np.where(steeper, slope, steepest[here])
        into[here] = np.where(steeper, at[there], into[here])
    flows = (into != at).ravel()
    area = np.ones(filled.size)
    for _ in range(filled.size):  # as often as the longest way has pixels
        more = 1 + np.bincount(into.ravel()[flows], area[flows], filled.size).astype(float)
        if np.array_equal(more, area):
            break
        area = more
    return area.reshape(windows, rows, columns)


def _filled(heights: Floats) -> Floats:
    step = _STEP * max(float(np.ptp(heights)), 1e-30)
    water = heights.copy()
    water[:, 1:-1, 1:-1] = np.inf
    while True:
        over = minimum_filter(water, footprint=_RING, mode="nearest") + step
        lower = water.copy()
        lower[:, 1:-1, 1:-1] = np.minimum(water, np.maximum(heights, over))[:, 1:-1, 1:-1]
        if np.array_equal(lower, water):
            return lower
        water = lower
