"""What the reports of all tasks draw alike: looks of models, curves, scores by class, losses by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.report import Picture, Section
from terrella.engine.run import Run

Floats = npt.NDArray[np.float64]
Style = dict[str, Any]  # colour, line and marker, as matplotlib takes them
Look = Mapping[str, Style]  # of each model

GUIDE: Style = {"color": "#a8a8a8", "lw": 0.9, "zorder": 0}
LEGEND: Style = {"fontsize": 8, "edgecolor": "none", "framealpha": 0.8}
_LEVELS = np.linspace(0, 1, 101)  # of intervals
_STAGES_ACROSS = 4  # of a training's curves, beside each other
# Okabe and Ito's colours, safe for the colour-blind, each with its own line and marker: readable in grey too.
_STYLES = (
    ("#D55E00", "-", "D"),
    ("#0072B2", (0, (7, 1.5)), "o"),
    ("#009E73", (0, (3, 1, 1, 1)), "P"),
    ("#CC79A7", "-.", "v"),
    ("#56B4E9", (0, (5, 1, 1, 1, 1, 1)), "X"),
    ("#E69F00", "--", "^"),
    ("#7A4B9A", (0, (1, 1)), "h"),
    ("#8C6D1F", (0, (4, 2)), "p"),
)


def style(number: int) -> Style:
    """Return the look of the model of a number; the first is the network's."""
    return styled(*_STYLES[number % len(_STYLES)])


def styled(colour: str, line: Any, marker: str) -> Style:
    """Return a look."""
    return {"color": colour, "linestyle": line, "marker": marker}


def look_of(names: Sequence[str]) -> Look:
    """Return the looks of models in their order."""
    return {name: style(number) for number, name in enumerate(names)}


def line(look: Look, name: str) -> Style:
    """Return the look of a model's curve, which has no markers."""
    return {**look[name], "marker": None}


def draw_roc(
    axes: Axes, curves: Mapping[str, tuple[Floats, Floats]], look: Look, least: float, unit: str, found: str
) -> Axes:
    """Draw hits over false alarms, (n,) each, from `least` on: logarithmic, since few false alarms can be borne."""
    rates = np.geomspace(least, 1)
    axes.plot(rates, rates, label="by chance", **GUIDE)
    for name, (false, hits) in curves.items():
        axes.plot(np.maximum(false, least / 10), hits, label=name, lw=1.4, **line(look, name))
    axes.set(xscale="log", xlim=(least, 1), ylim=(0, 1.01), xlabel=unit, ylabel=found)
    return axes


def draw_by_class(
    axes: Axes, labels: Sequence[str], values: Mapping[str, Sequence[Interval]], look: Look, ylabel: str
) -> Axes:
    """Draw a score of each model in classes, such as of horizon or signal-to-noise ratio, with 95 % intervals."""
    shift = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else [0.0]
    for offset, (name, intervals) in zip(shift, values.items(), strict=True):
        value, spread = spread_of(intervals)
        axes.errorbar(
            np.arange(len(value)) + offset, value, spread, label=name, capsize=2.5, ms=4.5, lw=1.2, elinewidth=0.8,
            **look[name],
        )  # fmt: skip
    axes.set_xticks(range(len(labels)), labels)
    axes.set(xlim=(-0.5, len(labels) - 0.5), ylabel=ylabel)
    return axes


def spread_of(intervals: Sequence[Interval]) -> tuple[Floats, Floats]:
    """Return values (n,) and the lengths of their error bars (2, n), of no length where there is no interval.

    A value may lie outside its percentile interval, by a little.
    """
    value, low, high = (
        np.array([(each.value, each.low, each.high) for each in intervals], float).reshape(-1, 3).T
    )
    return value, np.maximum(np.nan_to_num(np.stack([value - low, high - value])), 0)


def draw_coverage(axes: Axes, below: Mapping[str, Floats], look: Look) -> Axes:
    """Draw how often central intervals held the truth, from the probabilities given to less than it, (row,)."""
    axes.plot(_LEVELS, _LEVELS, **GUIDE)
    for name, values in below.items():
        width = np.sort(np.abs(2 * values - 1))
        held = np.searchsorted(width, _LEVELS, side="right") / len(width)
        axes.plot(_LEVELS, held, lw=1.4, label=name, **line(look, name))
    for level in (0.5, 0.9):
        axes.axvline(level, **{**GUIDE, "lw": 0.6})
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the interval", ylabel="share of truths in it")
    return axes


def draw_training(axes: Axes, epochs: Sequence[Mapping[str, Any]]) -> Axes:
    """Draw the losses of training and of the dev split by epoch."""
    number = range(1, len(epochs) + 1)
    for key, name, shown, colour in (
        ("loss", "training", "o-", "#0072B2"),
        ("validation", "dev", "D--", "#D55E00"),
    ):
        if all(epoch[key] is None for epoch in epochs):
            continue  # a training without validation
        axes.plot(number, [epoch[key] for epoch in epochs], shown, color=colour, label=name, lw=1.2, ms=3.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend(**LEGEND)
    return axes


def panel_row(number: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure of panels side by side, and its panels; the size of one is in inches."""
    figure = Figure(figsize=(width * number, height), layout="constrained")
    return figure, list(figure.subplots(1, number, squeeze=False)[0])


def training_section(run: Run) -> Section:
    """Return the section on a run's training; without a picture where it has none."""
    epochs = [event for event in run.read_events() if event.get("kind") == "epoch"]
    if not epochs:
        return Section("Training")
    # Stages have losses of their own, which no line may join.
    names = list(dict.fromkeys(epoch["stage"] for epoch in epochs))
    across = min(len(names), _STAGES_ACROSS)
    down = -(-len(names) // across)
    figure = Figure(figsize=(max(6, 3 * across), 3.2 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        draw_training(axes, [epoch for epoch in epochs if epoch["stage"] == name])
        axes.set_title(name if len(names) > 1 else "", fontsize=9)
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    caption = "Loss of the network by epoch, in training and, where there is one, on the dev split."
    if len(names) > 1:
        caption += " Each stage has a loss of its own: compare within one."
    return Section(
        "Training", "", [], [Picture("training", figure, caption, "Two lines of losses by epoch.")]
    )
