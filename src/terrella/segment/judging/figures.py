"""Figures of a judged segmenter, one function each: data and axes in, axes out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from terrella.engine.judge.bootstrap import Interval
from terrella.segment.data.labelled import LABELLED, UNLABELLED, LabelledSection
from terrella.segment.data.normalise import Floats, normalised, trace_scales
from terrella.segment.judging.events import Detections
from terrella.segment.judging.scores import Doubles

# Colours of Okabe & Ito with lines and markers: readable by the colour-blind, and in grey.
_STYLES = (
    ("#D55E00", "-", "D"),
    ("#0072B2", (0, (7, 1.5)), "o"),
    ("#009E73", "-.", "s"),
    ("#CC79A7", ":", "^"),
    ("#56B4E9", (0, (3, 1, 1, 1)), "v"),
    ("#E69F00", (0, (1, 1)), "P"),
)
_LEGEND = {"fontsize": 8, "edgecolor": "none", "framealpha": 0.8}
_STRONGEST = 3.5  # of normalised samples, that are drawn black or white


def style(number: int) -> dict[str, Any]:
    """Return colour, line style and marker of the model of a number; the first is the network."""
    colour, line, marker = _STYLES[number % len(_STYLES)]
    return {"color": colour, "linestyle": line, "marker": marker}


def draw_section(axes: Axes, section: LabelledSection) -> Axes:
    """Draw samples in grey, each trace over its noise level, time downward."""
    shown = normalised(section.samples, trace_scales(section.samples))
    axes.imshow(shown.T, cmap="gray", vmin=-_STRONGEST, vmax=_STRONGEST, **_extent(section))
    return axes


def draw_label(axes: Axes, section: LabelledSection) -> Axes:
    """Draw where a label is, and where none is known."""
    shown = np.select([section.mask == LABELLED, section.mask == UNLABELLED], [1.0, 0.25], 0.0)
    axes.imshow(shown.T, cmap="Greys", vmin=0, vmax=1, **_extent(section))
    return axes


def draw_scores(
    axes: Axes, section: LabelledSection, scores: Floats, threshold: float, found: Detections | None
) -> Axes:
    """Draw scores, white up to the typical one and black from the threshold on, and detections' onsets."""
    middle = float(np.median(scores))
    top = max(threshold, middle + 1e-6)
    axes.imshow(scores.T, cmap="Greys", vmin=middle, vmax=top, **_extent(section))
    if found is not None:
        time = found.sample * section.interval_s
        axes.plot(found.trace, time, ".", color="#D55E00", ms=2.2, mew=0)
    return axes


def draw_precision_recall(axes: Axes, curves: Mapping[str, tuple[Doubles, Doubles]], share: float) -> Axes:
    """Draw precision against recall; `share` of the samples is labelled, the precision of chance."""
    axes.axhline(share, color="#a8a8a8", lw=0.9, label="by chance")
    for number, (name, (precision, recall)) in enumerate(curves.items()):
        axes.plot(recall, precision, label=name, lw=1.4, **_plain(number))
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall: labelled samples that are found")
    axes.set_ylabel("precision: found samples that are labelled")
    axes.legend(**_LEGEND)
    return axes


def draw_detection(
    axes: Axes,
    curves: Mapping[str, tuple[Doubles, Doubles]],
    chosen: Mapping[str, int],
    limit: float,
    unit: str,
) -> Axes:
    """Draw detection rate against false alarms at every threshold; the one chosen on dev has a marker."""
    least = min((float(x[x > 0].min()) for x, _ in curves.values() if (x > 0).any()), default=0.1) / 2
    axes.axvline(limit, color="#a8a8a8", lw=0.9, label="allowed on the dev split")
    for number, (name, (alarms, rate)) in enumerate(curves.items()):
        shown = np.maximum(alarms, least)
        axes.plot(shown, rate, lw=1.4, **_plain(number))
        at = chosen[name]
        axes.plot(shown[at], rate[at], ms=7, label=name, **style(number))
    axes.set(xscale="log", ylim=(0, 1.02), xlabel=f"false alarms per {unit} (left edge: none)")
    axes.set_ylabel("share of events detected")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(**_LEGEND)
    return axes


def draw_by_class(
    axes: Axes, labels: Sequence[str], values: Mapping[str, Sequence[Interval]], ylabel: str
) -> Axes:
    """Draw a score of each model in classes of signal-to-noise ratio, with 95 % intervals."""
    shifts = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else [0.0]
    for number, (shift, (name, intervals)) in enumerate(zip(shifts, values.items(), strict=True)):
        value, low, high = np.array([(i.value, i.low, i.high) for i in intervals]).T
        spread = np.maximum(np.nan_to_num(np.stack([value - low, high - value])), 0)
        axes.errorbar(
            np.arange(len(value)) + shift, value, spread, label=name, capsize=2, ms=4, lw=1.1, elinewidth=0.7,
            **style(number),
        )  # fmt: skip
    axes.set_xticks(range(len(labels)), labels)
    axes.set(xlim=(-0.5, len(labels) - 0.5), ylim=(0, None), ylabel=ylabel)
    return axes


def draw_errors(axes: Axes, errors_ms: Mapping[str, Doubles], limit_ms: float) -> Axes:
    """Draw histograms of onset errors as shares of all onsets found."""
    edges = np.linspace(-limit_ms, limit_ms, 42)
    for number, (name, values) in enumerate(errors_ms.items()):
        share = np.histogram(values, edges)[0] / max(len(values), 1)
        shown = {**_plain(number), "marker": None}
        axes.stairs(share, edges, label=name, lw=1.3, color=shown["color"], ls=shown["linestyle"])
    axes.set(
        xlabel="detected minus true onset (ms)",
        ylabel="share of the onsets found",
        xlim=(-limit_ms, limit_ms),
    )
    axes.legend(**_LEGEND)
    return axes


def draw_training(axes: Axes, epochs: Sequence[Mapping[str, float]]) -> Axes:
    """Draw the losses of training and of the dev split by epoch."""
    number = range(1, len(epochs) + 1)
    axes.plot(number, [epoch["loss"] for epoch in epochs], "o-", color="#0072B2", ms=3, lw=1.2, label="train")
    dev = [epoch["validation"] for epoch in epochs]
    axes.plot(number, dev, "D--", color="#D55E00", ms=3, lw=1.2, label="dev")
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    axes.legend(**_LEGEND)
    return axes


def _plain(number: int) -> dict[str, Any]:
    return {**style(number), "marker": None}


def _extent(section: LabelledSection) -> dict[str, Any]:
    traces, samples = section.mask.shape
    return {
        "extent": (-0.5, traces - 0.5, samples * section.interval_s, 0.0),
        "aspect": "auto",
        "interpolation": "nearest",
    }
