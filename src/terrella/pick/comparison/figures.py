"""Figures of a comparison, one function each: data and axes in, axes out; readable in grey."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from terrella.pick.comparison.matrix import Score

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
_SHADES = colormaps["cividis"]  # its lightness rises all the way: it reads the same in grey


def styles(pickers: Sequence[str], classical: Sequence[str]) -> dict[str, Style]:
    """Return colour, line and marker of each picker: black and grey for classical ones."""
    found: dict[str, Style] = {}
    learned = [name for name in pickers if name not in classical]
    for names, choices in ((learned, _STYLES), (list(classical), _CLASSICAL)):
        for i, name in enumerate(names):
            colour, line, marker = choices[i % len(choices)]
            found[name] = {"color": colour, "linestyle": line, "marker": marker}
    return found


def draw_matrix(axes: Axes, values: pd.DataFrame, score: Score, worst: float, best: float) -> Axes:
    """Draw a matrix of pickers by test sets as a heat map with its numbers; lighter is better."""
    numbers = values.to_numpy(float)
    shade = np.clip((numbers - worst) / (best - worst if best != worst else 1.0), 0, 1)
    coloured = _SHADES(np.nan_to_num(shade))
    coloured[np.isnan(numbers)] = (0.93, 0.93, 0.93, 1)
    axes.imshow(coloured, aspect="auto")
    for (row, column), value in np.ndenumerate(numbers):
        dark = np.isfinite(value) and shade[row, column] < 0.55
        text = "–" if np.isnan(value) else f"{value:.{score.digits}f}".replace("-", "−")
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color="white" if dark else "black")
    axes.set_xticks(range(values.shape[1]), values.columns, rotation=20, ha="right", fontsize=8)
    axes.set_yticks(range(values.shape[0]), values.index, fontsize=8)
    axes.set_xticks(np.arange(values.shape[1] - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(values.shape[0] - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", lw=1.2)
    axes.tick_params(which="both", length=0)
    axes.set_title(f"{score.title}{f' ({score.unit})' if score.unit else ''}", fontsize=9)
    axes.set_xlabel("judged on", fontsize=8)
    return axes


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


def draw_resampling(
    axes: Axes, curves: Mapping[str, tuple[Floats, Floats]], look: Mapping[str, Style], ylabel: str
) -> Axes:
    """Draw a score against the rate at which the data were read, fed to every picker as if it were 100 Hz."""
    for name, (rate_hz, value) in curves.items():
        axes.plot(rate_hz, value, label=name, ms=5, lw=1.3, **look[name])  # type: ignore[arg-type]
    rates = sorted({rate for rate_hz, _ in curves.values() for rate in rate_hz.tolist()})
    axes.set_xscale("log")
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.set_xticks([], minor=True)
    axes.invert_xaxis()
    axes.set(xlabel="rate at which the data are read (Hz)", ylabel=ylabel)
    return axes


def draw_cost(
    axes: Axes, points: Mapping[str, tuple[float, float]], look: Mapping[str, Style], xlabel: str, ylabel: str
) -> Axes:
    """Draw a score against CPU seconds, a point per picker."""
    for name, (seconds, value) in points.items():
        shown = {**look[name], "linestyle": "none"}
        axes.plot([seconds], [value], label=name, ms=7, **shown)  # type: ignore[arg-type]
    axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    return axes
