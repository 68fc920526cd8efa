"""The way from one answer to another, predictor by predictor, for inputs of a few numbers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from terrella.engine.explain.question import Explanation
from terrella.engine.judge.report import Picture


def waterfall(found: Explanation, labels: Sequence[str], answer: str) -> Picture:
    """Return bars from the baseline's answer to the input's, the longest first.

    `labels` are those of the parts, `answer` that of the axis. Of gradient ascent the bars are changes, in units
    of what a predictor varies by.
    """
    question, adds = found.question, found.by_part
    change = found.method == "ascent"
    if change:
        adds = adds / question.scale.numpy()
    order = np.argsort(-np.abs(adds), kind="stable")
    figure = Figure(figsize=(7, 1.2 + 0.4 * len(labels)), layout="constrained")
    axes = figure.add_subplot()
    start = 0.0 if change else found.reference
    tops = [start]
    for place, k in enumerate(order):
        color, hatch = ("#d55e00", "") if adds[k] > 0 else ("#0072b2", "//")
        axes.barh(place, adds[k], left=start, color=color, hatch=hatch, edgecolor="white")
        at = (max(start, start + adds[k]), place)
        axes.annotate(f"{adds[k]:+.3g}", at, (4, 0), textcoords="offset points", va="center", fontsize=8)
        tops += [start, start + adds[k]]
        start += 0 if change else adds[k]
    axes.set_yticks(range(len(order)), [labels[k] for k in order])
    axes.invert_yaxis()
    room = 0.08 * (max(tops) - min(tops)) or 1.0
    axes.set_xlim(min(tops) - room, max(tops) + 2 * room)
    if not change:
        axes.axvline(found.reference, color="0.5", linestyle=":", zorder=0)
        axes.axvline(found.output, color="0.5", linewidth=1, zorder=0)
    axes.set_xlabel("change, in units of what a predictor varies by" if change else answer)
    return Picture(
        "predictors", figure,
        "How each predictor was changed." if change else
        f"What each predictor adds: from the answer to {question.baseline_means} (dotted) to this one (line).",
        "Bars of what each predictor adds.",
    )  # fmt: skip
