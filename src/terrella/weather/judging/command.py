"""A trained network judged beside persistence, climatology, damped persistence and, on a planet, its solver."""

import importlib.util

from terrella.engine.device import choose_device
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.weather.baselines.climatology import fit_climatology
from terrella.weather.baselines.damped import fit_damped
from terrella.weather.bundle import weather_of
from terrella.weather.data.store import Store
from terrella.weather.data.windows import windows_within
from terrella.weather.judging.forecasts import Forecaster, baselines, network_forecasts
from terrella.weather.judging.judged import judge_forecasts, starts_within
from terrella.weather.judging.reporting import made_report
from terrella.weather.judging.results import scores_of
from terrella.weather.planet.simulate import EVERY
from terrella.weather.settings import WeatherSettings
from terrella.weather.training import open_weather

NETWORK = "mesh network"


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge a network and its baselines, which are fitted on the training's states.

    Raises:
        InputError: where the split is too short, or the store is not that of the training.
    """
    model = weather_of(asked.bundle)
    settings = asked.settings(WeatherSettings)
    chosen = settings.judge
    if asked.data is not None:
        settings = settings.model_copy(
            update={"data": settings.data.model_copy(update={"store": asked.data})}
        )
    weather = open_weather(settings, report)
    store = weather.store
    if asked.bundle.values["data_mark"] != store.mark:
        raise InputError(
            f"{store.path} no longer holds what {asked.run.bundle} was trained on; a state of training might be "
            "judged. Train again, with another --run"
        )
    steps = _steps(chosen.leads_hours, store)
    starts = starts_within(store, weather.spans[asked.split], max(steps), chosen.every_hours)
    solver = _has_solver(store)
    if solver:
        number = len(store.times) // int(store.about["members"])
        starts = starts[starts % number % EVERY == 0]
    if len(starts) == 0:
        raise InputError(
            f"{asked.run.folder}: no forecast of {max(chosen.leads_hours)} h fits in the split {asked.split!r}; "
            "lower judge.leads_hours, or choose another split"
        )
    report(
        {"kind": "message", "message": "fitting climatology and damped persistence on the states of training"}
    )
    learned = windows_within(store.times, weather.spans["train"], store.step_hours, 1)
    climatology = fit_climatology(store, learned)
    damped = fit_damped(store, climatology, learned, steps)
    network = model.network.to(choose_device(settings.fit.device))
    members = chosen.members if settings.network.noise else 1
    layout = model.layout
    forecasts = network_forecasts(network, layout.statistics, layout.forcings, members, settings.fit.seed)
    forecasters = [Forecaster(NETWORK, forecasts, True, members), *baselines(climatology, damped, solver)]
    report(
        {"kind": "message", "message": f"judging {len(starts):,} forecasts of {max(chosen.leads_hours)} h"}
    )
    judged = judge_forecasts(store, forecasters, climatology, starts, steps, report)
    scores = scores_of(judged, store, asked.split, chosen)
    return made_report(asked.run, judged, scores, store, forecasters, climatology)


def _steps(leads: tuple[int, ...], store: Store) -> tuple[int, ...]:
    if wrong := [lead for lead in leads if lead % store.step_hours]:
        raise InputError(
            f"judge.leads_hours {wrong[0]}: a multiple of the store's {store.step_hours} h is expected"
        )
    return tuple(sorted({lead // store.step_hours for lead in leads}))


def _has_solver(store: Store) -> bool:
    """Return whether the planet's solver is at hand, to be judged too."""
    return store.simulated and all(importlib.util.find_spec(name) for name in ("dinosaur", "jax"))
