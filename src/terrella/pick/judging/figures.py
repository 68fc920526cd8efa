"""Figures of how pickers did, one function each: data and axes in, axes out; readable in grey."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from terrella.engine.judge import figures as common
from terrella.engine.judge.figures import GUIDE, Floats, Look, look_of, styled

_CLASSICAL = (
    ("#000000", ":", "s"),
    ("#777777", (0, (1, 2)), "*"),
    ("#444444", (0, (1, 3)), "d"),
    ("#999999", (0, (3, 3)), "<"),
    ("#222222", (0, (2, 4)), ">"),
)


def styles(pickers: Sequence[str], classical: Sequence[str]) -> Look:
    """Return colour, line and marker of each picker: black and grey for classical ones."""
    learned = [name for name in pickers if name not in classical]
    greys = [styled(*_CLASSICAL[number % len(_CLASSICAL)]) for number in range(len(classical))]
    return {**look_of(learned), **dict(zip(classical, greys, strict=True))}


def draw_roc(axes: Axes, curves: Mapping[str, tuple[Floats, Floats]], look: Look) -> Axes:
    """Draw true against false positive rates."""
    return common.draw_roc(
        axes, curves, look, 1e-3, "false positive rate (share of noise windows)", "true positive rate"
    )


def draw_residuals(
    axes: Axes, edges_s: Floats, counts: Floats, location_s: float, scale_s: float, name: str
) -> Axes:
    """Draw the histogram of residuals, picked minus labelled time, with its Laplace distribution.

    `counts` are those between `edges_s`; the curve is drawn where it is at least a hundredth of a residual.
    """
    width_s, total = float(edges_s[1] - edges_s[0]), float(counts.sum())
    axes.stairs(counts, edges_s, fill=True, color="#b9cfe0")
    axes.stairs(counts, edges_s, color="#0072B2", lw=0.8)
    if total and scale_s > 0:
        at = np.linspace(edges_s[0], edges_s[-1], 801)
        expected = total * width_s / (2 * scale_s) * np.exp(-np.abs(at - location_s) / scale_s)
        axes.plot(at, expected, color="#000000", lw=1.1, ls="--")
    axes.axvline(0, **GUIDE)
    label = f"location {location_s:+.2f} s, scale {scale_s:.2f} s".replace("-", "−")
    axes.set_title(f"{name}\n{label}", fontsize=7.5)
    axes.set(xlim=(edges_s[0], edges_s[-1]), ylim=(0, max(float(counts.max(initial=0)) * 1.1, 1)))
    axes.tick_params(labelsize=7)
    return axes


def draw_dependence(
    axes: Axes,
    classes: Sequence[str],
    values: Mapping[str, Floats],
    look: Look,
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Draw a score of several pickers in classes, such as of distance; a gap where a class says nothing."""
    shift = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else [0.0]
    for offset, (name, value) in zip(shift, values.items(), strict=True):
        axes.plot(np.arange(len(value)) + offset, value, label=name, ms=4.5, lw=1.1, **look[name])
    axes.set_xticks(range(len(classes)), list(classes), fontsize=8)
    axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(0, None), xlabel=xlabel, ylabel=ylabel)
    return axes
