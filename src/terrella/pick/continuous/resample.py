"""Samples at other rates, moved to a grid that is the same for all records: polyphase, with any offset in time."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

_ZEROS = 16  # crossings of the sinc on each side
_PASSED = 0.92  # of the lower Nyquist frequency, in the middle of the filter's fall
_BETA = 8.0  # of Kaiser's window: 80 dB
_CHUNK = (
    2000  # samples of the result whose position is computed anew; multiples of it, so that nothing depends on
)
# where a record begins
_FINE = 1024  # parts of a sample to which positions are rounded
_MOST_PHASES = 200
_AT_ONCE = 2**15  # samples of the result at a rate without a simple ratio

Numbers = npt.NDArray[np.floating[Any]]


def rate_ratio(to_over_from: float) -> Fraction | None:
    """Return new over old rate as a ratio of small numbers, true to 0.02 samples over a chunk; None without one."""
    ratio = Fraction(to_over_from).limit_denominator(_MOST_PHASES)
    if ratio <= 0 or ratio.numerator > _MOST_PHASES:
        return None
    drift = abs(float(ratio) / to_over_from - 1) * _CHUNK
    return ratio if drift <= 0.02 else None


def margin(to_over_from: float) -> int:
    """Return the samples of the record on each side that a sample of the result depends on."""
    return int(np.ceil(_ZEROS / _PASSED * max(1.0, 1 / to_over_from))) + 1


def resampled(samples: Numbers, origin: float, per_sample: float, first: int, end: int) -> Numbers:
    """Return the samples `first` to `end` of the grid, (grid sample,), band-limited.

    Grid sample g lies at position (g - origin) * per_sample of `samples`; the record is taken to go on with its
    first and last values beyond its ends.
    """
    ratio = rate_ratio(1 / per_sample)
    if ratio is None:
        return _one_by_one(samples, origin, per_sample, first, end)
    return _by_phases(samples, origin, per_sample, ratio, first, end)


def _by_phases(
    samples: Numbers, origin: float, per_sample: float, ratio: Fraction, first: int, end: int
) -> Numbers:
    out = np.empty(end - first, samples.dtype)
    reach = margin(float(ratio))
    at = first
    while at < end:
        chunk_first = at // _CHUNK * _CHUNK
        stop = min(end, chunk_first + _CHUNK)
        # Whole periods of the phases, from the chunk's own beginning.
        up, down = ratio.numerator, ratio.denominator
        periods = -(-(stop - chunk_first) // up)
        position = (chunk_first - origin) * per_sample
        whole = int(np.floor(position))
        kernel = _kernel(up, down, round((position - whole) * _FINE), reach)
        low = whole - reach
        needed = (periods - 1) * down + len(kernel)
        index = np.clip(np.arange(low, low + needed), 0, len(samples) - 1)
        rows = sliding_window_view(samples[index], len(kernel))[::down]
        values = (rows @ kernel).reshape(-1)
        out[at - first : stop - first] = values[at - chunk_first : stop - chunk_first]
        at = stop
    return out


def _one_by_one(samples: Numbers, origin: float, per_sample: float, first: int, end: int) -> Numbers:
    """Return what `resampled` does at any ratio, each sample with the weights of its own position."""
    reach = margin(1 / per_sample)
    table = _table(min(1.0, 1 / per_sample), reach)
    out = np.empty(end - first, samples.dtype)
    for begin in range(first, end, _AT_ONCE):
        stop = min(begin + _AT_ONCE, end)
        parts = np.rint((np.arange(begin, stop) - origin) * per_sample * _FINE).astype(np.int64)
        whole, fine = np.divmod(parts, _FINE)
        index = np.clip(whole[:, None] + np.arange(-reach, reach + 2), 0, len(samples) - 1)
        out[begin - first : stop - first] = np.einsum("gk,gk->g", samples[index], table[fine])
    return out


@lru_cache(8)
def _table(scale: float, reach: int) -> npt.NDArray[np.float32]:
    """Return weights (position in parts of a sample, sample)."""
    return np.ascontiguousarray(_weights(np.arange(_FINE) / _FINE, scale, 2 * reach + 2, reach).T)


@lru_cache(64)
def _kernel(up: int, down: int, fine: int, reach: int) -> npt.NDArray[np.float32]:
    """Return weights (sample, phase): phase r of a period lies fine/_FINE + r * down/up after sample `reach`."""
    positions = fine / _FINE + np.arange(up) * (down / up)
    return _weights(positions, min(1.0, up / down), 2 * reach + 1 + int(np.ceil(positions[-1])), reach)


def _weights(positions: Numbers, scale: float, taps: int, reach: int) -> npt.NDArray[np.float32]:
    """Return weights (sample, position) of positions after sample `reach`; `scale` is new over old rate, or 1."""
    cut = _PASSED * scale
    away = np.arange(taps)[:, None] - reach - positions
    inside = np.clip(1 - (away * cut / _ZEROS) ** 2, 0, 1)
    weights = cut * np.sinc(away * cut) * np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA) * (inside > 0)
    return np.asarray(weights / weights.sum(0), np.float32)
