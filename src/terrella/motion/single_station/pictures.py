"""The figures of the report, each with its caption."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from terrella.engine.judge.figures import GUIDE, LEGEND, draw_coverage, look_of
from terrella.engine.judge.report import Picture
from terrella.motion.judging.figures import draw_residuals
from terrella.motion.single_station.classical import CHOICE, NETWORK
from terrella.motion.single_station.scores import below
from terrella.motion.single_station.traces import DISTANCE, MAGNITUDE, QUANTITIES, Floats, Traces

_CLASSES = 7


def predicted(traces: Traces, found: Mapping[str, Floats]) -> Picture:
    """Draw predictions of the network, and of the best other model, over the truth."""
    truth, look = traces.targets(), look_of(CHOICE)
    figure = Figure(figsize=(9.2, 4.4), layout="constrained")
    for k, (axes, name) in enumerate(zip(figure.subplots(1, 2), QUANTITIES, strict=True)):
        others = [each for each in CHOICE if each != NETWORK]
        best = min(others, key=lambda each: float(((found[each][:, k, 0] - truth[:, k]) ** 2).mean()))
        of = 10**truth if name == DISTANCE else truth
        for model, alpha in ((best, 0.45), (NETWORK, 0.6)):
            mean = found[model][:, k, 0]
            given = {"color": look[model]["color"], "marker": look[model]["marker"]}
            axes.scatter(
                of[:, k], 10**mean if name == DISTANCE else mean, s=9, lw=0, alpha=alpha, label=model, **given
            )
        low, high = of[:, k].min(), of[:, k].max()
        axes.plot([low, high], [low, high], **GUIDE)
        if name == DISTANCE:
            axes.set(xscale="log", yscale="log")
        unit = f"{traces.kind} distance (km)" if name == DISTANCE else name
        axes.set(xlabel=f"true {unit}", ylabel=f"predicted {unit}")
        axes.legend(**LEGEND)
    caption = "Traces held out: the network, and the other model with the smallest error, against the truth."
    return Picture(
        "predicted", figure, caption, "Two clouds of points about a diagonal, of magnitude and of distance."
    )


def residuals(traces: Traces, found: Mapping[str, Floats]) -> Picture:
    """Draw residuals of magnitude and distance over distance and magnitude."""
    truth = traces.targets()
    figure = Figure(figsize=(9.2, 6.4), layout="constrained")
    panels = figure.subplots(2, 2, sharey="row", sharex="col")
    spans = {
        DISTANCE: (traces.distance_km, f"{traces.kind} distance (km)", True),
        MAGNITUDE: (traces.magnitude, "magnitude", False),
    }
    for k, (row, unit) in enumerate(
        zip(panels, ("residual (magnitudes)", "residual (log₁₀ km)"), strict=True)
    ):
        own = {name: found[name][:, k, 0] - truth[:, k] for name in CHOICE}
        reach = 1.1 * float(np.quantile(np.abs(own[NETWORK]), 0.995))
        for axes, (of, label, log) in zip(row, spans.values(), strict=True):
            edges = np.quantile(of, np.linspace(0, 1, _CLASSES + 1))
            edges[-1] *= 1.001
            draw_residuals(axes, of, own, look_of(CHOICE), edges, label if k else "", log)
            axes.set(ylim=(-reach, reach), ylabel=unit if axes is row[0] else "")
    panels[0, 0].legend(**LEGEND)
    caption = "Residuals of traces held out, in classes of as many traces each; grey: the network's own."
    return Picture("residuals", figure, caption, "Four panels of mean residuals in classes, with error bars.")


def coverage(traces: Traces, found: Mapping[str, Floats]) -> Picture:
    """Draw how often central intervals of each model held the truth."""
    truth = traces.targets()
    figure = Figure(figsize=(8.4, 4.0), layout="constrained")
    for k, (axes, name) in enumerate(zip(figure.subplots(1, 2, sharey=True), QUANTITIES, strict=True)):
        own = {model: below(found[model], truth)[:, k] for model in CHOICE}
        draw_coverage(axes, own, look_of(CHOICE))
        axes.set_title(name, fontsize=10)
    axes.legend(**LEGEND)
    caption = "Share of true values inside central intervals, by the probability of the interval."
    return Picture("coverage", figure, caption, "Two panels of curves near the diagonal.")
