"""Runs of a curve of probability: where they are largest, and how wide they are there."""

import numpy as np
import numpy.typing as npt

FWHM = 2 * np.sqrt(2 * np.log(2))  # of a Gaussian, in standard deviations

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def peaks(curve: npt.NDArray[np.float32], threshold: float) -> tuple[Indices, Numbers]:
    """Return the largest sample of each run of a curve above half a threshold that passes it, and its width.

    The width is that between the crossings of half the largest value around it, in samples, within the run.
    """
    high = np.concatenate([[False], curve > threshold / 2, [False]])
    changes = np.flatnonzero(high[1:] != high[:-1])
    tops, widths = [], []
    for first, end in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True):
        run = curve[first:end]
        top = int(run.argmax())
        if run[top] > threshold:
            tops.append(first + top)
            half = float(run[top]) / 2
            widths.append(_crossing(run[top:], half) + _crossing(run[top::-1], half))
    return np.array(tops, np.int64), np.array(widths, np.float64)


def separated(time_s: Numbers, probability: Numbers, separation_s: float) -> npt.NDArray[np.bool_]:
    """Return which picks, in order of time, stay where none may lie nearer to a likelier one that stays."""
    stay = np.ones(len(time_s), bool)
    for k in np.argsort(-probability, kind="stable"):
        if stay[k]:
            low, high = np.searchsorted(time_s, (time_s[k] - separation_s, time_s[k] + separation_s))
            stay[low:k] = stay[k + 1 : high] = False
    return stay


def _crossing(run: npt.NDArray[np.float32], level: float) -> float:
    """Return how far from its first sample a run falls below a level, between samples by a straight line."""
    below = run < level
    k = int(below.argmax())
    if not below[k]:
        return float(len(run) - 1)
    return float(k - 1 + (run[k - 1] - level) / (run[k - 1] - run[k]))
