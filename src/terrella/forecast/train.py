"""`terrella forecast train`: from a catalogue file to a bundle of judged-ready models."""

from pathlib import Path

from terrella.engine.fit import Report, by_the_first, first_process_first, joined_processes
from terrella.engine.plan.follow import explained, make_plan
from terrella.engine.plan.plan import Plan
from terrella.engine.run import Run
from terrella.engine.settings import fingerprint, refuse_other_settings, save_settings
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.errors import InputError
from terrella.forecast.card import make_card
from terrella.forecast.learning.training import calibrate_all, train_network
from terrella.forecast.models import Models
from terrella.forecast.plan import needs
from terrella.forecast.preparation import cut, fit_classical
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.storage import TASK, from_bundle, to_bundle
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue


def train(folder: Path, settings: ForecastSettings, report: Report, planned: bool = False) -> Models:
    """Fit all models of a run and leave its bundle; what an earlier call finished is not done again.

    Started by torchrun or srun, the processes share the network's training; the first one does the rest. When
    `planned`, the network's memory and time are planned first (`engine.plan`), and measured beside.

    Raises:
        InputError: where the catalogue or the settings are at fault, or the run was begun with others.
        Interrupted: after SIGTERM or Ctrl-C, with the state saved.
    """
    with joined_processes():
        return _train(folder, settings, by_the_first(report), planned)


def _train(folder: Path, settings: ForecastSettings, report: Report, planned: bool) -> Models:
    def say(line: str) -> None:
        report({"kind": "message", "message": line})

    task = cut(read_run_catalogue(settings, report), settings)
    run = Run(folder)
    mark = fingerprint(_without_place(settings), catalogue_mark(task.catalogue))
    refuse_other_settings(run.settings, settings, _without_place)
    cells = int(task.grid.mask.sum()) * task.grid.shape[0]
    say(f"{len(task.catalogue):,} events of magnitude {task.min_magnitude} or more, {cells:,} cells")
    done = _finished(run.bundle, mark)
    if done is not None:
        say(f"this training is finished: {run.bundle}")
        return done

    def prepare() -> Models:
        save_settings(settings, run.settings, TASK)
        models = _finished(run.folder / "classical", mark)
        if models is None:
            models = fit_classical(task, settings, report)
            save_bundle(run.folder / "classical", to_bundle(models, mark))
        return models

    def finish() -> Models:
        done = _finished(run.bundle, mark)
        if done is not None:
            return done
        say("recalibrating all models on the validation window")
        models = calibrate_all(trained, task.catalogue, task.windows)
        save_bundle(run.bundle, to_bundle(models, mark, make_card(models, task, mark)))
        return models

    prepared = first_process_first(prepare)
    made = _plan(folder, settings, report) if planned else None
    with explained(made):
        trained = train_network(prepared, task.catalogue, task.windows, run, mark, report, made)
    models = first_process_first(finish)
    for horizon, gain in zip(models.horizons_days, models.gains, strict=True):
        verdict = "the network is used" if gain.certain else "not certain: predict uses ETAS"
        say(
            f"{horizon:g} d: gain over ETAS on validation {gain.value:+.3f} "
            f"[{gain.low:+.3f}, {gain.high:+.3f}] nats per earthquake; {verdict}"
        )
    return models


def _plan(folder: Path, settings: ForecastSettings, report: Report) -> Plan:
    return first_process_first(lambda: make_plan(TASK, lambda: needs(settings), folder, report))


def _finished(folder: Path, mark: str) -> Models | None:
    """Return the models in a folder if they are those of these settings and data."""
    if not folder.is_dir():
        return None
    bundle = load_bundle(folder, TASK)
    return from_bundle(bundle) if bundle.values["fingerprint"] == mark else None


def read_run_catalogue(settings: ForecastSettings, report: Report, path: Path | None = None) -> Catalogue:
    """Return the catalogue of a run's settings, or of a path given instead, saying what was found in it."""
    path = path or (Path(settings.data.catalogue) if settings.data.catalogue else None)
    if path is None:
        raise InputError("no catalogue: give --catalogue FILE, or data.catalogue in the settings")
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


def _without_place(settings: ForecastSettings) -> ForecastSettings:
    data = settings.data.model_copy(update={"catalogue": None})
    return settings.model_copy(
        update={"data": data, "fit": settings.fit.model_copy(update={"sharded": False})}
    )
