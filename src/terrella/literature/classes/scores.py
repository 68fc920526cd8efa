"""Scores of classes: macro-F1 and accuracy, with intervals over texts."""

from collections.abc import Mapping, Sequence

import numpy as np

from terrella.engine.judge.bootstrap import Floats, label_blocks, ratio
from terrella.engine.judge.comparing import Resampled

UNITS = {"macro_f1": "", "accuracy": "", "f1": ""}


def resampled(truth: Sequence[str], models: Mapping[str, Sequence[str]], resamples: int) -> Resampled:
    """Return the scores of every model's classes for the texts and every resample of whole ones.

    Macro-F1 is the mean over the classes of the truth; a class that a resample lacks is left out of its mean.
    """
    classes = sorted(set(truth))
    blocks = label_blocks(np.arange(len(truth)), resamples, 0)
    true = _one_hot(truth, classes)
    found = {}
    for name, labels in models.items():
        given = _one_hot(labels, classes)
        hit = true * given
        drawn = blocks.sums(true)
        of_class = ratio(2 * blocks.sums(hit), drawn + blocks.sums(given))
        here = drawn > 0
        found[name] = {
            "macro_f1": np.where(here, np.nan_to_num(of_class), 0).sum(1) / here.sum(1),
            "accuracy": blocks.sums(hit).sum(1) / drawn.sum(1),
        } | {f"f1@{each}": of_class[:, at] for at, each in enumerate(classes)}
    return found


def _one_hot(labels: Sequence[str], classes: Sequence[str]) -> Floats:
    return np.array([[label == each for each in classes] for label in labels], float)
