"""Score a model and its baselines on the same outcomes, with intervals."""

from terrella.engine.judge.bootstrap import Blocks, Interval, interval, make_blocks, ratio
from terrella.engine.judge.results import scores_document
from terrella.engine.judge.scores import UNITS, Curves, Forecast, Paired, Scores, judge

__all__ = [
    "UNITS", "Blocks", "Curves", "Forecast", "Interval", "Paired", "Scores",
    "interval", "judge", "make_blocks", "ratio", "scores_document",
]  # fmt: skip
