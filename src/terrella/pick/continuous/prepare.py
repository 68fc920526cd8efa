"""Preparing windows in place, without compiled code: loading it takes longer than picking an hour."""

import numpy as np
import numpy.typing as npt

from terrella.pick.networks.architecture import ROUNDING, Architecture


def prepare(windows: npt.NDArray[np.float32], architecture: Architecture) -> None:
    """Remove the means of windows (window, component, sample), normalise and taper them, as `prepared` does."""
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
    windows *= 1 / (scale + np.float32(1e-10))
    if architecture.taper:
        rise = (1 - np.cos(np.pi * np.linspace(0, 1, architecture.taper))) / 2
        windows[..., : architecture.taper] *= rise.astype(np.float32)
        windows[..., -architecture.taper :] *= rise[::-1].astype(np.float32)
