"""A general bundle in the region of a user's catalogue: ETAS fitted there, or a stated prior, and the network."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from terrella.earth.magnitude import (
    b_value,
    completeness_by_b_stability,
    completeness_by_maximum_curvature,
    reaches,
)
from terrella.earth.region import box_around
from terrella.engine.run import Report, Run
from terrella.engine.settings import fingerprint, save_settings
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.engine.workflow import finished
from terrella.errors import InputError
from terrella.forecast.baselines.climatology import Climatology
from terrella.forecast.baselines.persistence import fit_persistence
from terrella.forecast.baselines.reasenberg_jones import generic
from terrella.forecast.card import make_card
from terrella.forecast.etas.background import Background, neighbour_distances
from terrella.forecast.etas.fit import NEIGHBOURS
from terrella.forecast.etas.likelihood import kernel_parameters, make_window
from terrella.forecast.etas.model import EARTH_RADIUS_KM, ETAS
from terrella.forecast.etas.pairs import triggered_intensity
from terrella.forecast.features.cell_rates import depth_shares
from terrella.forecast.general import General, Prior, from_general_bundle, is_general, on_region
from terrella.forecast.learning.recalibration import calibrate_all
from terrella.forecast.models import Gain, Models
from terrella.forecast.preparation import Cut, background_maps, catalogue_mark, cut, fit_classical
from terrella.forecast.settings import DataSettings, ForecastSettings
from terrella.forecast.storage import TASK, from_bundle, to_bundle
from terrella.forecast.windows import NAMES, Windows, inside, issue_time_of, make_task_grid
from terrella.formats.catalogues.catalogue import Catalogue, Floats
from terrella.formats.catalogues.read import read_catalogue

_MOST_CELLS = 20_000
_FEWEST_EVENTS = 10  # from which even a prior makes a forecast
_TELLING = 50  # events from which completeness or a b-value can be told
_PARTS = 3  # of the catalogue's time, in which completeness is looked at
_UNLIKE = 0.3  # magnitudes by which completeness may differ between them
_LONG_DEV = 4.0  # longest horizons in the dev window, from which it tells a calibration
_MOST_TARGETS = 20_000
_UNIFORM_SHARE = 0.3  # of a background that few events tell
_DAY = np.timedelta64(86_400_000_000, "us")


def open_bundle(
    given: str | Path,
    bundle: str | Path,
    issue_time: str | None,
    min_magnitude: float | None,
    output: Path,
    report: Report,
) -> tuple[Models, Catalogue, np.datetime64, list[str]]:
    """Return models, catalogue, issue time, and lines on what was found in the catalogue and made of the bundle.

    A general bundle is fitted to the events before the issue time, from `min_magnitude` on or from the completeness
    that is found; what is fitted stays beside the output.

    Raises:
        InputError: where bundle, catalogue or issue time are at fault.
    """
    loaded = load_bundle(Path(bundle), TASK)
    general = from_general_bundle(loaded) if is_general(loaded) else None
    models = from_bundle(loaded) if general is None else None
    if models is not None and min_magnitude is not None:
        raise InputError(
            f"{bundle} was trained on M ≥ {models.min_magnitude:g}; only a bundle that is fitted to the catalogue, "
            "such as general, takes --min-magnitude"
        )
    catalogue, findings = read_catalogue(Path(given), models.settings.data.columns if models else None)
    time = issue_time_of(issue_time, catalogue)
    lines = list(findings.lines())
    if general is not None:
        folder = output.parent / f"{Path(given).name.split('.')[0]}-general"
        mark = fingerprint(
            str(loaded.values["fingerprint"]), catalogue_mark(catalogue), str(time), str(min_magnitude)
        )
        known = catalogue[catalogue.time_utc < time]
        models, said = _fitted(general, known, time, min_magnitude, folder, mark, report)
        lines += said
    assert models is not None
    return models, catalogue, time, lines


def _fitted(
    general: General,
    known: Catalogue,
    time: np.datetime64,
    min_magnitude: float | None,
    folder: Path,
    mark: str,
    report: Report,
) -> tuple[Models, list[str]]:
    """Return the models in the region of a catalogue, and what to say: fitted now, or by an earlier call."""
    run = Run(folder)
    done = finished(run.bundle, TASK, mark)
    if done is not None:
        told = [
            line.removeprefix("- general: ")
            for line in done.card.splitlines()
            if line.startswith("- general")
        ]
        return from_bundle(done), [*told, f"fitted by an earlier call: {folder}"]

    def say(line: str) -> None:
        report({"kind": "message", "message": line})

    settings, said = own_settings(general, known, min_magnitude)
    for line in said:
        say(line)
    models, case, told = fit_new_region(general, known, time, settings, report)
    said += told
    folder.mkdir(parents=True, exist_ok=True)
    card = make_card(models, case, mark)
    head, rest = card.split("\n- task", 1)
    card = "\n".join([head, *(f"- general: {line}" for line in said), f"- task{rest}"])
    save_bundle(run.bundle, replace(to_bundle(models, mark), card=card))
    if (
        models.settings.data.test_end is not None
    ):  # a prior knows the whole catalogue: nothing is left to judge on
        save_settings(models.settings, run.settings, TASK)
    return models, [*said, f"fitted to this catalogue, kept in {folder}"]


def own_settings(
    general: General, known: Catalogue, min_magnitude: float | None = None
) -> tuple[ForecastSettings, list[str]]:
    """Return the settings of a forecast of a catalogue's own region, and what of them is worth saying.

    Raises:
        InputError: where there are fewer than ten events, or all have one time.
    """
    if min_magnitude is not None:
        known = known.above(min_magnitude)
    if len(known) < _FEWEST_EVENTS:
        raise InputError(
            f"{known.name}: {len(known)} events are left before the issue time; a forecast of a region takes "
            f"at least {_FEWEST_EVENTS}: give a longer catalogue, a later --issue-time or a smaller magnitude"
        )
    if known.time_utc[0] == known.time_utc[-1]:
        raise InputError(
            f"{known.name}: all {len(known)} events have one time, {str(known.time_utc[0])[:19]}Z; give their own "
            "times, as `terrella forecast data` reads them"
        )
    least, said = (min_magnitude, []) if min_magnitude is not None else _completeness(known)
    large = known.above(least)
    if len(large) < _FEWEST_EVENTS:
        least, large = float(known.magnitude.min()), known
    west, east, south, north = box_around(large.longitude, large.latitude).bounds
    cell = general.settings.data.cell_deg
    while (east - west) * (north - south) / cell**2 > _MOST_CELLS:
        cell *= 2
    if cell > general.settings.data.cell_deg:
        said.append(f"the catalogue spans {east - west:g}° × {north - south:g}°: cells of {cell:g}°")
    data = DataSettings(min_magnitude=round(least, 3), bounds=(west, east, south, north), cell_deg=cell)
    return general.settings.model_copy(update={"data": data}), said


def _completeness(known: Catalogue) -> tuple[float, list[str]]:
    """Return the magnitude from which the whole of a catalogue is complete; its parts may differ."""
    whole = _complete_from(known.magnitude)
    if whole is None:
        return float(known.magnitude.min()), [
            f"{len(known)} events do not tell completeness: all are taken, M ≥ {known.magnitude.min():g}"
        ]
    limits = known.time_utc[0] + (known.time_utc[-1] - known.time_utc[0]) / _PARTS * np.arange(_PARTS + 1)
    parts = [known.between(first, last).magnitude for first, last in pairwise(limits)]
    found = [each for each in map(_complete_from, parts) if each is not None]
    if not found or max(found) - min(found) <= _UNLIKE:
        return whole, []
    return max(whole, *found), [
        f"completeness changes with time, from M {min(found):.1f} to M {max(found):.1f}: only events of "
        f"M ≥ {max(whole, *found):.1f} are taken"
    ]


def _complete_from(magnitude: Floats) -> float | None:
    if len(magnitude) < _TELLING:
        return None
    found = [completeness_by_maximum_curvature(magnitude), completeness_by_b_stability(magnitude)]
    least = float(np.nanmax(found))
    return least if reaches(magnitude, least).sum() >= _TELLING / 2 else None


def fit_new_region(
    general: General, known: Catalogue, time: np.datetime64, settings: ForecastSettings, report: Report
) -> tuple[Models, Cut, list[str]]:
    """Return the models in a region, its case, and what to say of them.

    Windows are shares of the catalogue's length, as those of a training: ETAS is fitted to the first, the
    recalibration to the second; where the region's data cannot tell, those of a region of the training stand in.
    """
    said = ["the network was not trained on this catalogue's region"]
    name, prior = _nearest(general, known)
    span, longest = float((time - known.time_utc[0]) / _DAY), max(settings.horizons_days)
    try:
        if span < longest:
            raise InputError(f"it spans {span:.2g} days")
        case = cut(known, settings)
        explicit = {each: str(case.windows.date(each))[:10] for each in NAMES}
        settings = settings.model_copy(update={"data": settings.data.model_copy(update=explicit)})
        models = fit_classical(case, settings, report)
        if models.etas.branching_ratio() >= 1:
            raise InputError(f"its branching ratio would be {models.etas.branching_ratio():.2f}")
        said.append(f"ETAS is fitted to this catalogue (branching ratio {models.etas.branching_ratio():.2f})")
    except InputError as error:
        case = _whole(known, time, settings)
        models = with_prior(prior, case, settings)
        reason = str(error).removeprefix(f"{known.name}: ").split(";")[0]  # what to do then is about settings
        said.append(
            f"ETAS cannot be fitted to this catalogue ({reason}); its laws are those of {name}, only the "
            f"background is this catalogue's: {len(case.catalogue):,} events of M ≥ {case.min_magnitude:g}"
        )
    if span < longest:
        said.append(
            f"no background that lasts can be told from a sequence in {span:.2g} days: forecasts of up to "
            f"{longest:g} days may be far too high"
        )
    models = replace(models, by_span=general.by_span, smooth=general.smooth)
    models = replace(models, network=on_region(general, models, case.catalogue))
    windows = case.windows
    if windows.test_start - windows.validation_start >= _LONG_DEV * max(settings.horizons_days):
        models = calibrate_all(models, case.catalogue, windows)
        gains = [_believed(own, other) for own, other in zip(models.gains, general.gains, strict=True)]
        models = replace(models, gains=tuple(gains))
    else:
        said.append(f"no part of the catalogue is left to recalibrate on: dispersions are those of {name}")
        models = replace(models, calibrations=prior.calibrations, gains=general.gains)
    return models, case, said


def _believed(own: Gain, other: Gain) -> Gain:
    """Return the gain of the region itself where it is certain, or certainly none; else that of other regions."""
    return own if own.low > 0 or own.high < 0 else other


def _nearest(general: General, known: Catalogue) -> tuple[str, Prior]:
    """Return the prior of the smallest region of the training that holds the middle of a catalogue."""
    longitude, latitude = float(np.median(known.longitude)), float(np.median(known.latitude))
    held = [each for each in general.priors.items() if each[1].holds(longitude, latitude)]
    return held[0] if held else list(general.priors.items())[-1]


def _whole(known: Catalogue, time: np.datetime64, settings: ForecastSettings) -> Cut:
    """Return a case whose training is the whole catalogue until the issue time."""
    data = settings.data
    assert data.min_magnitude is not None
    large = known.above(data.min_magnitude)
    region = box_around(large.longitude, large.latitude)
    chosen = inside(large, region)
    epoch = chosen.time_utc[0].astype("datetime64[D]").astype("datetime64[us]")
    end = max(float((time - epoch) / _DAY), float(chosen.days_since(epoch)[-1]) + 1e-3)
    windows = Windows(epoch, 0.0, 0.0, end, end, end)
    return Cut(chosen, region, make_task_grid(region, data), windows, data.min_magnitude)


def with_prior(prior: Prior, case: Cut, settings: ForecastSettings) -> Models:
    """Return classical models with a prior's laws; the background is that of the catalogue, declustered by them."""
    targets = case.catalogue[max(len(case.catalogue) - _MOST_TARGETS, 0) :]
    etas = _with_background(moved(prior.etas, case.min_magnitude, targets), case, targets)
    windows, grid = case.windows, case.grid
    limits = np.array([windows.train_start, windows.validation_start])
    maps = background_maps(etas, case, targets, limits)[-1:]
    shares = depth_shares(targets, grid)
    days = windows.validation_start - windows.train_start
    share = maps[0] / maps[0].sum()
    rate = (len(case.catalogue) / max(days, 1.0) * share * shares).ravel()
    climatology = Climatology(rate, "adaptive", NEIGHBOURS[0], _UNIFORM_SHARE)
    return Models(
        settings=settings,
        region=case.region,
        grid=grid,
        min_magnitude=case.min_magnitude,
        epoch=windows.epoch,
        start_day=windows.train_start,
        etas=etas,
        background=maps,
        fold_limits=limits,
        depth_shares=shares,
        climatology=climatology,
        persistence=fit_persistence(climatology),
        reasenberg_jones=generic(case.min_magnitude, climatology),
    )


def moved(etas: ETAS, min_magnitude: float, events: Catalogue) -> ETAS:
    """Return a model for events from another magnitude on.

    Sequences are alike at all magnitudes: an event has as many aftershocks above its magnitude less so many steps.
    The zones stay those of the magnitudes. The b-value is the events' own where they tell it.
    """
    step = min_magnitude - etas.min_magnitude
    zone = etas.d_km2 * np.exp(etas.gamma * step)
    beta = etas.beta
    if len(events) >= _TELLING and np.ptp(events.magnitude) > 0:
        beta = b_value(events.magnitude, min_magnitude).beta
    k0 = etas.k0 * (zone / etas.d_km2) ** etas.rho
    return replace(etas, k0=float(k0), d_km2=float(zone), min_magnitude=min_magnitude, beta=float(beta))


def _with_background(etas: ETAS, case: Cut, targets: Catalogue) -> ETAS:
    """Return a model with the background of largest likelihood, given its other laws (Zhuang et al. 2002)."""
    windows = case.windows
    start, end = windows.date("train_start"), windows.date("validation_start")
    window = make_window(targets, start, start, end, case.min_magnitude)
    triggered = triggered_intensity(
        window.days, window.points, window.step, 0, kernel_parameters(etas), EARTH_RADIUS_KM
    )
    days, area = max(window.length_days, 1.0), case.region.area_km2
    mu, probability = len(targets) / days / area, np.ones(len(targets))
    for _ in range(50):
        probability = mu / (mu + triggered)
        mu = float(probability.sum()) / days / area
    bandwidth = neighbour_distances(window.longitude, window.latitude, probability, NEIGHBOURS[0])
    background = Background(
        longitude=window.longitude,
        latitude=window.latitude,
        weight=probability,
        bandwidth_km=bandwidth,
        uniform_rate=_UNIFORM_SHARE * mu,
        smoothed_rate=(1 - _UNIFORM_SHARE) * mu * area,
    )
    return replace(etas, mu=mu, background=background)
