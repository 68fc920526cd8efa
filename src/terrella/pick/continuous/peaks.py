"""Picks from curves of probability."""

import numpy as np
import numpy.typing as npt

FWHM = 2 * np.sqrt(2 * np.log(2))  # of a Gaussian, in standard deviations

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def peaks(curve: npt.NDArray[np.float32], threshold: float) -> tuple[Indices, Indices, Numbers]:
    """Return start, largest sample and width of each run of a curve above half a threshold that reaches it.

    The width is that between the crossings of half the largest value around it, in samples, within the run.
    """
    high = np.concatenate(([False], curve >= threshold / 2, [False]))
    changes = np.flatnonzero(high[1:] != high[:-1])
    starts, ends = changes[::2], changes[1::2]
    reached = np.array([curve[a:b].max() >= threshold for a, b in zip(starts, ends, strict=True)], bool)
    starts, ends = starts[reached], ends[reached]
    tops = np.array([a + np.argmax(curve[a:b]) for a, b in zip(starts, ends, strict=True)], np.int64)
    return starts, tops, np.array([_width(curve, top) for top in tops], np.float64)


def separated(time_s: Numbers, probability: Numbers, separation_s: float) -> npt.NDArray[np.bool_]:
    """Return which picks, in order of time, stay where none may lie nearer to a likelier one that stays."""
    stay = np.ones(len(time_s), bool)
    for k in np.argsort(-probability, kind="stable"):
        if stay[k]:
            low, high = np.searchsorted(time_s, (time_s[k] - separation_s, time_s[k] + separation_s))
            near = np.arange(low, high)
            stay[near[near != k]] = False
    return stay


def _width(curve: npt.NDArray[np.float32], top: int) -> float:
    half = curve[top] / 2
    return _crossing(curve[top:], half) + _crossing(curve[top::-1], half)


def _crossing(curve: npt.NDArray[np.float32], level: float) -> float:
    """Return how far from its first sample a curve falls below a level, between samples by a straight line."""
    below = curve < level
    k = int(below.argmax())
    if not below[k]:
        return float(len(curve) - 1)
    return float(k - 1 + (curve[k - 1] - level) / (curve[k - 1] - curve[k]))
