"""What comes before the network: the catalogue cut to its case, and the classical models fitted to it."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from terrella.earth.grid import Grid
from terrella.earth.magnitude import completeness_by_b_stability, completeness_by_maximum_curvature
from terrella.earth.region import Region
from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.errors import InputError
from terrella.forecast.baselines.climatology import fit_climatology
from terrella.forecast.baselines.persistence import fit_persistence
from terrella.forecast.baselines.reasenberg_jones import fit_reasenberg_jones
from terrella.forecast.baselines.smoothing import smoothed_counts
from terrella.forecast.etas.fit import fit_etas
from terrella.forecast.etas.model import ETAS
from terrella.forecast.features.cell_rates import depth_shares
from terrella.forecast.models import Models
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.windows import Windows, inside, make_region, make_task_grid, make_windows
from terrella.formats.catalogues.catalogue import Catalogue, Floats
from terrella.formats.catalogues.read import read_catalogue

_LEAST_EVENTS = 100


@dataclass(frozen=True, eq=False)
class Cut:
    """A catalogue cut to the magnitudes, region and times of a training, with its grid and windows."""

    catalogue: Catalogue
    region: Region
    grid: Grid
    windows: Windows
    min_magnitude: float


def cut(catalogue: Catalogue, settings: ForecastSettings) -> Cut:
    """Return the part of a catalogue that the settings ask for.

    Raises:
        InputError: where too few events are left, or the windows do not fit the catalogue.
    """
    data = settings.data
    min_magnitude = data.min_magnitude
    if min_magnitude is None:
        min_magnitude = _completeness(catalogue)
    min_magnitude = round(float(min_magnitude), 3)
    large = catalogue.above(min_magnitude)
    region = make_region(large, data)
    chosen = inside(large, region)
    windows = make_windows(chosen, data)
    known = chosen.between(windows.date("auxiliary_start"), windows.date("test_end"))
    in_training = len(known.between(windows.date("train_start"), windows.date("validation_start")))
    if in_training < _LEAST_EVENTS:
        raise InputError(
            f"{catalogue.name}: {in_training} events of magnitude {min_magnitude} or more lie in the region "
            f"and the training window, {_LEAST_EVENTS} are needed; lower data.min_magnitude, widen "
            "data.bounds or lengthen the window"
        )
    return Cut(known, region, make_task_grid(region, data), windows, min_magnitude)


def _completeness(catalogue: Catalogue) -> float:
    """Return the larger of two estimates: an incomplete catalogue misleads every model."""
    estimates = [
        completeness_by_maximum_curvature(catalogue.magnitude),
        completeness_by_b_stability(catalogue.magnitude),
    ]
    return float(np.nanmax(estimates))


def read_run_catalogue(
    settings: ForecastSettings, report: Report, given: str | Path | None = None
) -> Catalogue:
    """Return the catalogue of a run's settings, or of a path given instead, saying what was found in it."""
    given = given or settings.data.catalogue
    if given is None:
        raise InputError("no catalogue: give --catalogue FILE, or data.catalogue in the settings")
    path = Path(given)
    catalogue, findings = read_catalogue(path, settings.data.columns or None)
    for line in findings.lines():
        report({"kind": "message", "message": f"{path.name}: {line}"})
    return catalogue


def catalogue_mark(catalogue: Catalogue) -> str:
    """Return a fingerprint of a catalogue's events."""
    return fingerprint(
        catalogue.time_utc.tobytes(),
        catalogue.longitude.tobytes(),
        catalogue.latitude.tobytes(),
        catalogue.magnitude.tobytes(),
    )


def fit_classical(case: Cut, settings: ForecastSettings, report: Report) -> Models:
    """Return all classical models fitted on the training window; none has seen validation or test events."""

    def say(line: str) -> None:
        report({"kind": "message", "message": line})

    windows, catalogue = case.windows, case.catalogue
    start, end = windows.date("train_start"), windows.date("validation_start")
    training = catalogue.between(start, end)
    # Pairs grow as the square of the events: of very many, the latest tell enough, after half as many sources.
    most = settings.etas.events
    targets = training[max(len(training) - most, 0) :]
    known = catalogue.between(windows.date("auxiliary_start"), end)
    sources_start = windows.date("auxiliary_start")
    if len(targets) < len(training):
        start, sources_start = targets.time_utc[0], known.time_utc[max(len(known) - most * 3 // 2, 0)]
    say(f"fitting ETAS to {len(targets):,} events of magnitude {case.min_magnitude} or more")
    fit = fit_etas(
        catalogue,
        case.region.area_km2,
        sources_start,
        start,
        end,
        case.min_magnitude,
        background=settings.etas.background,
    )
    say(fit.message)
    fold_limits = np.linspace(windows.train_start, windows.validation_start, settings.etas.folds + 1)
    climatology = fit_climatology(catalogue, case.grid, windows)
    say(f"climatology: {climatology.kernel} kernel, width {climatology.width:g}")
    return Models(
        settings=settings,
        region=case.region,
        grid=case.grid,
        min_magnitude=case.min_magnitude,
        epoch=windows.epoch,
        start_day=windows.auxiliary_start,
        etas=fit.model,
        background=background_maps(fit.model, case, targets, fold_limits),
        fold_limits=fold_limits,
        depth_shares=depth_shares(training, case.grid),
        climatology=climatology,
        persistence=fit_persistence(climatology),
        reasenberg_jones=fit_reasenberg_jones(catalogue, case.grid, windows, climatology),
    )


def background_maps(etas: ETAS, case: Cut, targets: Catalogue, fold_limits: Floats) -> Floats:
    """Return the background on the grid (fold + 1, column) in events per day, from the events it was fitted to.

    Each fold's map leaves out the events of its own time, so that a network trained within it meets a
    background as blind to what follows as it will meet later; the last map holds all events.
    """
    grid, background = case.grid, etas.background
    area = grid.area_km2[grid.mask]
    if background is None:
        return np.tile(etas.mu * area, (len(fold_limits), 1))
    day = targets.days_since(case.windows.epoch)
    # The last interval, from the last limit to itself, holds no event: nothing is left out.
    intervals = list(pairwise([*fold_limits, fold_limits[-1]]))
    maps = []
    for first, last in intervals:
        weight = np.where((day >= first) & (day < last), 0.0, background.weight)
        smooth = smoothed_counts(targets, grid, background.bandwidth_km, weight) / max(weight.sum(), 1e-12)
        maps.append(background.uniform_rate * area + background.smoothed_rate * smooth)
    return np.stack(maps)
