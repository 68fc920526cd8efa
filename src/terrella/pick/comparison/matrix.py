"""The results of all pieces as one long table, and as matrices of training set by test set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from terrella.engine.judge import Interval, document

COLUMNS = (
    "picker", "method", "train_set", "test_set", "target", "rate_hz", "split", "score",
    "value", "low", "high", "unit",
)  # fmt: skip


@dataclass(frozen=True)
class Score:
    """A score of the matrices: its name in cells, its words, its unit, and whether more is better."""

    name: str
    title: str
    unit: str
    more_is_better: bool
    digits: int


# In the order of the three tasks, by their names in cells.
SCORES = (
    Score("detection_auc", "detection: area under the ROC", "", True, 3),
    Score("phase_mcc", "P or S: Matthews correlation", "", True, 3),
    Score("p_rmse_s", "P onset: RMSE", "s", False, 2),
    Score("p_std_s", "P onset: standard deviation", "s", False, 2),
    Score("s_rmse_s", "S onset: RMSE", "s", False, 2),
    Score("s_std_s", "S onset: standard deviation", "s", False, 2),
)
# The key of a cell that holds the scores of a split.
_KEYS = {"dev": "scores_dev", "test": "scores"}


@dataclass(frozen=True)
class Judged:
    """One picker on one test set at one rate: what the piece was asked for, and its cell."""

    method: str  # PhaseNet, Baer–Kradolfer
    train_set: str  # name of the set, "local → mine" where fine-tuned; "" where nothing was trained
    test_set: str
    target: bool  # the test set is the user's own
    rate_hz: float
    native: bool  # judged at the rate that all are compared at, not in the resampling study
    cell: Mapping[str, Any]
    bundles: Mapping[str, str] = field(default_factory=dict)  # where the weights for each question lie
    answers: str = ""  # where its answers lie, window by window

    @property
    def picker(self) -> str:
        """Its name in tables."""
        return f"{self.method} · {self.train_set}" if self.train_set else self.method


def long_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """Return a row per picker, test set, rate, split and score, with 95 % intervals where a cell has them."""
    rows = [
        (
            each.picker, each.method, each.train_set, each.test_set, each.target, each.rate_hz, split, score,
            entry.get("value"), entry.get("low"), entry.get("high"), entry.get("unit", ""),
        )
        for each in judged
        for split, score, entry in scores_of(each.cell)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"value": float, "low": float, "high": float})


def scores_of(cell: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield split, name of the score and its entry: value, low, high and unit."""
    for split, key in _KEYS.items():
        for name, entry in cell.get(key, {}).items():
            yield split, name, entry


def interval_of(each: Judged, score: str, split: str = "test") -> Interval:
    """Return a score of a cell with its interval, NaN where it has none."""
    return document.interval_of(each.cell.get(_KEYS[split], {}).get(score))


def value_of(each: Judged, score: str, split: str = "test") -> float:
    """Return a score of a cell, NaN where it has none."""
    return interval_of(each, score, split).value


def threshold_of(each: Judged, question: str) -> float:
    """Return the threshold for detection or phase, chosen on the development split; NaN where there is none."""
    return _number(each.cell.get("thresholds", {}).get(question))


def matrix(judged: Sequence[Judged], score: str, split: str = "test") -> pd.DataFrame:
    """Return a score as a matrix, pickers by test sets, both in the order in which they come."""
    shown = [each for each in judged if each.native]
    pickers = list(dict.fromkeys(each.picker for each in shown))
    tests = list(dict.fromkeys(each.test_set for each in shown))
    found = pd.DataFrame(float("nan"), index=pickers, columns=tests)
    for each in shown:
        found.loc[each.picker, each.test_set] = value_of(each, score, split)
    return found


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
