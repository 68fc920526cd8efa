"""Figures of the report, one function each: data and axes in, axes out."""

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
from matplotlib.axes import Axes

from terrella.engine.judge import Interval
from terrella.engine.judge import figures as common
from terrella.engine.judge.figures import GUIDE, LEGEND, Style, spread_of, styled
from terrella.engine.judge.figures import style as numbered
from terrella.forecast.judging.scores import Curves
from terrella.formats.catalogues.catalogue import Floats

# The looks that all tasks share, and those of models that forecasts alone have.
_NUMBERS = {"network": 0, "ETAS": 1, "persistence": 3, "Reasenberg–Jones": 5}
_OWN = {"climatology": styled("#999999", ":", "s"), "true process": styled("#000000", "--", "*")}
_OTHERS = (2, 4, 6, 7)  # shared by models of other names, each name always the same one


def style(name: str) -> Style:
    """Return a model's colour, line style and marker for matplotlib."""
    number = _NUMBERS.get(name, _OTHERS[crc32(name.encode()) % len(_OTHERS)])
    return _OWN.get(name) or numbered(number)


def draw_reliability(axes: Axes, curves: Mapping[str, Curves]) -> Axes:
    """Draw observed frequency against forecast probability with 95 % intervals, where events occurred."""
    drawn = {name: curve for name, curve in curves.items() if len(curve.forecast_probability)}
    low = max(min((float(curve.forecast_probability.min()) for curve in drawn.values()), default=1e-3), 1e-8)
    axes.plot([low, 1], [low, 1], label="as forecast", **GUIDE)
    for name, curve in drawn.items():
        seen = (curve.observed_frequency, curve.observed_low, curve.observed_high)
        value, spread = spread_of([Interval(*each) for each in zip(*seen, strict=True)])
        axes.errorbar(
            curve.forecast_probability, value, spread, label=name, ms=4, lw=1.2, elinewidth=0.7,
            **style(name),
        )  # fmt: skip
    # An interval that reaches down to zero would otherwise stretch the logarithmic axis without end.
    axes.set(xscale="log", yscale="log", xlim=(low / 2, 1), ylim=(low / 5, 1))
    axes.set(xlabel="forecast probability per cell", ylabel="observed frequency")
    axes.legend(**LEGEND)
    return axes


def draw_roc(axes: Axes, curves: Mapping[str, Curves]) -> Axes:
    """Draw the hit rate against the false-alarm rate."""
    drawn = {name: (curve.false_alarm_rate, curve.hit_rate) for name, curve in curves.items()}
    look = {name: style(name) for name in curves}
    hits, alarms = "hit rate (share of cells with events)", "false-alarm rate (share of quiet cells)"
    common.draw_roc(axes, drawn, look, 1e-4, alarms, hits).legend(**LEGEND)
    return axes


def draw_by_horizon(
    axes: Axes, horizons_days: Sequence[float], values: Mapping[str, Sequence[Interval]], label: str
) -> Axes:
    """Draw a score of several models at each horizon, with 95 % intervals."""
    labels = [f"{days:g}" for days in horizons_days]
    common.draw_by_class(axes, labels, values, {name: style(name) for name in values}, label)
    axes.axhline(0, **GUIDE)
    axes.set_xlabel("horizon (days)")
    axes.legend(**LEGEND)
    return axes


def draw_cumulative_gain(
    axes: Axes, years: Floats, gains: Mapping[str, Floats], events: Floats, baseline: str
) -> Axes:
    """Draw the growing gain of models over a baseline, in nats, above the growing number of events.

    `years` since the test began, `events` and each model's `gains` have one value per issue time.
    """
    for name, gain in gains.items():
        shown = {**style(name), "marker": None}
        axes.plot(years, np.cumsum(gain), label=name, lw=1.4, **shown)
    axes.axhline(0, label=baseline, **{**GUIDE, **style(baseline), "marker": None})
    axes.set(xlabel="years since the test began", ylabel=f"cumulative gain over {baseline} (nats)")
    count = axes.twinx()
    count.fill_between(years, np.cumsum(events), color="#e4e4e4", step="post")
    count.set_ylabel("cumulative events (grey)")
    count.set(xlim=(years[0], years[-1]), ylim=(0, None))
    axes.set_zorder(count.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.legend(**LEGEND)
    return axes
