"""`Architecture.prepared` for windows on a CPU: in place, each in one go while it is in the cache."""

import numba
import numpy as np

from terrella.pick.feed.buffers import Waves
from terrella.pick.networks.architecture import ROUNDING, Architecture

_ANY_ORDER = {"reassoc", "nsz", "nnan", "contract"}  # of sums and maxima, so that they are vectorised

Preparation = tuple[bool, bool, Waves, float]


def prepare(windows: Waves, architecture: Architecture) -> None:
    """Remove the means of windows (window, component, sample), normalise and taper them, in place."""
    _prepare(windows, *preparation(architecture))


def preparation(architecture: Architecture) -> Preparation:
    """Return what `prepare_window` is told of an architecture."""
    rise = (1 - np.cos(np.pi * np.linspace(0, 1, architecture.taper))) / 2
    return architecture.normalise == "peak", architecture.normalise_each, rise.astype(np.float32), ROUNDING


@numba.njit(cache=True, parallel=True, fastmath=_ANY_ORDER)
def _prepare(windows, by_peak, each, rise, rounding):
    for i in numba.prange(len(windows)):
        prepare_window(windows[i], by_peak, each, rise, rounding)


@numba.njit(cache=True, fastmath=_ANY_ORDER)
def prepare_window(window, by_peak, each, rise, rounding):
    """Prepare one window (component, sample) in place."""
    components, samples = window.shape
    means, scales = np.empty(components, np.float32), np.zeros(components, np.float64)
    for k in range(components):
        row = window[k]
        total, lowest, highest = 0.0, row[0], row[0]
        for j in range(samples):
            total += row[j]
            lowest = min(lowest, row[j])
            highest = max(highest, row[j])
        means[k] = total / samples
        peak = max(highest - means[k], means[k] - lowest)
        if peak <= rounding * max(abs(lowest), abs(highest)):
            scales[k] = -1  # dead
        else:
            scales[k] = peak if by_peak else _squares(row, means[k])
    shared = scales.max() if by_peak else np.maximum(scales, 0).sum()
    for k in range(components):
        row, mean = window[k], means[k]
        scale = scales[k] if each else shared
        if not by_peak:
            scale = np.sqrt(scale / ((samples if each else samples * components) - 1))
        factor = np.float32(1 / scale) if scales[k] >= 0 and scale > 0 else np.float32(0)
        for j in range(samples):
            row[j] = (row[j] - mean) * factor
        for j in range(len(rise)):
            row[j] *= rise[j]
            row[samples - 1 - j] *= rise[j]


@numba.njit(cache=True, inline="always", fastmath=_ANY_ORDER)
def _squares(row, mean):
    """Return the sum of squares about the mean."""
    total = 0.0
    for j in range(len(row)):
        total += np.float64(row[j] - mean) ** 2
    return total
