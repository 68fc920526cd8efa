"""What a judged run leaves for people: the parts of its report, and what the terminal shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from terrella.engine.judge import Interval
from terrella.engine.judge.document import signed
from terrella.engine.judge.report import Picture, Section, Table, score_tables
from terrella.engine.settings import settings_text
from terrella.forecast.judging import figures
from terrella.forecast.judging.breakdown import Context
from terrella.forecast.judging.judged import Closer, Judged
from terrella.forecast.judging.skill_sections import paired_by_sequence, skill_sections
from terrella.forecast.maps import forecast_figure
from terrella.forecast.models import ALL_ZERO, ETAS_, FITTED, NETWORK, Forecaster
from terrella.forecast.prediction import grid_forecasts

_COLUMNS = (
    ("brier", "Brier score", 6),
    ("brier_skill", "Brier skill over climatology", 4),
    ("log_likelihood", "log-likelihood per earthquake", 3),
    ("information_gain", "gain over climatology (nats/eq.)", 3),
    ("auc", "area under ROC", 4),
)


def sections(
    document: Mapping[str, Any],
    forecaster: Forecaster,
    judged: Sequence[Judged],
    closer: Closer,
    context: Context,
    seen: str,
) -> list[Section]:
    """Return the parts of the report; `seen` is what the models know of this window."""
    settings = forecaster.models.settings
    return [
        Section(
            "Scores",
            _about(document["split"], seen),
            [t for each in judged for t in _score_tables(each, document)],
        ),
        _numbers(judged, document),
        Section(
            "Network against baselines",
            "Gains of the network, paired: the same issue times and cells, resampled together. A gain "
            "whose interval holds zero is no gain."
            f"\n\nIntervals come from two bootstraps. One resamples blocks of {settings.judge.block_days:g} "
            "days. The other resamples "
            "sequences, each mainshock with its aftershocks (windows of Gardner & Knopoff 1974), as wholes, "
            "so that a single large one counts once; what belongs to none stays in its block of days.",
            [paired_by_sequence(judged, settings.judge.resamples)],
            [_horizon_picture(judged), _cumulative_picture(judged)],
        ),
        *skill_sections(judged, closer, context, settings.judge.resamples),
        Section("Calibration and discrimination", "", [], _curve_pictures(judged)),
        Section("A forecast", "", [], [_map_picture(forecaster, judged)]),
        Section(
            "Data and settings", f"{document['data']}. {document['split']}.", [], [], settings_text(settings)
        ),
    ]


def shown(judged: Sequence[Judged]) -> list[tuple[str, str, int, float]]:
    """Return the scores of the terminal's table and the card: gain and skill over climatology."""
    gains = [(f"information_gain@{e.label}", f"gain/eq. {e.horizon_days:g} d", 3, 1.0) for e in judged]
    return gains + [(f"brier_skill@{e.label}", f"skill {e.horizon_days:g} d", 3, 1.0) for e in judged]


def gains_over_etas(judged: Sequence[Judged], ceiling: str | None) -> list[str]:
    """Return the gains over ETAS with their intervals, in lines."""
    lines = ["Gains over ETAS in nats per earthquake, with 95 % intervals:"]
    for each in judged:
        for name in (NETWORK, *([ceiling] if ceiling else [])):
            gain = _gain(each, name, ETAS_)
            if gain is not None:
                line = f"  {each.horizon_days:g} d, {name}: {signed(gain)}"
                share = _attained(each, ceiling) if name == NETWORK else None
                lines.append(line if share is None else f"{line}, {share:.0%} of the attainable gain")
    return lines


def _gain(each: Judged, name: str, over: str, score: str = "information_gain") -> Interval | None:
    found = [p.gain for p in each.scores.paired if (p.score, p.model, p.over) == (score, name, over)]
    return found[0] if found else None


def _attained(each: Judged, ceiling: str | None) -> float | None:
    """Return the network's share of the true process's gain over ETAS."""
    if ceiling is None:
        return None
    won, most = _gain(each, NETWORK, ETAS_), _gain(each, ceiling, ETAS_)
    return won.value / most.value if won and most and most.value > 0 else None


def lead(judged: Sequence[Judged], ceiling: str | None) -> str:
    """Return what judging found, in one sentence."""
    parts = []
    for each in judged:
        gain = _gain(each, NETWORK, ETAS_)
        if gain is not None:
            verdict = (
                "better than ETAS"
                if gain.low > 0
                else "worse than ETAS"
                if gain.high < 0
                else "not distinguishable from ETAS"
            )
            share = _attained(each, ceiling)
            of_ceiling = f", {share:.0%} of what the true process gains" if share is not None else ""
            parts.append(
                f"{each.horizon_days:g} d: the network is {verdict} "
                f"({signed(gain, ' to ')} nats per earthquake{of_ceiling})"
            )
    return "; ".join(parts) + "."


def _about(split: str, seen: str) -> str:
    return (
        f"Pseudo-prospective forecasts, {split}: each sees only the events before its issue time. All models "
        "but all-zero were recalibrated alike on the dev window: log μ as a straight line of the model's, the same "
        "at all horizons and only as far as it helped in spans of time that it was not fitted to, and a negative "
        "binomial distribution of counts. Ranges are 95 % intervals by block bootstrap."
        "\n\nA Brier score alone says nothing where events are rare: compare the row of all zeros."
        + (f"\n\n{seen}" if seen else "")
    )


def _score_tables(each: Judged, document: Mapping[str, Any]) -> list[Table]:
    number = f"{len(each.issue_days):,} issue times, {int(each.events.sum()):,} events"
    caption = f"{each.horizon_days:g}-day forecasts: {number}"
    columns = [(f"{score}@{each.label}", head, digits, 1.0) for score, head, digits in _COLUMNS]
    return score_tables(caption, document["models"], columns)


def _numbers(judged: Sequence[Judged], document: Mapping[str, Any]) -> Section:
    """Return the section on the number of events."""
    text = (
        "Expected over observed earthquakes in the whole region, after recalibration. An interval that holds 1 is "
        "consistent with what happened. One large sequence can hold a tenth of all earthquakes, so the ratio is "
        "also given without the busiest 1 % of the issue times."
    )
    kinds = {"expected_over_observed": "all", "expected_over_observed_quiet": "without the busiest 1 %"}
    columns = [
        (f"{score}@{each.label}", f"{each.horizon_days:g} d, {kind}", 2, 1.0)
        for each in judged
        for score, kind in kinds.items()
    ]
    known = {name: own for name, own in document["models"].items() if name != ALL_ZERO}
    return Section("Numbers of earthquakes", text, score_tables("Expected over observed", known, columns))


def _horizon_picture(judged: Sequence[Judged]) -> Picture:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    days = [each.horizon_days for each in judged]
    names = [name for name in judged[0].scores.models if name != ALL_ZERO]
    for axes, score, label in (
        (left, "information_gain", "gain over climatology\n(nats per earthquake)"),
        (right, "brier_skill", "Brier skill\nover climatology"),
    ):
        values = {n: [each.scores.models[n][score] for each in judged] for n in names if n != "climatology"}
        figures.draw_by_horizon(axes, days, values, label)
    return Picture(
        "skill_by_horizon",
        figure,
        "Information gain and Brier skill over climatology at each horizon, with 95 % intervals.",
        "Two panels of points with error bars: gain and skill of each model by horizon.",
    )


def _cumulative_picture(judged: Sequence[Judged]) -> Picture:
    each = judged[0]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    years = each.issue_days / 365.25
    gains = {
        name: each.losses[ETAS_] - loss
        for name, loss in each.losses.items()
        if name not in FITTED or name == NETWORK
    }
    axes = figures.draw_cumulative_gain(figure.subplots(), years - years[0], gains, each.events, ETAS_)
    axes.set_xlabel("years since the first forecast")
    return Picture(
        "cumulative_gain",
        figure,
        f"Where the gain over ETAS came from: cumulative over the window, {each.horizon_days:g}-day forecasts.",
        "A line of the cumulative gain of the network over ETAS, above the cumulative number of events.",
    )


def _curve_pictures(judged: Sequence[Judged]) -> list[Picture]:
    pictures = []
    for each in judged:
        curves = {name: curve for name, curve in each.scores.curves.items() if name != ALL_ZERO}
        figure = Figure(figsize=(9, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        figures.draw_reliability(left, curves)
        figures.draw_roc(right, curves)
        pictures.append(
            Picture(
                f"calibration_{each.label}",
                figure,
                f"{each.horizon_days:g}-day forecasts: reliability (on the diagonal, forecasts come true as often "
                "as they say) and ROC.",
                "Left, observed frequency against forecast probability; right, hit rate against false alarms.",
            )
        )
    return pictures


def _map_picture(forecaster: Forecaster, judged: Sequence[Judged]) -> Picture:
    """Show the forecast at the end of the shortest horizon with the most events."""
    each = judged[0]
    busiest = min(int(np.argmax(each.events)) + 1, len(each.issue_days) - 1)
    issue = forecaster.models.epoch + np.timedelta64(round(float(each.issue_days[busiest]) * 86_400e6), "us")
    chosen, etas = grid_forecasts(forecaster, issue, NETWORK)
    figure = forecast_figure(chosen, etas, forecaster.catalogue, horizons=(0,))
    return Picture(
        "forecast",
        figure,
        "The forecast after the busiest day of the window, network beside ETAS; circles grow with magnitude.",
        "Two maps of probability per cell, with past and following earthquakes.",
    )
