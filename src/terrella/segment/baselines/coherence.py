"""How little neighbouring traces resemble each other along the dip that aligns them best: a sign of faults."""

import numba
import numpy as np
import numpy.typing as npt
import scipy.signal

from terrella.errors import InputError

Samples = npt.NDArray[np.floating]
Scores = npt.NDArray[np.float32]

ASIDE = {2: 2, 3: 1}  # traces on either side, along each axis, of images and of volumes
AROUND = 5  # samples above and below
STEEPEST = 1.5  # samples per trace
DIPS = 7  # along each axis


def discontinuity(
    samples: Samples,
    aside: int | None = None,
    around: int = AROUND,
    steepest: float = STEEPEST,
    dips: int = DIPS,
) -> Scores:
    """Return 1 minus coherence of an image (trace, sample) or a volume (inline, crossline, sample), in 0 to 1.

    Coherence is the semblance of analytic traces in a window around each sample, the largest over dips (Marfurt et
    al. 1998, eq. 4): `dips` of them along each axis, up to `steepest` samples per trace. It is 1, and the score 0,
    where all is silent.

    Parameters
    ----------
    samples : array (trace, sample) or (inline, crossline, sample)
        In any unit.
    aside : int, optional
        Traces of the window on either side, by default 2 in an image and 1 in a volume.
    around : int
        Samples of the window above and below.
    steepest : float
        Dip, in samples per trace.
    dips : int
        How many are tried along each axis.

    Returns
    -------
    array of float32, like samples
        Between 0 and 1.

    Raises
    ------
    InputError
        Where samples have neither two nor three axes.
    """
    if samples.ndim not in (2, 3):
        raise InputError(f"samples of shape {samples.shape}; expected an image or a volume")
    aside = ASIDE[samples.ndim] if aside is None else aside
    volume = np.ascontiguousarray(samples.reshape((-1, *samples.shape[-2:])), np.float32)
    quadrature = np.ascontiguousarray(np.imag(scipy.signal.hilbert(volume, axis=-1)), np.float32)
    along = np.linspace(-steepest, steepest, dips)
    across = along if len(volume) > 1 else np.zeros(1)
    coherence = np.zeros(volume.shape, np.float32)
    _coherence(volume, quadrature, across, along, aside, around, coherence)
    return (1 - coherence).reshape(samples.shape)


@numba.njit(cache=True)
def _coherence(
    real: Scores, imaginary: Scores, across: npt.NDArray[np.float64], along: npt.NDArray[np.float64],
    aside: int, around: int, out: Scores,
) -> None:  # fmt: skip
    lines, traces, length = real.shape
    above, below = np.empty(length), np.empty(length)
    sum_real, sum_imaginary = np.empty(length), np.empty(length)
    for line in range(lines):
        for trace in range(traces):
            first, end = max(line - aside, 0), min(line + aside + 1, lines)
            left, right = max(trace - aside, 0), min(trace + aside + 1, traces)
            for one in across:
                for other in along:
                    sum_real[:] = 0.0
                    sum_imaginary[:] = 0.0
                    below[:] = 0.0
                    for k in range(first, end):
                        for m in range(left, right):
                            shift = one * (k - line) + other * (m - trace)
                            _add(real[k, m], shift, sum_real, below)
                            _add(imaginary[k, m], shift, sum_imaginary, below)
                    for i in range(length):
                        above[i] = sum_real[i] ** 2 + sum_imaginary[i] ** 2
                    number = (end - first) * (right - left)
                    _keep_larger(above, below, number, around, out[line, trace])


@numba.njit(cache=True)
def _add(row: Scores, shift: float, total: npt.NDArray[np.float64], energy: npt.NDArray[np.float64]) -> None:
    """Add a trace moved by a fraction of samples, and its square; beyond the ends it goes on as it ends."""
    length = len(row)
    whole = int(np.floor(shift))
    share = shift - whole
    for i in range(length):
        low = min(max(i + whole, 0), length - 1)
        high = min(max(i + whole + 1, 0), length - 1)
        value = row[low] * (1 - share) + row[high] * share
        total[i] += value
        energy[i] += value * value


@numba.njit(cache=True)
def _keep_larger(
    above: npt.NDArray[np.float64], below: npt.NDArray[np.float64], number: int, around: int, out: Scores
) -> None:
    length = len(above)
    high, low = 0.0, 0.0
    for i in range(-around, length):
        if i + around < length:
            high += above[i + around]
            low += below[i + around]
        if i - around - 1 >= 0:
            high -= above[i - around - 1]
            low -= below[i - around - 1]
        if i >= 0:
            value = 1.0 if low <= 1e-20 else min(max(high / (number * low), 0.0), 1.0)
            out[i] = max(out[i], np.float32(value))
