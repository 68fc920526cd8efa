"""A picker's answers to the evaluation windows, kept in a file, so that two pickers can be compared in pairs."""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from terrella.engine.judge import Interval
from terrella.files import replace_file
from terrella.pick.comparison.matrix import Judged, threshold_of
from terrella.pick.comparison.recommendation import Difference
from terrella.pick.judging.scores import Answered, Thresholds, paired
from terrella.pick.judging.targets import Targets
from terrella.pick.picker import Windows

NOTHING = Interval(float("nan"), float("nan"), float("nan"))

_WINDOWS = ("detection", "phase")
_BOUNDS = ("trace", "start", "end")
_TRUTH = ("event", "is_p", "onset", "label")
_ANSWERS = ("detection", "detection_group", "p_over_s", "residual_s", "phase_group")
_MOST_OPEN = 64


def save_answers(path: Path, answers: Mapping[str, Answered]) -> None:
    """Write the answers of one picker by split, with their targets, in one step."""
    arrays: dict[str, np.ndarray] = {}
    for split, each in answers.items():
        targets = each.targets
        for name in _WINDOWS:
            arrays |= {f"{split}.{name}.{bound}": getattr(getattr(targets, name), bound) for bound in _BOUNDS}
        arrays |= {f"{split}.{name}": getattr(targets, name) for name in _TRUTH}
        arrays |= {f"{split}.answered.{name}": getattr(each, name) for name in _ANSWERS}
    replace_file(path, lambda temporary: np.savez_compressed(temporary, **arrays))  # type: ignore[arg-type]


def load_answers(path: Path) -> dict[str, Answered]:
    """Read what `save_answers` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return {
            split: _answered(arrays, split) for split in dict.fromkeys(n.split(".")[0] for n in arrays.files)
        }


def differences(resamples: int, seed: int) -> Difference:
    """Return the function that compares two pickers on the windows of one test set that both answer."""

    @lru_cache(maxsize=_MOST_OPEN)
    def answers(path: str) -> dict[str, Answered]:
        return load_answers(Path(path))

    @cache
    def compared(a: str, b: str, limits: tuple[Thresholds, Thresholds], split: str) -> dict[str, Interval]:
        return paired(answers(a)[split], answers(b)[split], limits, resamples, seed)

    def difference(score: str, a: Judged, b: Judged, split: str) -> Interval:
        limits = (_thresholds(a), _thresholds(b))
        return compared(a.answers, b.answers, limits, split).get(score, NOTHING)

    return difference


def _thresholds(each: Judged) -> Thresholds:
    found = (threshold_of(each, question) for question in ("detection", "phase"))
    return Thresholds(*(None if np.isnan(value) else value for value in found))


def _answered(arrays: Mapping[str, np.ndarray], split: str) -> Answered:
    detection, phase = (
        Windows(*(arrays[f"{split}.{name}.{bound}"] for bound in _BOUNDS)) for name in _WINDOWS
    )
    event, is_p, onset, label = (arrays[f"{split}.{name}"] for name in _TRUTH)
    targets = Targets(detection, event, phase, is_p, onset, label)
    return Answered(targets, **{name: arrays[f"{split}.answered.{name}"] for name in _ANSWERS})
