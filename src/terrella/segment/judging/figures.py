"""Figures of a judged segmenter, one function each: data and axes in, axes out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from terrella.engine.judge.figures import GUIDE, LEGEND, line, look_of
from terrella.segment.data.labelled import LABELLED, UNLABELLED, LabelledSection
from terrella.segment.data.normalise import Floats, normalised, trace_scales
from terrella.segment.judging.events import Detections
from terrella.segment.judging.scores import Doubles

_STRONGEST = 3.5  # of normalised samples, that are drawn black or white


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
    axes.axhline(share, label="by chance", **GUIDE)
    look = look_of(list(curves))
    for name, (precision, recall) in curves.items():
        axes.plot(recall, precision, label=name, lw=1.4, **line(look, name))
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall: labelled samples that are found")
    axes.set_ylabel("precision: found samples that are labelled")
    axes.legend(**LEGEND)
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
    axes.axvline(limit, **GUIDE, label="allowed on the dev split")
    look = look_of(list(curves))
    for name, (alarms, rate) in curves.items():
        shown = np.maximum(alarms, least)
        axes.plot(shown, rate, lw=1.4, **line(look, name))
        at = chosen[name]
        axes.plot(shown[at], rate[at], ms=7, label=name, **look[name])
    axes.set(xscale="log", ylim=(0, 1.02), xlabel=f"false alarms per {unit} (left edge: none)")
    axes.set_ylabel("share of events detected")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(**LEGEND)
    return axes


def draw_errors(axes: Axes, errors_ms: Mapping[str, Doubles], limit_ms: float) -> Axes:
    """Draw histograms of onset errors as shares of all onsets found."""
    edges = np.linspace(-limit_ms, limit_ms, 42)
    look = look_of(list(errors_ms))
    for name, values in errors_ms.items():
        share, shown = np.histogram(values, edges)[0] / max(len(values), 1), look[name]
        axes.stairs(share, edges, label=name, lw=1.3, color=shown["color"], ls=shown["linestyle"])
    axes.set(
        xlabel="detected minus true onset (ms)",
        ylabel="share of the onsets found",
        xlim=(-limit_ms, limit_ms),
    )
    axes.legend(**LEGEND)
    return axes


def _extent(section: LabelledSection) -> dict[str, Any]:
    traces, samples = section.mask.shape
    return {
        "extent": (-0.5, traces - 0.5, samples * section.interval_s, 0.0),
        "aspect": "auto",
        "interpolation": "nearest",
    }
