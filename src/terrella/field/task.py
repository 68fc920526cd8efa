"""The task `field`, as a table of contents: from annual means to the main field some years ahead."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from terrella.engine import workflow
from terrella.engine.run import Report
from terrella.engine.task import Fed, Made, Opened, Task, Trained
from terrella.field.card import make_card
from terrella.field.citing import cited
from terrella.field.demo import demo_settings
from terrella.field.explaining import question
from terrella.field.judging.command import judge_asked
from terrella.field.judging.truth import compared_with_truth
from terrella.field.learning.finishing import finish
from terrella.field.learning.network import FieldNetwork, network_for
from terrella.field.learning.prepared import Prepared, prepare
from terrella.field.learning.training import stages
from terrella.field.model import TASK
from terrella.field.opening import mark_of, open_observatories
from terrella.field.prediction import predict_file
from terrella.field.secular_variation.baselines import LAST
from terrella.field.settings import FieldSettings


def demo(run: Path, report: Report, seed: int = 0, observatories: Path | str | None = None) -> None:
    """Train and judge in a run's folder, on real observatories where some are at hand, else on simulated ones."""
    workflow.demonstrate(task, run, report, *demo_settings(seed, observatories), compared_with_truth)


def _open(settings: FieldSettings, report: Report) -> Opened[Prepared]:
    observatories = open_observatories(settings.data, report)
    mark = mark_of(observatories)
    return Opened(prepare(observatories, settings, mark), (mark,))


def _network(settings: FieldSettings, given: Prepared, fed: Sequence[Fed]) -> nn.Module:
    return network_for(settings)


def _finish(trained: Trained[FieldSettings, Prepared], report: Report) -> Made:
    network, given = trained.network, trained.data
    assert isinstance(network, FieldNetwork)
    found = finish(network, given)
    spreads = {"spread": found.spreads[found.trusted], "spread_last": found.spreads[LAST]}
    usual = int(np.median(np.unique(given.pairs.origin, return_counts=True)[1]))
    values = {"trusted": found.trusted, "data_mark": given.mark, "observatories": usual}
    tensors = {**network.state_dict(), **{name: torch.as_tensor(each) for name, each in spreads.items()}}
    return Made(tensors, values, make_card(trained.settings, given, found, trained.mark), found.said())


task = Task(
    name=TASK,
    settings=FieldSettings,
    open=_open,
    stages=stages,
    network=_network,
    finish=_finish,
    judge=judge_asked,
    predict=predict_file,
    demo=demo,
    cites=cited,
    question=question,
    compression="a forecast's time goes to filtering the secular variation, and there is no dev split to choose a "
    "form by: each pair is held out once, for the test",
)
train, judge, predict = workflow.verbs(task)
