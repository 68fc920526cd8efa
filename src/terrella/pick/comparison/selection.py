"""Which learning rate: by AUC, Matthews correlation and standard deviation on the training set's own dev split."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# What a training is selected by, for each question that a picker answers (Münchmeyer et al. 2022).
CRITERIA = {
    "detection": ("detection_auc", True),
    "phase": ("phase_mcc", True),
    "p": ("p_std_s", False),
    "s": ("s_std_s", False),
}


def select(trainings: Sequence[Mapping[str, Any]], part: str) -> Mapping[str, Any] | None:
    """Return the best of several trainings of one network for one question, None where none answers it.

    A training holds `dev`: scores such as detection_auc on the development split of its own data.
    """
    score, more_is_better = CRITERIA[part]
    values = [_value(training, score) for training in trainings]
    known = [i for i, value in enumerate(values) if np.isfinite(value)]
    if not known:
        return None
    return trainings[(max if more_is_better else min)(known, key=lambda i: values[i])]


def best_of_all(trainings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the training with the best mean rank in all criteria; the first where none has a score."""
    ranks = np.zeros(len(trainings))
    for score, more_is_better in CRITERIA.values():
        values = np.array([_value(training, score) for training in trainings])
        values = np.where(np.isfinite(values), values if more_is_better else -values, -np.inf)
        ranks += (values[None, :] > values[:, None]).sum(1)
    return trainings[int(np.argmin(ranks))]


def _value(training: Mapping[str, Any], score: str) -> float:
    value = training["dev"].get(score)
    return float("nan") if value is None else float(value)
