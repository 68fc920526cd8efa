"""Traces at another sampling rate, with an anti-alias filter and without phase shift."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft

from terrella.errors import InputError

_PASSED = 0.85  # of the lower rate's Nyquist frequency; from there to it the gain falls to nothing
_MARGIN = (
    64  # samples of the lower rate between a trace's end and its beginning, which a Fourier series joins
)


def rate_ratio(rate_hz: float, from_hz: float, longest: int, where: str) -> Fraction:
    """Return new over old rate as a ratio of small whole numbers, true to a tenth of a sample over `longest`.

    Raises:
        InputError: where there is none.
    """
    ratio = Fraction(rate_hz / from_hz).limit_denominator(1000)
    if ratio <= 0 or abs(float(ratio) * from_hz / rate_hz - 1) * max(longest, 1) > 0.1:
        raise InputError(
            f"{where}: {from_hz:g} Hz to {rate_hz:g} Hz is no ratio of small whole numbers; resample the traces "
            "before, or choose another rate"
        )
    return ratio


def resampled(traces: npt.NDArray[np.float32], ratio: Fraction) -> npt.NDArray[np.float32]:
    """Return traces (..., sample) at `ratio` times their rate; sample k stays at its time.

    They are taken to go on, before and after, along the line through their first and last samples: what the filter
    sees beyond the ends is no step, however large a trace's offset.
    """
    n = traces.shape[-1]
    if ratio == 1 or n == 0:
        return traces
    up, down = ratio.numerator, ratio.denominator
    first, last = traces[..., :1], traces[..., -1:]
    slope = (last - first) / np.float32(max(n - 1, 1))
    flat = traces - (first + slope * np.arange(n, dtype=np.float32))
    margin = -(-_MARGIN * max(up, down) // up)
    blocks = next_fast_len(-(-(n + margin) // down), real=True)
    spectrum = rfft(flat, blocks * down, axis=-1)[..., : blocks * up // 2 + 1]
    spectrum *= _gain(np.arange(spectrum.shape[-1]) / (blocks * min(up, down) / 2)) * np.float32(up / down)
    out = irfft(spectrum, blocks * up, axis=-1)[..., : -(-n * up // down)]
    at = np.arange(out.shape[-1], dtype=np.float64) * (down / up)
    return np.asarray(out + (first + slope * at.astype(np.float32)), np.float32)


def _gain(frequency: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the filter's gain at frequencies in units of the lower Nyquist frequency: 1, half a cosine, 0."""
    fall = np.clip((frequency - _PASSED) / (1 - _PASSED), 0, 1)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * fall), np.float32)
