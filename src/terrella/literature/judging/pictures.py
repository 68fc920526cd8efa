"""The figures of a judged model of entities."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from terrella.engine.judge.document import interval_of
from terrella.engine.judge.figures import LEGEND, draw_by_class, look_of
from terrella.engine.judge.report import Picture


def by_kind(document: Mapping[str, Any], kinds: Sequence[str], first: str, judged: str) -> Picture:
    """Return F1 of every model over all entities, or the mean over classes, and for each kind or class."""
    models = document["models"]
    names = [first, *(f"f1@{kind}" for kind in kinds)]
    values = {model: [interval_of(own.get(name)) for name in names] for model, own in models.items()}
    figure = Figure(figsize=(max(5.6, 1.3 * len(names) + 1.5), 3.6), layout="constrained")
    whole = "all" if first == "f1" else "mean"
    labels = [whole, *(kind.lower().replace("_", " ") for kind in kinds)]
    axes = draw_by_class(figure.subplots(), labels, values, look_of(list(models)), f"F1 of {judged}")
    axes.axvline(0.5, color="#a8a8a8", lw=0.9)
    figure.legend(*axes.get_legend_handles_labels(), **LEGEND, loc="outside upper center", ncols=len(models))
    for one in axes.lines:
        one.set_linestyle("none" if one.get_marker() not in ("None", None, "") else one.get_linestyle())
    caption = (
        f"F1 of {judged} by every model ({whole}, then each alone), with 95 % intervals over what was judged."
    )
    return Picture("f1_by_kind", figure, caption, f"Points of F1 with bars, by kind of {judged} and model.")
