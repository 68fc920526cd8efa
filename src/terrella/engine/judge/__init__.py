"""Score a model and its baselines on the same outcomes, with intervals."""

from terrella.engine.judge.bootstrap import Blocks, Interval, interval, label_blocks, make_blocks, ratio
from terrella.engine.judge.molchan import Molchan, molchan
from terrella.engine.judge.results import plain, scores_document, scores_rows
from terrella.engine.judge.scores import UNITS, Curves, Forecast, Paired, Scores, judge

__all__ = [
    "UNITS", "Blocks", "Curves", "Forecast", "Interval", "Molchan", "Paired", "Scores",
    "interval", "judge", "label_blocks", "make_blocks", "molchan", "plain", "ratio", "scores_document",
    "scores_rows",
]  # fmt: skip
