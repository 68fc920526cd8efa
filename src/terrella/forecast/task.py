"""The forecast task: from a catalogue of earthquakes to probability maps of the next hours to months."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import nn

from terrella.engine import workflow
from terrella.engine.run import Report, Run
from terrella.engine.task import Fed, Made, Opened, StageSpec, Task, Trained
from terrella.engine.use.bundle import save_bundle
from terrella.errors import InputError
from terrella.forecast.card import gain_lines, make_card
from terrella.forecast.citing import methods
from terrella.forecast.compressing import compression
from terrella.forecast.demo import demo
from terrella.forecast.explaining import question
from terrella.forecast.general import like_its_start, started
from terrella.forecast.judging.command import judge_models
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.learning.recalibration import calibrate_all
from terrella.forecast.learning.training import make_network, stage_spec
from terrella.forecast.models import Models
from terrella.forecast.prediction import predict as predict_forecast
from terrella.forecast.preparation import Cut, catalogue_mark, cut, fit_classical, read_run_catalogue
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.storage import TASK, from_bundle, to_bundle


@dataclass(frozen=True, eq=False)
class Prepared:
    """The catalogue cut to the settings, and the classical models once they are fitted to it."""

    case: Cut
    models: Models | None = None

    def fitted(self) -> Models:
        """Return the classical models."""
        assert self.models is not None
        return self.models


def open_catalogue(settings: ForecastSettings, report: Report) -> Opened[Prepared]:
    """Read the catalogue and cut it to the settings.

    Raises:
        InputError: where the horizons do not ascend, or catalogue or settings are at fault.
    """
    horizons = settings.horizons_days
    if list(horizons) != sorted(set(horizons)):
        raise InputError(f"horizons_days must ascend, each longer than the one before; got {horizons}")
    case = cut(read_run_catalogue(settings, report), settings)
    cells = int(case.grid.mask.sum()) * case.grid.shape[0]
    line = f"{len(case.catalogue):,} events of magnitude {case.min_magnitude} or more, {cells:,} cells"
    report({"kind": "message", "message": line})
    return Opened(Prepared(case), (catalogue_mark(case.catalogue),))


def prepare(settings: ForecastSettings, data: Prepared, run: Run, mark: str, report: Report) -> Prepared:
    """Fit the classical models, or take those that an earlier call has left in the folder `classical`."""
    folder = run.folder / "classical"
    done = workflow.finished(folder, TASK, mark)
    if done is not None:
        return replace(data, models=replace(from_bundle(done), settings=settings))
    models = like_its_start(settings, fit_classical(data.case, settings, report))
    save_bundle(folder, to_bundle(models, mark))
    return replace(data, models=models)


def stages(settings: ForecastSettings, data: Prepared | None, samples: int | None) -> list[StageSpec]:
    """Return the one stage: the network."""
    prepared = (data.fitted(), data.case.catalogue, data.case.windows) if data is not None else None
    return [stage_spec(settings, prepared, samples)]


def network(settings: ForecastSettings, data: Prepared, fed: Sequence[Fed]) -> nn.Module:
    """Return the network, standardised by the samples, or that of the bundle to start from."""
    if settings.start_from is not None:
        return started(settings, data.fitted(), data.case.catalogue)
    return make_network(settings, fed[0], data.fitted().by_span)


def finish(trained: Trained[ForecastSettings, Prepared], report: Report) -> Made:
    """Recalibrate all models on the dev window, and say what the network gained there."""
    report({"kind": "message", "message": "recalibrating all models on the dev window"})
    case = trained.data.case
    assert isinstance(trained.network, ForecastNetwork)
    models = replace(trained.data.fitted(), network=trained.network)
    models = calibrate_all(models, case.catalogue, case.windows)
    said = ["gain over ETAS on dev, in nats per earthquake:", *gain_lines(models)]
    bundle = to_bundle(models, trained.mark)
    return Made(bundle.tensors, bundle.values, make_card(models, case, trained.mark), said)


task = Task(
    name=TASK, settings=ForecastSettings, open=open_catalogue, prepare=prepare, stages=stages,
    network=network, finish=finish, judge=judge_models, predict=predict_forecast, demo=demo, cites=methods,
    question=question, compression=compression,
)  # fmt: skip
train, judge, predict = workflow.verbs(task)
