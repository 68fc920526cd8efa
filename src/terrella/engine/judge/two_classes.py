"""Scores of a value that should be larger for the true than for the false, for all resamples at once.

`value` and `truth` are (item,), `weights` (resample, item): how often each item counts in each resample.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def roc(value: npt.ArrayLike, truth: Bools, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Return false and true positive rates at every threshold from above the largest value down, (resample, step).

    Items of equal value pass the threshold together. Without weights each item counts once, in one resample.
    """
    false, true = _passed(value, truth, np.ones((1, len(truth))) if weights is None else weights)
    with np.errstate(invalid="ignore"):
        return false / false[:, -1:], true / true[:, -1:]


def area(false: Floats, true: Floats) -> Floats:
    """Return the area under each curve of `roc`: the chance that a true item has the larger value, ties half."""
    return np.asarray(np.trapezoid(true, false, axis=1))


def true_rate_at(false: Floats, true: Floats, limit: float) -> Floats:
    """Return the largest true positive rate of each curve whose false positive rate is at most the limit."""
    # Rates are ratios of whole numbers, so that rounding is far below any step.
    found = np.where(false <= limit + 1e-9, true, 0.0).max(axis=1)
    return np.asarray(np.where(np.isnan(false[:, -1]), np.nan, found))


def f1(said: Bools, truth: Bools, weights: Floats) -> Floats:
    """Return the harmonic mean of precision and recall, (resample,)."""
    tp, fp, fn, _ = _counts(said, truth, weights)
    return _ratio(2 * tp, 2 * tp + fp + fn)


def mcc(said: Bools, truth: Bools, weights: Floats) -> Floats:
    """Return Matthews' (1975) correlation coefficient, (resample,); 0 where all was said alike."""
    return _mcc(*_counts(said, truth, weights))


def best_threshold(value: npt.ArrayLike, truth: Bools, score: Literal["f1", "mcc"]) -> float:
    """Return the threshold, halfway between two values, at or above which "true" scores best."""
    false, true = (each[0] for each in _passed(value, truth, np.ones((1, len(truth)))))
    fn, tn = true[-1] - true, false[-1] - false
    found = _ratio(2 * true, 2 * true + false + fn) if score == "f1" else _mcc(true, false, fn, tn)
    levels = np.unique(np.asarray(value, float))[::-1]
    best = int(np.nanargmax(found[1:]))
    return float((levels[best] + levels[min(best + 1, len(levels) - 1)]) / 2)


def thinned(false: Floats, true: Floats, points: int) -> tuple[Floats, Floats]:
    """Return one curve (step,) without what lies on straight lines, then with no more than some points."""
    turns = np.ones(len(false), bool)
    along = np.diff(false)[:-1] * np.diff(true)[1:] - np.diff(false)[1:] * np.diff(true)[:-1]
    turns[1:-1] = np.abs(along) > 1e-15
    false, true = false[turns], true[turns]
    if len(false) <= points:
        return false, true
    # Evenly along the curve, which is at most 2 long.
    length = false + true
    at = np.searchsorted(length, np.linspace(0, length[-1], points - 1), side="left")
    at = np.unique(np.append(at.clip(max=len(false) - 1), len(false) - 1))
    return false[at], true[at]


def _passed(value: npt.ArrayLike, truth: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """Return the false and true items at or above each level, from none to all, (resample, 1 + level)."""
    value = np.asarray(value, float)
    order = np.argsort(-value, kind="stable")
    last = np.append(np.diff(value[order]) != 0, True)
    weights, truth = weights[:, order], truth[order]
    true = np.cumsum(weights * truth, axis=1)[:, last]
    false = np.cumsum(weights, axis=1)[:, last] - true
    zero = np.zeros((len(weights), 1))
    return np.concatenate([zero, false], axis=1), np.concatenate([zero, true], axis=1)


def _counts(said: Bools, truth: Bools, weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return true and false positives, false and true negatives, (resample,) each."""
    kinds = np.stack([said & truth, said & ~truth, ~said & truth, ~said & ~truth], axis=1)
    tp, fp, fn, tn = (weights @ kinds.astype(float)).T
    return tp, fp, fn, tn


def _mcc(tp: Floats, fp: Floats, fn: Floats, tn: Floats) -> Floats:
    bottom = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    return np.asarray(np.where(bottom > 0, (tp * tn - fp * fn) / np.where(bottom > 0, bottom, 1), 0.0))


def _ratio(above: Floats, below: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(above / below)
