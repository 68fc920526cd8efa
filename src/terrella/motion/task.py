"""The task `motion`, as a table of contents: from a flatfile or from waveforms."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from terrella.engine import workflow
from terrella.engine.feed import Held
from terrella.engine.kinds import either
from terrella.engine.run import Report
from terrella.engine.task import Fed, Made, Opened, Task, Trained
from terrella.motion.card import make_card
from terrella.motion.citing import cited
from terrella.motion.demo import compared_with_truth, demo_settings
from terrella.motion.explaining import question
from terrella.motion.judging.command import judge_asked
from terrella.motion.learning.finishing import finish
from terrella.motion.learning.joint_density import started
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.learning.prepared import Prepared, prepare
from terrella.motion.learning.training import network_for, stages
from terrella.motion.model import TASK
from terrella.motion.opening import mark_of, open_records
from terrella.motion.prediction import predict_file
from terrella.motion.settings import Kind, MotionSettings
from terrella.motion.single_station.task import of_waveforms


def demo(
    run: Path, report: Report, seed: int = 0, flatfile: Path | str | None = None, kind: Kind = "flatfile"
) -> None:
    """Train and judge in a run's folder, on real data where some are at hand, else on synthetic ones."""
    workflow.demonstrate(task, run, report, *demo_settings(seed, flatfile, kind), compared_with_truth)


def _open(settings: MotionSettings, report: Report) -> Opened[Prepared]:
    records = open_records(settings.data, report)
    mark = mark_of(records)
    return Opened(prepare(records, settings, mark), (mark,))


def _network(settings: MotionSettings, given: Prepared, fed: Sequence[Fed]) -> nn.Module:
    learned = fed[0].learned
    assert isinstance(learned, Held)
    return started(network_for(settings, given), learned.samples)


def _finish(trained: Trained[MotionSettings, Prepared], report: Report) -> Made:
    network, given = trained.network, trained.data
    assert isinstance(network, MotionNetwork)
    found = finish(network, given)
    arrays = {
        "support": given.support, "input_mean": given.scaling.mean, "input_deviation": given.scaling.deviation,
        "nodes": given.drift.nodes, "nodes_mean": given.drift.mean, "published_shift": found.shift,
        "linear": found.linear.coefficients, "knots": found.knots,
    }  # fmt: skip
    values = {
        "measures": list(given.records.measures), "trusted": list(found.trusted), "data_mark": given.mark,
        "members": given.folds.members, "events": network.event.shape[1], "stations": network.station.shape[1],
    }  # fmt: skip
    tensors = {**network.state_dict(), **{name: torch.as_tensor(each) for name, each in arrays.items()}}
    card = make_card(trained.settings, given.records, found, trained.mark)
    return Made(tensors, values, card, found.said(given.records.measures))


flatfiles = Task(
    name=TASK,
    settings=MotionSettings,
    open=_open,
    stages=stages,
    network=_network,
    finish=_finish,
    judge=judge_asked,
    predict=predict_file,
    demo=demo,
    cites=cited,
    question=question,
    compression="a prediction's time goes to files and the published model, and there is no dev split to choose a "
    "form by: each record is held out once, for the test",
)
waveforms = of_waveforms(flatfiles)
task = either(flatfiles, lambda settings: waveforms if settings.data.kind == "waveforms" else flatfiles)
train, judge, predict = workflow.verbs(task)
