"""The report's sections on alarms, on where the skill comes from, on single sequences, and on CSEP's tests."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from terrella.engine.judge import Interval
from terrella.engine.judge.document import NOTHING
from terrella.engine.judge.report import Picture, Section, Table
from terrella.forecast.judging.after_shocks import DELAYS_DAYS, LEAST_MAGNITUDE, MOST_SHOCKS, AfterShocks
from terrella.forecast.judging.breakdown import ACTIVITY, MAGNITUDE, REGION, SINCE, Context
from terrella.forecast.judging.csep_tests import MISSING, Consistency, CsepTests
from terrella.forecast.judging.judged import Closer, Judged
from terrella.forecast.judging.score_files import rivals
from terrella.forecast.judging.sequences import SPANS_DAYS, Followed
from terrella.forecast.judging.skill_figures import draw_classes, draw_molchan, draw_sequence
from terrella.forecast.models import CLIMATOLOGY, ETAS_, NETWORK


def skill_sections(
    judged: Sequence[Judged], closer: Closer, context: Context, resamples: int
) -> list[Section]:
    """Return the sections, in the order of the page."""
    return [
        _alarms(judged),
        _origin(judged, context),
        _single_sequences(closer, resamples),
        _hours(closer.hours, resamples),
        _csep(closer.csep),
    ]


def paired_by_sequence(judged: Sequence[Judged], resamples: int) -> Table:
    """Return the network's gains with both kinds of intervals: blocks of time, and whole sequences."""
    name = _main(judged[0])
    columns = [f"{each.horizon_days:g} d, {how}" for each in judged for how in ("by time", "by sequence")]
    rows = []
    for model, over in rivals(judged[0]):
        cells = []
        for each in judged:
            better, events = each.losses[over] - each.losses[model], each.events
            by_time = each.blocks.gain(better, events)
            cells += [by_time, each.breakdown.gain_by_sequence(model, over, resamples)]
        rows.append((f"over {over}", cells))
    caption = f"Information gain of {name} with both intervals, nats per earthquake"
    return Table(caption, columns, rows, [3] * len(columns))


def _main(judged: Judged) -> str:
    return NETWORK if NETWORK in judged.losses else ETAS_


def _alarms(judged: Sequence[Judged]) -> Section:
    text = (
        "If the cells where a model expects most, measured by its ratio to climatology, were put under alarm, how "
        "many earthquakes would be missed (ν) for how much of space and time under alarm (τ)? τ counts a cell by "
        "what climatology expects there, so that climatology itself, and chance, lie on the grey line ν = 1 − τ "
        "(Molchan 1990; Zechar & Jordan 2008). The area skill score is the area above a curve: 1 is perfect, 1/2 "
        "without skill."
    )
    names = list(judged[0].molchan)
    rows = [(name, [each.molchan[name].area_skill for each in judged]) for name in names]
    error = ", ".join(
        f"{next(iter(each.molchan.values())).unskilled_error:.4f} ({each.horizon_days:g} d)"
        for each in judged
    )
    text += (
        f"\n\nWithout skill the score's standard deviation would be √(1/12N) for N independent events: {error}. "
        "Earthquakes cluster, so the intervals, by resampled blocks of time, are wider than that."
    )
    columns = [f"{each.horizon_days:g} d" for each in judged]
    figure = Figure(figsize=(4.4 * len(judged[:3]), 4), layout="constrained")
    for axes, each in zip(figure.subplots(1, len(judged[:3]), squeeze=False)[0], judged[:3], strict=True):
        draw_molchan(axes, each.molchan).set_title(f"{each.horizon_days:g}-day forecasts", fontsize=9)
    picture = Picture(
        "molchan",
        figure,
        "Molchan’s diagram against climatology: the lower the curve, the fewer earthquakes are missed.",
        "Curves of the miss rate over the part of space and time under alarm, for each model and horizon.",
    )
    table = Table("Area skill score against climatology", columns, rows, [4] * len(columns))
    return Section("Alarms: Molchan’s diagram", text, [table], [picture])


def _origin(judged: Sequence[Judged], context: Context) -> Section:
    first, main = judged[0], _main(judged[0])
    over = ETAS_ if main == NETWORK else CLIMATOLOGY
    text = (
        "Gains per earthquake of the class; the classes of a kind add up to the whole, but for magnitudes, which "
        f"hold one another. A large shock is one of M ≥ {context.shocks.min_magnitude:.1f} within 100 km. Activity "
        "divides the cells so that climatology expects a quarter of the earthquakes in each group. Gains for "
        "larger earthquakes ask each model for their number in every cell, by the same Gutenberg–Richter law for "
        f"all (b = {context.b:.2f} in the training window), so that they differ only in where and when."
    )
    models = [name for name in first.losses if name != CLIMATOLOGY]
    tables = []
    for kind, classes in first.breakdown.classes.items():
        gains = {name: first.breakdown.gains(kind, name, CLIMATOLOGY, first.blocks) for name in models}
        events = first.breakdown.counts(kind)
        rows: list[tuple[str, list[str | Interval]]] = [
            (name, [f"{events[k]:,}", *(gains[model][k] for model in models)])
            for k, name in enumerate(classes)
        ]
        caption = (
            f"Gain over climatology by {kind}, {first.horizon_days:g}-day forecasts (nats per earthquake)"
        )
        tables.append(Table(caption, ["events", *models], rows, [0, *([2] * len(models))]))
    tables.append(_origin_by_horizon(judged, main, over))
    return Section("Where the skill comes from", text, tables, [_origin_picture(judged, main, over)])


def _origin_by_horizon(judged: Sequence[Judged], main: str, over: str) -> Table:
    rows = []
    for kind, classes in judged[0].breakdown.classes.items():
        gains = [each.breakdown.gains(kind, main, over, each.blocks) for each in judged]
        by_name = [
            dict(zip(j.breakdown.classes[kind], g, strict=True)) for j, g in zip(judged, gains, strict=True)
        ]
        rows += [(name, [each.get(name, NOTHING) for each in by_name]) for name in classes]
    columns = [f"{each.horizon_days:g} d" for each in judged]
    caption = f"Gain of {main} over {over} by class and horizon (nats per earthquake)"
    return Table(caption, columns, rows, [3] * len(columns))


def _origin_picture(judged: Sequence[Judged], main: str, over: str) -> Picture:
    kinds = (SINCE, MAGNITUDE, ACTIVITY, REGION)
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    for axes, kind in zip(figure.subplots(2, 2).flat, kinds, strict=True):
        classes = judged[0].breakdown.classes[kind]
        gains = {}
        for each in judged:
            found = dict(
                zip(
                    each.breakdown.classes[kind],
                    each.breakdown.gains(kind, main, over, each.blocks),
                    strict=True,
                )
            )
            gains[f"{each.horizon_days:g} d"] = [found.get(name, NOTHING) for name in classes]
        draw_classes(axes, classes, gains, f"gain over {over} (nats per earthquake)")
        axes.set_title(kind, fontsize=9, loc="left")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), fontsize=8, edgecolor="none")
    return Picture(
        "breakdown",
        figure,
        f"Where the gain of {main} over {over} comes from, by horizon, with 95 % intervals.",
        "Four panels of points with error bars: gain by time since a large shock, magnitude, activity and region.",
    )


def _single_sequences(closer: Closer, resamples: int) -> Section:
    text = (
        "The largest shocks of the test window, and those that go by a name, each with the cells within Gardner & "
        "Knopoff’s (1974) reach of its magnitude, from the first forecast after the shock on. Forecasts are made "
        "anew at every issue time and see what happened until then. Bands hold 95 % of a model’s counts if cells "
        "were independent given the past. Intervals of gains resample tenths of the time; those of so short a "
        "sequence are rough."
    )
    found = closer.sequences
    if not found:
        return Section(
            "Single sequences", "No shock of the test window has ten earthquakes in its first 30 days."
        )
    models = [name for name in (ETAS_, NETWORK) if name in found[0].losses]
    return Section(
        "Single sequences",
        text,
        [
            table
            for span in SPANS_DAYS
            for table in (_counts_table(found, span), _sequence_gains_table(found, span, resamples))
        ],
        [_sequence_picture(found, models)],
    )


def _counts_table(found: Sequence[Followed], span: float) -> Table:
    models = list(found[0].losses)
    rows = []
    for each in found:
        inside = each.within(span)
        expected = [f"{each.expected[name][inside].sum():,.0f}" for name in models]
        rows.append((_title(each), [f"{each.observed[inside].sum():,.0f}", *expected]))
    caption = f"First {span:g} days: earthquakes observed, and expected by each model"
    return Table(caption, ["observed", *models], rows, [0] * (1 + len(models)))


def _sequence_gains_table(found: Sequence[Followed], span: float, resamples: int) -> Table:
    models = [name for name in found[0].losses if name != CLIMATOLOGY]
    rows = []
    for each in found:
        gains = [each.gain(name, CLIMATOLOGY, span, resamples) for name in models]
        if NETWORK in models:
            gains.append(each.gain(NETWORK, ETAS_, span, resamples))
        rows.append((_title(each), gains))
    columns = [*models, *([f"{NETWORK} over {ETAS_}"] if NETWORK in models else [])]
    caption = f"First {span:g} days: gain over climatology (nats per earthquake)"
    return Table(caption, columns, rows, [2] * len(columns))


def _title(each: Followed) -> str:
    return f"{each.name} (M {each.magnitude:.1f})"


def _sequence_picture(found: Sequence[Followed], models: Sequence[str]) -> Picture:
    rows = (len(found) + 1) // 2
    figure = Figure(figsize=(10, 2.3 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, 2, squeeze=False).flat
    for axes, each in zip(panels, found, strict=False):
        draw_sequence(axes, each, models, SPANS_DAYS[0])
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    step = "day" if found[0].horizon_days == 1 else f"{found[0].horizon_days:g} days"
    figure.supylabel(f"earthquakes per {step}", fontsize=9)
    for axes in panels[max(len(found) - 2, 0) : len(found)]:
        axes.set_xlabel("days since the shock")
    panels[0].legend(fontsize=8, edgecolor="none")
    return Picture(
        "sequences",
        figure,
        "Observed earthquakes (points) beside what the models expected (lines), with 95 % bands.",
        "Panels of daily counts over the first 30 days of each sequence, with lines and bands of the models.",
    )


def _hours(found: AfterShocks | None, resamples: int) -> Section:
    title = "Hours after large shocks"
    if found is None:
        return Section(title, f"No shock of M ≥ {LEAST_MAGNITUDE:g} lies in the window.")
    text = (
        f"Forecasts issued 1 hour, 6 hours and 1 day after every shock of M ≥ {LEAST_MAGNITUDE:g} in the window "
        f"(the largest {MOST_SHOCKS} where there are more), in the cells within Gardner & Knopoff’s (1974) reach "
        "of its magnitude. Shocks of one sequence share earthquakes; intervals resample sequences. The "
        "recalibration is that of forecasts issued every day."
    )
    tables = []
    names = list(found.expected)
    pairs = [(ETAS_, CLIMATOLOGY), *([(NETWORK, ETAS_)] if NETWORK in names else [])]
    for horizon, days in enumerate(found.horizons_days):
        rows: list[tuple[str, list[str | Interval]]] = []
        for delay in DELAYS_DAYS:
            chosen = found.rows(delay, horizon)
            if not chosen.any():
                continue
            counts = [f"{int(chosen.sum()):,}", f"{found.observed[chosen, horizon].sum():,.0f}"]
            ratios = [found.ratio(name, chosen, horizon, resamples) for name in names]
            gains = [found.gain(*pair, chosen, horizon, resamples) for pair in pairs]
            rows.append((f"{24 * delay:g} h after the shock", [*counts, *ratios, *gains]))
        columns = ["shocks", "observed", *(f"{name}, expected/observed" for name in names)]
        columns += [f"{name} over {over} (nats/eq.)" for name, over in pairs]
        digits = [0, 0, *([2] * len(names)), *([3] * len(pairs))]
        tables.append(Table(f"Next {days:g} d", columns, rows, digits))
    return Section(title, text, tables)


def _csep(found: CsepTests | None) -> Section:
    if found is None:
        return Section("CSEP’s tests", MISSING)
    text = (
        f"By pyCSEP {found.version}. Forecasts of all issue times are added up over the test window, in which "
        f"{found.observed:,} earthquakes occurred, and spread over magnitudes by one Gutenberg–Richter law. Each "
        "number is a quantile: where it lies below 0.025 (in a number test: where one of the two does), the model "
        "is inconsistent with what happened at 95 %. The tests take counts for Poisson counts, which clustered "
        "earthquakes are not, so that even a good model fails the spatial and conditional-likelihood tests over a "
        "long window; the second number test has a negative binomial law with the variance of yearly counts in the "
        "training window."
        "\n\nT- and W-tests compare the forecasts of each issue time, with Poisson likelihoods and every "
        "earthquake for itself: their intervals are narrower than those above, which know that earthquakes come "
        "in sequences."
    )
    rows = [(name, _consistency_cells(each, found.observed)) for name, each in found.consistency.items()]
    columns = ["N expected", "N-test (δ₁, δ₂)", "N-test, clustered", "M-test", "S-test", "CL-test"]
    consistency = Table("Consistency with the test window (quantiles)", columns, rows, [3] * len(columns))
    pairs: list[tuple[str, list[str | Interval]]] = [
        (
            f"{each.model} over {each.over}",
            [
                Interval(each.gain, each.low, each.high),
                f"{each.t_statistic:.2f} ({each.t_critical:.2f})".replace("-", "−"),
                "< 0.001" if each.w_probability < 0.001 else f"{each.w_probability:.3f}",
            ],
        )
        for each in found.comparisons
    ]
    columns = ["gain (nats per earthquake)", "t (critical value)", "W-test, probability"]
    paired = Table("Paired T- and W-tests", columns, pairs, [3, 2, 3])
    return Section("CSEP’s tests", text, [consistency, paired])


def _consistency_cells(each: Consistency, observed: int) -> list[str | Interval]:
    def pair(values: tuple[float, float]) -> str:
        return f"{values[0]:.3f}, {values[1]:.3f}"

    single = (each.magnitude, each.spatial, each.conditional_likelihood)
    return [
        f"{each.expected:,.0f} ({each.expected / max(observed, 1):.0%})",
        pair(each.number),
        pair(each.number_clustered),
        *(f"{value:.3f}" for value in single),
    ]
