"""What judging leaves for people: verdict, tables, score cards, maps, spectra, animation, skill per cost."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrella.engine.judge.figures import LEGEND, look_of
from terrella.engine.judge.report import Picture, Section, Table, filled, score_tables
from terrella.engine.run import Run
from terrella.engine.task import Judging
from terrella.weather.baselines.climatology import Climatology
from terrella.weather.data.store import Store
from terrella.weather.data.variables import known
from terrella.weather.judging import figures
from terrella.weather.judging.animation import write_animation
from terrella.weather.judging.cost import cost_of, cost_section
from terrella.weather.judging.forecasts import Forecaster
from terrella.weather.judging.judged import Judged
from terrella.weather.judging.results import Scores, beaten
from terrella.weather.judging.sums import Floats

_WANTED = ("Z500", "T850", "U850", "T2M", "MSL", "SP")  # that are shown first, where they are there
_SHOWN_LEADS = (24, 72)
_CLASSICAL = ("persistence", "climatology", "damped persistence")
_EARLY = (24, 48, 72)  # hours, of which the verdict speaks
ANIMATION = "forecast.gif"


def made_report(
    run: Run,
    judged: Judged,
    scores: Scores,
    store: Store,
    forecasters: Sequence[Forecaster],
    climatology: Climatology,
) -> Judging:
    """Return what judging found, with the sections of its report; an animation is left among the figures."""
    headline = _headline(scores)
    mark = f"{scores.document['data']}; {scores.document['split']}"
    maps = _maps(run, judged, store, forecasters[0], headline[0], mark)
    said = verdict(scores)
    sections = [
        Section("Errors", _ABOUT_ERRORS, _tables(scores, headline), [_curves(scores, headline)]),
        Section("Score cards", _ABOUT_CARDS, [], _cards(scores)),
        Section("Maps", _about_maps(headline[0], scores), [], maps),
        Section("Spectra", _ABOUT_SPECTRA, [], _spectra(judged, scores, headline[0])),
        cost_section(cost_of(run), said, store.simulated),
    ]  # fmt: skip
    shown = [
        (f"rmse@{short}@{lead}h", f"{short} {lead / 24:g} d", 1 if _is_large(scores, short) else 3, 1.0)
        for short in headline[:3]
        for lead in _shown(scores)
    ]
    document = scores.document
    what = f"{document['forecasts']:,} forecasts of the {document['split']} split, on {document['data']}"
    return Judging(
        document, "Weather: mesh network", f"{said} Judged: {what}.", filled(sections), shown, mark
    )


def verdict(scores: Scores) -> str:
    """Return one sentence: what the network beats, with certainty, in the first days."""
    early = [lead for lead in scores.leads_hours if lead in _EARLY]
    if not early:
        return ""
    found = beaten(scores, _CLASSICAL, tuple(early))
    span = f"at {_listed([f'{lead // 24}' for lead in early])} days"
    whole = [name for name, (won, of) in found.items() if won == of]
    partly = [f"{name} in {won} of {of}" for name, (won, of) in found.items() if won < of]
    parts = []
    if whole:
        parts.append(
            f"beats {_listed(whole)} {span} on every variable and level, each with a 95 % interval above zero"
        )
    if partly:
        parts.append(f"beats {_listed(partly)} pairs of channel and lead")
    return f"The network {'; it '.join(parts)}.{_worse(scores, max(early))}"


def _worse(scores: Scores, after: int) -> str:
    """Return from which lead on climatology is better for certain in most channels, in words."""
    high = scores.gains["climatology"][2]
    for lead, row in zip(scores.leads_hours, high, strict=True):
        if lead > after and (row < 0).sum() > len(row) / 2:
            return f" At {_days(lead)} climatology is better in {(row < 0).sum()} of {len(row)} channels."
    return ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _days(hours: int) -> str:
    return "1 day" if hours == 24 else f"{hours / 24:g} days"


def _headline(scores: Scores) -> list[str]:
    found = [name for name in _WANTED if name in scores.channels]
    return found or list(scores.channels[:3])


def _shown(scores: Scores) -> list[int]:
    return [lead for lead in scores.leads_hours if lead in _SHOWN_LEADS] or list(scores.leads_hours[:2])


def _is_large(scores: Scores, short: str) -> bool:
    at = scores.channels.index(short)
    return bool(next(iter(scores.values.values()))["rmse"][:, at].max() > 20)


def _tables(scores: Scores, headline: Sequence[str]) -> list[Table]:
    models = scores.document["models"]
    units = next(iter(models.values()))
    return [
        table
        for lead in _shown(scores)
        for table in score_tables(
            f"RMSE {_days(lead)} ahead",
            models,
            [
                (name, f"{short} ({units[name]['unit']})", 1 if _is_large(scores, short) else 3, 1.0)
                for short in headline
                for name in [f"rmse@{short}@{lead}h"]
            ],
        )
    ]


def _curves(scores: Scores, headline: Sequence[str]) -> Picture:
    shown = headline[:4]
    figure = Figure(figsize=(3.2 * len(shown), 2.9), layout="constrained")
    look = look_of(list(scores.values))
    for axes, short in zip(np.atleast_1d(figure.subplots(1, len(shown))), shown, strict=True):
        at = scores.channels.index(short)
        unit = scores.document["models"][next(iter(scores.values))][f"rmse@{short}@{scores.leads_hours[0]}h"][
            "unit"
        ]
        values = {name: own["rmse"][:, at] for name, own in scores.values.items()}
        figures.draw_rmse(axes, scores.leads_hours, values, look, unit, short)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, **LEGEND)
    return Picture("rmse", figure, "RMSE by lead time.", "Lines of RMSE over lead time, one for each model.")


def _cards(scores: Scores) -> list[Picture]:
    made = []
    for other, (gain, low, high) in scores.gains.items():
        figure = Figure(figsize=(4.2, 0.6 + 0.24 * len(scores.channels)), layout="constrained")
        image = figures.draw_card(figure.subplots(), gain, low, high, scores.leads_hours, scores.channels)
        figure.colorbar(image, ax=figure.axes[0], label="share of RMSE avoided")
        name = f"card_{other.replace(' ', '_')}"
        caption = (
            f"RMSE of {other} that the network avoids, in %; negative where it is worse, in brackets where it is "
            "not certain."
        )
        made.append(
            Picture(name, figure, caption, f"A table in colours of gains over {other} by channel and lead.")
        )
    return made


def _spectra(judged: Judged, scores: Scores, short: str) -> list[Picture]:
    at, names = scores.channels.index(short), list(judged.spectra)
    leads = [0, len(scores.leads_hours) - 1]
    figure = Figure(figsize=(7.4, 3.0), layout="constrained")
    look = look_of(list(scores.values))
    for axes, lead in zip(figure.subplots(1, 2, sharey=True), leads, strict=True):
        power = {name: judged.spectra[name][lead, at] for name in names}
        figures.draw_spectra(axes, power, look, f"{short}, {_days(scores.leads_hours[lead])} ahead")
    figure.axes[0].legend(**LEGEND)
    return [
        Picture("spectra", figure, "Power by wavenumber.", "Power of forecasts and truth over wavenumber.")
    ]


def _maps(
    run: Run, judged: Judged, store: Store, network: Forecaster, short: str, mark: str
) -> list[Picture]:
    """Return maps of the first forecast at one and three days, and leave its animation."""
    at = [channel.short for channel in store.channels].index(short)
    start, last = judged.starts[:1], max(judged.steps)
    every = range(1, last + 1)
    shape = (len(store.latitude), len(store.longitude))
    forecast, truth = np.zeros((2, last, *shape))
    for row, (step, state) in enumerate(zip(every, network.forecasts(store, start, every), strict=True)):
        forecast[row] = (state if state.ndim == 3 else state[0])[0, :, at].reshape(shape)
        truth[row] = store.states(start + step)[0, :, at].reshape(shape)
    variable = known(store.channels[at].variable)
    head = f"{short} ({variable.unit if variable else ''})"
    grid = (store.latitude, store.longitude)
    land = not store.simulated
    write_animation(run.figures / ANIMATION, forecast, truth, grid, store.step_hours, head, land, mark)
    steps = [lead // store.step_hours for lead in (24, 72) if lead // store.step_hours <= last] or [last]
    figure = Figure(figsize=(9.4, 1.9 * len(steps) + 0.5), layout="constrained")
    for panels, step in zip(
        figure.subplots(len(steps), 3, sharex=True, sharey=True, squeeze=False), steps, strict=True
    ):
        _row(
            figure,
            panels,
            forecast[step - 1],
            truth[step - 1],
            grid,
            land,
            _days(step * store.step_hours),
        )
    caption = (
        f"{head} of the forecast from {str(store.times[start[0]])[:13]}, what came, and their difference."
    )
    return [Picture("maps", figure, caption, "Maps of forecast, truth and difference at one and three days.")]


def _row(
    figure: Figure,
    row: Sequence[Axes],
    forecast: Floats,
    truth: Floats,
    grid: tuple[Floats, Floats],
    land: bool,
    when: str,
) -> None:
    limits = figures.spread_limits([forecast, truth])
    most = float(np.abs(forecast - truth).max()) or 1.0
    shown = (
        (forecast, limits, "viridis"),
        (truth, limits, "viridis"),
        (forecast - truth, (-most, most), "PuOr"),
    )
    for axes, (field, bounds, colours), title in zip(
        row, shown, ("forecast", "what came", "difference"), strict=True
    ):
        mesh = figures.draw_map(axes, field, *grid, bounds, colours, land)
        axes.set_title(f"{title}, {when}", fontsize=8)
        figure.colorbar(mesh, ax=axes, shrink=0.8).ax.tick_params(labelsize=6)


def _about_maps(short: str, scores: Scores) -> str:
    return f"{short} of one forecast; figures/{ANIMATION} shows it unfold, step by step, beside what came."


_ABOUT_ERRORS = (
    "Root of the mean over forecasts and area of the squared error, as WeatherBench 2 defines it. Climatology is "
    "the mean of the training's states by day of the year and hour (of a planet without seasons and continents, by "
    "latitude); damped persistence keeps the share of today's anomaly that is left on average, by latitude, "
    "channel and lead. Intervals resample blocks of starts."
)
_ABOUT_CARDS = "Gains by channel and lead. In scores.json and scores.csv all of them have intervals."
_ABOUT_SPECTRA = (
    "Where the network's power falls below the truth's, it hedges and waves are lost; where it rises above, they "
    "are of its own making."
)
