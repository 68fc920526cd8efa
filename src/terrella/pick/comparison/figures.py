"""Figures of pickers against each other, one function each: data and axes in, axes out; readable in grey."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from terrella.engine.judge.figures import Floats, Look
from terrella.pick.comparison.matrix import Score

_SHADES = colormaps["cividis"]  # its lightness rises all the way: it reads the same in grey


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


def draw_resampling(axes: Axes, curves: Mapping[str, tuple[Floats, Floats]], look: Look, ylabel: str) -> Axes:
    """Draw a score against the rate at which the data were read, fed to every picker as if it were 100 Hz."""
    for name, (rate_hz, value) in curves.items():
        axes.plot(rate_hz, value, label=name, ms=5, lw=1.3, **look[name])
    rates = sorted({rate for rate_hz, _ in curves.values() for rate in rate_hz.tolist()})
    axes.set_xscale("log")
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.set_xticks([], minor=True)
    axes.invert_xaxis()
    axes.set(xlabel="rate at which the data are read (Hz)", ylabel=ylabel)
    return axes


def draw_cost(
    axes: Axes, points: Mapping[str, tuple[float, float]], look: Look, xlabel: str, ylabel: str
) -> Axes:
    """Draw a score against CPU seconds, a point per picker."""
    for name, (seconds, value) in points.items():
        shown = {**look[name], "linestyle": "none"}
        axes.plot([seconds], [value], label=name, ms=7, **shown)
    axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    return axes
