"""Score a model and its baselines on the same outcomes, with intervals."""

from terrella.engine.judge.bootstrap import Blocks, Interval, interval, label_blocks, make_blocks, ratio
from terrella.engine.judge.document import plain, scores_document

__all__ = [
    "Blocks", "Interval", "interval", "label_blocks", "make_blocks", "plain", "ratio", "scores_document",
]  # fmt: skip
