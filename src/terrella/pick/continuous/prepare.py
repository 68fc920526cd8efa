"""Preparing windows in place, without compiled code: loading it takes longer than picking an hour."""

from typing import cast

import numpy as np
import numpy.typing as npt

from terrella.pick.continuous.resample import Numbers
from terrella.pick.networks.architecture import ROUNDING, Architecture

Floats = npt.NDArray[np.float32]
_ROUNDING = 1e-13  # as ROUNDING, in double precision


def prepared(windows: Numbers, architecture: Architecture) -> Floats:
    """Return windows (window, component, sample) as `Architecture.prepared` does; they may be changed."""
    windows = without_mean(windows)
    _prepare(windows, architecture)
    return windows


def without_mean(samples: Numbers) -> Floats:
    """Return double precision without its means (..., sample) as single; single precision stays as it is."""
    if samples.dtype == np.float32:
        return cast(Floats, samples)
    mean = samples.mean(-1, keepdims=True)
    samples = samples - mean
    largest = np.maximum(samples.max(-1, keepdims=True), -samples.min(-1, keepdims=True))
    samples *= largest > _ROUNDING * np.abs(mean)
    return samples.astype(np.float32)


def _prepare(windows: Floats, architecture: Architecture) -> None:
    mean = windows.mean(-1, keepdims=True, dtype=np.float32)
    windows -= mean
    # The mean of large numbers is not exact in single precision.
    mean += (rest := windows.mean(-1, keepdims=True, dtype=np.float32))
    windows -= rest
    squares = np.einsum("wcs,wcs->wc", windows, windows)[..., None]
    samples = windows.shape[-1]
    # Only where deviations are so small beside the mean can a component be constant but for rounding.
    for w, c, _ in np.argwhere(squares <= (1e-4 * mean) ** 2 * samples):
        row = windows[w, c]
        if np.abs(row).max() <= ROUNDING * np.abs(row + mean[w, c]).max():
            row[:] = 0
            squares[w, c] = 0
    if architecture.normalise == "peak":
        scale = np.maximum(windows.max(-1, keepdims=True), -windows.min(-1, keepdims=True))
        scale = scale if architecture.normalise_each else scale.max(1, keepdims=True)
    elif architecture.normalise_each:
        scale = np.sqrt(squares / (samples - 1))
    else:
        scale = np.sqrt(squares.sum(1, keepdims=True) / (windows.shape[1] * samples - 1))
    windows *= 1 / np.where(scale > 0, scale, np.float32(1))
    if architecture.taper:
        rise = (1 - np.cos(np.pi * np.linspace(0, 1, architecture.taper))) / 2
        windows[..., : architecture.taper] *= rise.astype(np.float32)
        windows[..., -architecture.taper :] *= rise[::-1].astype(np.float32)
