"""A trained encoder judged beside classical relations, on traces whose event and station no model saw."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.engine.judge.comparing import intervals, smaller_by
from terrella.engine.judge.document import scores_document
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.motion.settings import DataSettings, MotionSettings
from terrella.motion.single_station.classical import CHOICE, MODELS, NETWORK
from terrella.motion.single_station.held_out import held_out, of_member
from terrella.motion.single_station.model import StationModel, model_of
from terrella.motion.single_station.opening import mark_of, open_traces, prepare
from terrella.motion.single_station.prediction import refuse_other_unit
from terrella.motion.single_station.prepared import Prepared
from terrella.motion.single_station.reporting import made_report, trusted_words
from terrella.motion.single_station.scores import PAIRED, UNITS, calibrated_across, resampled, stretched
from terrella.motion.single_station.traces import QUANTITIES, Floats, Traces


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge the network and its baselines on traces held out, or on those of another data set.

    Raises:
        InputError: where the split is empty, or the data are at fault.
    """
    settings = asked.settings(MotionSettings)
    if asked.split == "dev":
        raise InputError("motion has no dev split: folds leave out events and stations, which is split test")
    model, mark = model_of(asked.bundle), str(asked.bundle.values["data_mark"])
    traces, found = _judged(asked, settings.data, model, mark, report)
    truth = traces.targets()
    scores = resampled(found, truth, traces.event, traces.station, settings.judge.resamples)
    document = scores_document(
        Path(asked.data or settings.data.flatfile).name, asked.split, intervals(scores), UNITS,
        smaller_by(scores, NETWORK, [f"{score}@{name}" for name in QUANTITIES for score in PAIRED]),
        {"trusted": trusted_words(model.trusted), "distance": model.distance},
    )  # fmt: skip
    return made_report(document, traces, found)


def _judged(
    asked: Asked, data: DataSettings, model: StationModel, mark: str, report: Report
) -> tuple[Traces, dict[str, Floats]]:
    """Return the traces that are judged, and what all models say of them, with calibrated deviations."""
    if asked.data is not None:
        other = open_traces(data.model_copy(update={"flatfile": asked.data}), report)
        if mark_of(other) != mark:
            return _of_others(
                asked, other, _learned(asked, data, model, mark, None, report).traces, model, report
            )
        given = _learned(asked, data, model, mark, other, report)
    else:
        given = _learned(asked, data, model, mark, None, report)
    if asked.split == "train":
        return given.traces, _by_the_whole(model, given.traces)
    judged = given.folds.judged()
    traces, fold = given.traces.rows(judged), given.folds.of_event[judged]
    found = held_out(model.network, model.fitted, given)
    return traces, {name: calibrated_across(each, traces.targets(), fold) for name, each in found.items()}


def _learned(
    asked: Asked, data: DataSettings, model: StationModel, mark: str, opened: Traces | None, report: Report
) -> Prepared:
    """Return the traces of the training, prepared as they were."""
    traces = open_traces(data, report) if opened is None else opened
    if mark_of(traces) != mark:
        raise InputError(
            f"the traces of {data.flatfile} are no longer those that {asked.run.bundle} was trained on: folds "
            "would not be the same. Train again, with another --run"
        )
    return prepare(traces, model.settings)


def _of_others(
    asked: Asked, other: Traces, learned: Traces, model: StationModel, report: Report
) -> tuple[Traces, dict[str, Floats]]:
    """Return traces of events and stations that no model saw, of another data set."""
    refuse_other_unit(model, other, str(asked.data))
    if other.kind != model.distance:
        raise InputError(f"{asked.data} has {other.kind} distances, the training had {model.distance} ones")
    known: npt.NDArray[np.bool_] = np.isin(other.event, learned.event) | np.isin(
        other.station, learned.station
    )
    if known.all():
        raise InputError(f"{asked.data}: all its traces are of events or stations that the training saw")
    if known.any():
        said = f"{known.sum():,} traces of events or stations that the training saw are left out"
        report({"kind": "message", "message": f"{asked.data}: {said}"})
    traces = other.rows(~known)
    return traces, _by_the_whole(model, traces)


def _by_the_whole(model: StationModel, traces: Traces) -> dict[str, Floats]:
    """Return what the models of all traces say, with the bundle's calibration."""
    found = of_member(model.network, model.fitted, model.scaling, -1, traces)
    by = {name: model.stretch[CHOICE.index(name)] if name in CHOICE else np.ones(2) for name in MODELS}
    return {name: stretched(each, by[name]) for name, each in found.items()}
