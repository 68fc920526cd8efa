"""Figures of how pickers did, one function each: data and axes in, axes out; readable in grey."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]
Style = Mapping[str, object]

_GUIDE = {"color": "#a8a8a8", "lw": 0.9, "zorder": 0}
# Okabe and Ito's colours, safe for the colour-blind, each with a line and a marker of its own.
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
_CLASSICAL = (
    ("#000000", ":", "s"),
    ("#777777", (0, (1, 2)), "*"),
    ("#444444", (0, (1, 3)), "d"),
    ("#999999", (0, (3, 3)), "<"),
    ("#222222", (0, (2, 4)), ">"),
)


def styles(pickers: Sequence[str], classical: Sequence[str]) -> dict[str, Style]:
    """Return colour, line and marker of each picker: black and grey for classical ones."""
    found: dict[str, Style] = {}
    learned = [name for name in pickers if name not in classical]
    for names, choices in ((learned, _STYLES), (list(classical), _CLASSICAL)):
        for i, name in enumerate(names):
            colour, line, marker = choices[i % len(choices)]
            found[name] = {"color": colour, "linestyle": line, "marker": marker}
    return found


def draw_roc(axes: Axes, curves: Mapping[str, tuple[Floats, Floats]], look: Mapping[str, Style]) -> Axes:
    """Draw true against false positive rates, logarithmically since few false alarms can be borne."""
    rates = np.geomspace(1e-3, 1)
    axes.plot(rates, rates, label="by chance", **_GUIDE)  # type: ignore[arg-type]
    for name, (false_rate, true_rate) in curves.items():
        shown = {**look[name], "marker": None}
        axes.plot(np.maximum(false_rate, 1e-4), true_rate, label=name, lw=1.4, **shown)  # type: ignore[arg-type]
    axes.set(xscale="log", xlim=(1e-3, 1), ylim=(0, 1.01))
    axes.set(xlabel="false positive rate (share of noise windows)", ylabel="true positive rate")
    return axes


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
    axes.axvline(0, **_GUIDE)  # type: ignore[arg-type]
    label = f"location {location_s:+.2f} s, scale {scale_s:.2f} s".replace("-", "−")
    axes.set_title(f"{name}\n{label}", fontsize=7.5)
    axes.set(xlim=(edges_s[0], edges_s[-1]), ylim=(0, max(float(counts.max(initial=0)) * 1.1, 1)))
    axes.tick_params(labelsize=7)
    return axes


def draw_dependence(
    axes: Axes,
    classes: Sequence[str],
    values: Mapping[str, Floats],
    look: Mapping[str, Style],
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Draw a score of several pickers in classes, such as of distance; a gap where a class says nothing."""
    shift = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else [0.0]
    for offset, (name, value) in zip(shift, values.items(), strict=True):
        axes.plot(np.arange(len(value)) + offset, value, label=name, ms=4.5, lw=1.1, **look[name])  # type: ignore[arg-type]
    axes.set_xticks(range(len(classes)), list(classes), fontsize=8)
    axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(0, None), xlabel=xlabel, ylabel=ylabel)
    return axes
