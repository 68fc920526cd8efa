"""The figures of a judged model of entities."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from terrella.engine.judge.document import interval_of
from terrella.engine.judge.figures import LEGEND, draw_by_class, look_of
from terrella.engine.judge.report import Picture


def by_kind(document: Mapping[str, Any], kinds: Sequence[str]) -> Picture:
    """Return F1 of every model over all entities and for each kind."""
    models = document["models"]
    names = ["f1", *(f"f1@{kind}" for kind in kinds)]
    values = {model: [interval_of(own.get(name)) for name in names] for model, own in models.items()}
    figure = Figure(figsize=(max(5.6, 1.3 * len(names) + 1.5), 3.6), layout="constrained")
    labels = ["all", *(kind.lower().replace("_", " ") for kind in kinds)]
    axes = draw_by_class(figure.subplots(), labels, values, look_of(list(models)), "F1 of exact entities")
    axes.axvline(0.5, color="#a8a8a8", lw=0.9)
    figure.legend(*axes.get_legend_handles_labels(), **LEGEND, loc="outside upper center", ncols=len(models))
    for one in axes.lines:
        one.set_linestyle("none" if one.get_marker() not in ("None", None, "") else one.get_linestyle())
    caption = "F1 of every model, over all entities and for each kind, with 95 % intervals over sentences."
    return Picture("f1_by_kind", figure, caption, "Points of F1 with bars, by kind of entity and model.")
