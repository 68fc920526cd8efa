"""Pieces of a store's traces for a whole batch of windows, filtered, as the classical methods take them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from terrella.formats.waveforms.components import COMPONENTS
from terrella.pick.picker import Samples, Windows
from terrella.pick.store import Store

Floats = npt.NDArray[np.float64]

VERTICAL = (COMPONENTS.index("Z"),)
HORIZONTAL = (COMPONENTS.index("N"), COMPONENTS.index("E"))

_BATCH_SAMPLES = 4_000_000  # of float64 at once: bounded memory for any number of windows
_HIGHEST = 0.98  # of half the sampling rate


def batches(windows: Windows, length_each: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield indices of windows of one length, so few at once that `length_each` samples each fit in memory."""
    lengths = windows.end - windows.start
    at_once = max(1, _BATCH_SAMPLES // max(length_each, 1))
    for length in np.unique(lengths):
        of = np.flatnonzero(lengths == length)
        for first in range(0, len(of), at_once):
            yield of[first : first + at_once]


def cut(
    store: Store, trace: Samples, start: Samples, length: int, component: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return samples [start, start + length) of one component, without their mean, and which lie in the trace.

    Both are (window, sample); what lies outside the trace is zero, and so is a component that was not recorded.
    """
    at = start[:, None] + np.arange(length)
    inside = (at >= 0) & (at < store.length[trace][:, None])
    flat = store.offset[trace][:, None] + component * store.length[trace][:, None] + at
    values = np.where(inside, store.samples[np.where(inside, flat, 0)], 0).astype(np.float64)
    mean = values.sum(1) / np.maximum(inside.sum(1), 1)
    return np.where(inside, values - mean[:, None], 0.0), inside


def band_pass(values: npt.NDArray[np.floating], band_hz: tuple[float, float], rate_hz: float) -> Floats:
    """Return values after a causal Butterworth band-pass of second order, (…, sample).

    A band that reaches beyond half the sampling rate ends there.
    """
    nyquist = rate_hz / 2
    high = min(band_hz[1], _HIGHEST * nyquist)
    low = min(band_hz[0], high / 2)
    sections = butter(2, (low, high), "bandpass", fs=rate_hz, output="sos")
    # float64, since float32 cannot tell the poles of a very low band from one.
    made: Floats = sosfilt(sections, values.astype(np.float64, copy=False))
    return made
