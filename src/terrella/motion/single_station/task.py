"""Magnitude and distance from one station as a task, which `motion.task` makes a kind of motion."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from terrella.engine.run import Report, Run
from terrella.engine.settings import load_settings
from terrella.engine.task import Fed, Opened, Task
from terrella.motion.opening import SYNTHETIC
from terrella.motion.settings import MotionSettings
from terrella.motion.single_station.classical import fit_classical
from terrella.motion.single_station.explaining import question
from terrella.motion.single_station.finishing import finish
from terrella.motion.single_station.judging import judge_asked
from terrella.motion.single_station.model import TASK
from terrella.motion.single_station.opening import open_traces, prepare
from terrella.motion.single_station.prediction import predict_file
from terrella.motion.single_station.prepared import Prepared
from terrella.motion.single_station.training import make_network, stages, started


def _open(settings: MotionSettings, report: Report) -> Opened[Prepared]:
    given = prepare(open_traces(settings.data, report), settings)
    return Opened(given, (given.mark,))


def _network(settings: MotionSettings, given: Prepared, fed: Sequence[Fed]) -> nn.Module:
    return started(make_network(settings), fit_classical(given), given.scaling)


def _cited(run: Run) -> list[str]:
    simulated = load_settings(MotionSettings, run.settings, task=TASK).data.flatfile == SYNTHETIC
    return ["local magnitude", "CRPS", "crossed bootstrap", *(["stochastic method"] if simulated else [])]


def of_waveforms(flatfiles: Task[MotionSettings, Any]) -> Task[MotionSettings, Prepared]:
    """Return the kind of a task of motion that learns from waveforms."""
    return replace(
        flatfiles, open=_open, stages=stages, network=_network, finish=finish, judge=judge_asked,
        predict=predict_file, cites=_cited, question=question,
    )  # fmt: skip
