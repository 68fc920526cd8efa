"""Figures of the closer look: Molchan's diagram, gains by class, and sequences day by day."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from terrella.engine.judge import Interval
from terrella.engine.judge.figures import GUIDE, LEGEND, spread_of
from terrella.forecast.judging.figures import style
from terrella.forecast.judging.molchan import Molchan
from terrella.forecast.judging.sequences import Followed

_HORIZONS = (("#003f5c", "o"), ("#bc5090", "s"), ("#ff8c00", "^"), ("#5a9e6f", "D"))


def draw_molchan(axes: Axes, diagrams: Mapping[str, Molchan]) -> Axes:
    """Draw the miss rate over the part of space and time that alarms occupy, on logarithmic τ."""
    share = np.geomspace(1e-5, 1)
    axes.plot(share, 1 - share, label="without skill", **GUIDE)
    for name, each in diagrams.items():
        shown = {**style(name), "marker": None}
        label = f"{name}: {each.area_skill.value:.3f}"
        axes.plot(each.occupied, each.missed, label=label, lw=1.4, **shown)
    axes.set(xscale="log", xlim=(1e-5, 1), ylim=(0, 1))
    axes.set(xlabel="part of space and time under alarm, τ", ylabel="part of the events missed, ν")
    axes.legend(title="area skill score", title_fontsize=8, loc="lower left", **LEGEND)
    return axes


def draw_classes(
    axes: Axes, classes: Sequence[str], gains: Mapping[str, Sequence[Interval]], label: str
) -> Axes:
    """Draw gains by class, one kind of marker for each horizon, with 95 % intervals."""
    rows = np.arange(len(classes), dtype=float)
    shift = np.linspace(-0.22, 0.22, len(gains)) if len(gains) > 1 else [0.0]
    for offset, (horizon, intervals), (colour, marker) in zip(
        shift, gains.items(), _styles(gains), strict=True
    ):
        value, spread = spread_of(intervals)
        axes.errorbar(
            value,
            rows + offset,
            xerr=spread,
            fmt=marker,
            color=colour,
            label=horizon,
            ms=4.5,
            lw=1.1,
            capsize=2,
        )
    axes.axvline(0, **GUIDE)
    axes.set_yticks(rows, classes)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set(ylim=(len(classes) - 0.5, -0.5), xlabel=label)
    return axes


def draw_sequence(axes: Axes, followed: Followed, models: Sequence[str], span_days: float) -> Axes:
    """Draw observed counts of each issue time's horizon, and what models expected with 95 % bands."""
    rows = followed.within(span_days)
    days = followed.days[rows]
    for name in models:
        low, high = followed.band(name)
        shown = {**style(name), "marker": None}
        axes.fill_between(days, low[rows], high[rows], color=str(shown["color"]), alpha=0.16, lw=0)
        axes.plot(days, followed.expected[name][rows], label=name, lw=1.4, **shown)
    axes.plot(days, followed.observed[rows], "o", color="black", ms=3.2, label="observed", zorder=3)
    axes.set_yscale("symlog", linthresh=1, linscale=0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set(xlim=(0, span_days + followed.horizon_days), ylim=(-0.12, None))
    axes.set_title(f"{followed.name}, M {followed.magnitude:.1f}", fontsize=9, loc="left")
    return axes


def _styles(gains: Mapping[str, Sequence[Interval]]) -> list[tuple[str, str]]:
    return [_HORIZONS[k % len(_HORIZONS)] for k in range(len(gains))]
