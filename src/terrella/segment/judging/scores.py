"""Scores of labelled samples, one by one: precision and recall at all thresholds, IoU, Dice.

Scores of any range are counted in 65,536 levels, the upper halves of their float32 numbers in order, so that a
section is read once and then forgotten; a level is 0.8 % wide.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.segment.data.labelled import LABELLED
from terrella.segment.data.normalise import Floats

Levels = npt.NDArray[np.uint16]
Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.uint8]

LEVELS = 1 << 16


def level_of(scores: npt.ArrayLike) -> Levels:
    """Return the levels of scores, in their order; a score that is no number has the lowest."""
    values = np.asarray(scores, np.float32) + np.float32(0)  # −0 is 0
    bits = values.view(np.uint32)
    ordered = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    return np.where(np.isnan(values), 0, ordered >> 16).astype(np.uint16)


def value_of(level: int) -> float:
    """Return the smallest score of a level: scores from it on are those of this level and higher ones."""
    ordered = np.uint32(level << 16)
    bits = ordered & np.uint32((1 << 31) - 1) if ordered >> 31 else ~ordered
    value = float(np.array([bits], np.uint32).view(np.float32)[0])
    return value if value == value else -np.inf  # the lowest level also holds what is no number


@dataclass(frozen=True, eq=False)
class LevelCounts:
    """Samples with and without a label at every level, (group, level) each."""

    groups: list[str]
    labelled: Doubles
    other: Doubles

    def at_or_above(self, draws: Doubles | None = None) -> tuple[Doubles, Doubles]:
        """Return true and false positives from each occupied level on, highest first, (resample, level).

        `draws` (resample, group) says how often each group counts; without it all count once.
        """
        draws = np.ones((1, len(self.groups))) if draws is None else draws
        used = self.occupied()[::-1]
        return (
            np.cumsum(draws @ self.labelled[:, used], axis=1),
            np.cumsum(draws @ self.other[:, used], axis=1),
        )

    def occupied(self) -> npt.NDArray[np.int64]:
        """Return the levels that any sample has, in rising order."""
        return np.flatnonzero((self.labelled + self.other).any(axis=0))


def count_levels(parts: Iterable[tuple[str, Floats, Mask]]) -> LevelCounts:
    """Return the counts of groups, scores and masks; unlabelled samples do not count."""
    found: dict[str, tuple[Doubles, Doubles]] = {}
    for group, scores, mask in parts:
        labelled, other = found.setdefault(group, (np.zeros(LEVELS), np.zeros(LEVELS)))
        level = level_of(scores)
        labelled += np.bincount(level[mask == LABELLED], minlength=LEVELS)
        other += np.bincount(level[mask == 0], minlength=LEVELS)
    groups = sorted(found)
    empty = np.zeros((0, LEVELS))
    return LevelCounts(
        groups,
        np.stack([found[group][0] for group in groups]) if groups else empty,
        np.stack([found[group][1] for group in groups]) if groups else empty,
    )


def average_precision(true: Doubles, false: Doubles) -> Doubles:
    """Return Σ (R_n − R_{n−1}) P_n over falling thresholds, (resample,), of positives (resample, level)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(true + false > 0, true / (true + false), 0.0)
        steps = np.diff(true, prepend=0.0, axis=1) / true[:, -1:]
    return np.asarray((steps * precision).sum(axis=1))


def precision_recall(true: Doubles, false: Doubles) -> tuple[Doubles, Doubles]:
    """Return precision and recall at falling thresholds of positives (…, level)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return true / (true + false), true / true[..., -1:]


def best_threshold(counts: LevelCounts) -> tuple[float, float]:
    """Return the score from which on samples are called labelled with the largest Dice, and that Dice."""
    true, false = (each[0] for each in counts.at_or_above())
    scores = dice(true, false, true[-1] - true)
    best = int(np.argmax(scores))
    return value_of(int(counts.occupied()[::-1][best])), float(scores[best])


def overlap_counts(scores: Floats, mask: Mask, threshold: float) -> Doubles:
    """Return true positives, false positives and false negatives of one section, (3,)."""
    said = scores >= threshold
    labelled, other = mask == LABELLED, mask == 0
    return np.array([(said & labelled).sum(), (said & other).sum(), (~said & labelled).sum()], float)


def dice(true: Doubles, false: Doubles, missed: Doubles) -> Doubles:
    """Return 2 TP / (2 TP + FP + FN), NaN where nothing is labelled nor said to be."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * true / (2 * true + false + missed))


def iou(true: Doubles, false: Doubles, missed: Doubles) -> Doubles:
    """Return TP / (TP + FP + FN), NaN where nothing is labelled nor said to be."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(true / (true + false + missed))
