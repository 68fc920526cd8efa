"""The figures of a judged ground-motion model: one function each, of data and axes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from terrella.engine.judge.figures import GUIDE, LEGEND, Look, line
from terrella.motion.flatfile.table import Floats

_FEWEST = 8  # residuals of a class


def draw_residuals(
    axes: Axes, of: Floats, residuals: Mapping[str, Floats], look: Look, edges: Floats, xlabel: str, log: bool
) -> Axes:
    """Draw all held-out residuals of the first model, and each model's mean in classes with twice its error."""
    first = next(iter(residuals.values()))
    axes.scatter(of, first, s=3, color="#c9c9c9", lw=0, zorder=0, rasterized=True)
    axes.axhline(0, **GUIDE)
    shift = np.linspace(-0.12, 0.12, len(residuals))
    for offset, (name, values) in zip(shift, residuals.items(), strict=True):
        x, mean, error = [], [], []
        for low, high in pairwise(edges):
            own = values[(of >= low) & (of < high) & np.isfinite(values)]
            if len(own) >= _FEWEST:
                x.append(
                    np.sqrt(low * high) * (high / low) ** offset
                    if log
                    else (low + high) / 2 + offset * (high - low)
                )
                mean.append(own.mean())
                error.append(2 * own.std() / np.sqrt(len(own)))
        axes.errorbar(x, mean, error, label=name, ms=4, lw=1.1, elinewidth=0.8, capsize=2, **look[name])
    axes.set(xlabel=xlabel, ylabel="residual (ln)", xscale="log" if log else "linear", ylim=(-3, 3))
    return axes


def draw_attenuation(
    axes: Axes, distance_km: Floats, curves: Mapping[str, Sequence[Floats]], look: Look,
    magnitudes: Sequence[float],
    supported: Sequence[npt.NDArray[np.bool_]], ylabel: str,
) -> Axes:  # fmt: skip
    """Draw medians over distance at several magnitudes; thin and pale where a model is extrapolated."""
    for name, of_magnitude in curves.items():
        for k, (values, inside) in enumerate(zip(of_magnitude, supported, strict=True)):
            style = line(look, name)
            axes.plot(distance_km, values, lw=0.7, alpha=0.45, **style)
            axes.plot(
                distance_km, np.where(inside, values, np.nan), lw=1.7, label=name if k == 0 else None, **style
            )
    first = next(iter(curves.values()))
    for magnitude, values in zip(magnitudes, first, strict=True):
        axes.annotate(
            f"M {magnitude:g}",
            (distance_km[-1], values[-1]),
            xytext=(4, -3),
            textcoords="offset points",
            fontsize=8,
        )
    axes.set_xlim(distance_km[0], 1.7 * distance_km[-1])
    axes.set(xscale="log", yscale="log", xlabel="Joyner–Boore distance (km)", ylabel=ylabel)
    axes.legend(**LEGEND)
    return axes


def draw_deviations(
    axes: Axes, magnitude: Floats, lines: Mapping[str, tuple[Floats, Floats]], look: Look
) -> Axes:
    """Draw τ and φ of models over magnitude."""
    for name, (tau, phi) in lines.items():
        colour = look[name]["color"]
        axes.plot(magnitude, phi, "-", color=colour, lw=1.6, label=f"φ, {name}")
        axes.plot(magnitude, tau, "--", color=colour, lw=1.6, label=f"τ, {name}")
    axes.set(xlabel="magnitude", ylabel="standard deviation (ln)", ylim=(0, None))
    axes.legend(**LEGEND)
    return axes


def draw_drift(axes: Axes, year: Floats, terms: Floats, years: Floats, drift: Floats) -> Axes:
    """Draw events' mean residuals of the published model by year, and the drift that was learned."""
    axes.scatter(year, terms, s=8, color="#9a9a9a", lw=0, label="an event's mean residual of BSSA14")
    axes.plot(years, drift, color="#D55E00", lw=1.8, label="shift and drift of the network")
    axes.axhline(0, **GUIDE)
    axes.set(xlabel="year", ylabel="residual (ln)")
    axes.legend(**LEGEND)
    return axes
