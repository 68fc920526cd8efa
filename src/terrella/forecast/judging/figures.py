"""Figures of the report, one function each: data and axes in, axes out."""

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from terrella.engine.judge import Interval
from terrella.forecast.judging.scores import Curves
from terrella.formats.catalogues.catalogue import Floats

# Colour (Okabe & Ito's, safe for the colour-blind), line style and marker of each model: readable in grey too.
_GUIDE = {"color": "#a8a8a8", "lw": 0.9, "zorder": 0}
_LEGEND = {"fontsize": 8, "edgecolor": "none", "framealpha": 0.8}
_STYLES = {
    "climatology": ("#999999", ":", "s"),
    "persistence": ("#CC79A7", "-.", "v"),
    "Reasenberg–Jones": ("#E69F00", "--", "^"),
    "ETAS": ("#0072B2", (0, (7, 1.5)), "o"),
    "network": ("#D55E00", "-", "D"),
    "true process": ("#000000", "--", "*"),
}
# Models without a style of their own share these, each name always the same one.
_OTHERS = (
    ("#009E73", (0, (3, 1, 1, 1)), "P"),
    ("#56B4E9", (0, (5, 1, 1, 1, 1, 1)), "X"),
    ("#7A4B9A", (0, (1, 1)), "h"),
    ("#8C6D1F", (0, (4, 2)), "p"),
)


def style(name: str) -> dict[str, object]:
    """Return a model's colour, line style and marker for matplotlib."""
    colour, line, marker = _STYLES.get(name) or _OTHERS[crc32(name.encode()) % len(_OTHERS)]
    return {"color": colour, "linestyle": line, "marker": marker}


def draw_reliability(axes: Axes, curves: Mapping[str, Curves]) -> Axes:
    """Draw observed frequency against forecast probability with 95 % intervals, where events occurred."""
    drawn = {name: curve for name, curve in curves.items() if len(curve.forecast_probability)}
    low = max(min((float(curve.forecast_probability.min()) for curve in drawn.values()), default=1e-3), 1e-8)
    axes.plot([low, 1], [low, 1], label="as forecast", **_GUIDE)  # type: ignore[arg-type]
    for name, curve in drawn.items():
        spread = _spread(curve.observed_frequency, curve.observed_low, curve.observed_high)
        axes.errorbar(
            curve.forecast_probability, curve.observed_frequency, spread, label=name, ms=4, lw=1.2, elinewidth=0.7,
            **style(name),  # type: ignore[arg-type]
        )  # fmt: skip
    # An interval that reaches down to zero would otherwise stretch the logarithmic axis without end.
    axes.set(xscale="log", yscale="log", xlim=(low / 2, 1), ylim=(low / 5, 1))
    axes.set(xlabel="forecast probability per cell", ylabel="observed frequency")
    axes.legend(**_LEGEND)
    return axes


def draw_roc(axes: Axes, curves: Mapping[str, Curves]) -> Axes:
    """Draw the hit rate against the false-alarm rate, on a logarithmic axis since alarms are rare."""
    rates = np.geomspace(1e-4, 1)
    axes.plot(rates, rates, label="by chance", **_GUIDE)  # type: ignore[arg-type]
    for name, curve in curves.items():
        shown = {**style(name), "marker": None}
        axes.plot(curve.false_alarm_rate, curve.hit_rate, label=name, lw=1.4, **shown)  # type: ignore[arg-type]
    axes.set(xscale="log", xlim=(1e-4, 1), ylim=(0, 1))
    axes.set(xlabel="false-alarm rate (share of quiet cells)", ylabel="hit rate (share of cells with events)")
    axes.legend(**_LEGEND)
    return axes


def draw_by_horizon(
    axes: Axes, horizons_days: Sequence[float], values: Mapping[str, Sequence[Interval]], label: str
) -> Axes:
    """Draw a score of several models at each horizon, with 95 % intervals."""
    shift = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else [0.0]
    for offset, (name, intervals) in zip(shift, values.items(), strict=True):
        value, low, high = np.array([(i.value, i.low, i.high) for i in intervals]).T
        axes.errorbar(
            np.arange(len(value)) + offset, value, _spread(value, low, high), label=name, capsize=3, ms=5, lw=1.2,
            **style(name),  # type: ignore[arg-type]
        )  # fmt: skip
    axes.axhline(0, **_GUIDE)  # type: ignore[arg-type]
    axes.set_xticks(range(len(horizons_days)), [f"{days:g}" for days in horizons_days])
    axes.set(xlim=(-0.5, len(horizons_days) - 0.5), xlabel="horizon (days)", ylabel=label)
    axes.legend(**_LEGEND)
    return axes


def draw_cumulative_gain(
    axes: Axes, years: Floats, gains: Mapping[str, Floats], events: Floats, baseline: str
) -> Axes:
    """Draw the growing gain of models over a baseline, in nats, above the growing number of events.

    `years` since the test began, `events` and each model's `gains` have one value per issue time.
    """
    for name, gain in gains.items():
        shown = {**style(name), "marker": None}
        axes.plot(years, np.cumsum(gain), label=name, lw=1.4, **shown)  # type: ignore[arg-type]
    axes.axhline(0, label=baseline, **{**_GUIDE, **style(baseline), "marker": None})  # type: ignore[arg-type]
    axes.set(xlabel="years since the test began", ylabel=f"cumulative gain over {baseline} (nats)")
    count = axes.twinx()
    count.fill_between(years, np.cumsum(events), color="#e4e4e4", step="post")
    count.set_ylabel("cumulative events (grey)")
    count.set(xlim=(years[0], years[-1]), ylim=(0, None))
    axes.set_zorder(count.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.legend(**_LEGEND)
    return axes


def draw_training(axes: Axes, epochs: Sequence[Mapping[str, float]]) -> Axes:
    """Draw training and validation loss by epoch."""
    number = range(1, len(epochs) + 1)
    for key, name, line, colour in (
        ("loss", "training", "o-", "#0072B2"),
        ("validation", "validation", "D--", "#D55E00"),
    ):
        axes.plot(number, [epoch[key] for epoch in epochs], line, color=colour, label=name, lw=1.2, ms=4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel="loss (nats per event)")
    axes.legend(**_LEGEND)
    return axes


def _spread(value: Floats, low: Floats, high: Floats) -> Floats:
    """Return the lengths of error bars; a value may lie outside its percentile interval, by a little."""
    return np.maximum(np.stack([value - low, high - value]), 0)
