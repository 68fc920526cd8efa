"""Noise levels that samples are divided by, so that a network sees all sections alike.

Training and prediction share this file: what a network learned on, it is given. Of a section that is read in
pieces, `section_scales` is found once, and each piece takes its traces' part of it.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Scale = Literal["trace", "section", "none"]
Read = Callable[..., Floats]  # one slice per axis in, samples out

_TRACES_AT_ONCE = 256
_OF_SECTION = 1024  # traces that tell the noise level of a whole section
# The median of |x| of Gaussian noise is this part of its standard deviation.
_MEDIAN_OF_NORMAL = 0.6745


def trace_scales(samples: Floats) -> Floats:
    """Return each trace's noise level (…,) of samples (…, sample): its median absolute value, made a σ.

    Arrivals are short, so that they hardly change it. A dead trace has the level 1.
    """
    level = np.median(np.abs(samples), axis=-1) / _MEDIAN_OF_NORMAL
    # A trace that is zero for more than half of its length is known by what is left of it.
    rest = np.sqrt(np.mean(np.square(samples, dtype=np.float64), axis=-1))
    level = np.where(level > 0, level, rest)
    return np.where(level > 0, level, 1.0).astype(np.float32)


def section_scales(read: Read, shape: tuple[int, ...], scale: Scale) -> Floats:
    """Return the noise level of every trace, shape without its last axis, reading a few traces at once.

    For "section" it is the same for all: the median of the live traces' levels, of at most 1,024 traces.
    """
    traces = shape[:-1]
    if scale == "none":
        return np.ones(traces, np.float32)
    if scale == "section":
        return np.full(traces, _common_level(read, traces), np.float32)
    found = np.empty(traces, np.float32)
    first, rest = traces[0], tuple(slice(None) for _ in shape[1:])
    at_once = max(1, _TRACES_AT_ONCE // int(np.prod(traces[1:], dtype=int)))
    for begin in range(0, first, at_once):
        part = slice(begin, min(begin + at_once, first))
        found[part] = trace_scales(read(part, *rest))
    return found


def normalised(samples: Floats, scales: Floats) -> Floats:
    """Return what a network takes: samples (…, sample) over the noise levels (…,), large ones compressed.

    asinh is linear up to a few noise levels and logarithmic beyond, so that strong arrivals stay in range.
    """
    return np.asarray(np.arcsinh(samples / scales[..., None]), np.float32)


def _common_level(read: Read, traces: tuple[int, ...]) -> float:
    """Return the median level of traces spread evenly over the first axis."""
    each = max(1, _OF_SECTION // int(np.prod(traces[1:], dtype=int)))
    chosen = np.unique(np.linspace(0, traces[0] - 1, min(each, traces[0])).astype(int))
    rest = tuple(slice(None) for _ in traces)
    levels = []
    for at in chosen.tolist():
        samples = read(slice(at, at + 1), *rest)
        levels.append(trace_scales(samples)[samples.any(axis=-1)])
    live = np.concatenate(levels)
    return float(np.median(live)) if len(live) else 1.0
