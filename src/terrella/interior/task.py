"""The task `interior`, as a table of contents: from mineral-physics tables to temperatures with intervals."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from terrella.engine import workflow
from terrella.engine.run import Report
from terrella.engine.task import Fed, Opened, Task
from terrella.interior.citing import cited
from terrella.interior.compressing import compression
from terrella.interior.demo import compared_with_truth, demo_settings
from terrella.interior.explaining import question
from terrella.interior.finishing import finish
from terrella.interior.judging.command import judge_asked
from terrella.interior.learning.samples import Prepared, prepare
from terrella.interior.learning.training import network_for, stages
from terrella.interior.model import TASK
from terrella.interior.opening import mark_of, open_grid
from terrella.interior.prediction import predict_file
from terrella.interior.settings import InteriorSettings


def demo(run: Path, report: Report, seed: int = 0, table: Path | str | None = None) -> None:
    """Train and judge in a run's folder, on a real table where one is at hand, else on simulated minerals."""
    workflow.demonstrate(task, run, report, *demo_settings(seed, table), compared_with_truth)


def _open(settings: InteriorSettings, report: Report) -> Opened[Prepared]:
    grid = open_grid(settings.data, report)
    mark = mark_of(grid)
    return Opened(prepare(grid, settings.data, mark), (mark,))


def _network(settings: InteriorSettings, given: Prepared, fed: Sequence[Fed]) -> nn.Module:
    return network_for(settings, given)


task = Task(
    name=TASK,
    settings=InteriorSettings,
    open=_open,
    stages=stages,
    network=_network,
    finish=finish,
    judge=judge_asked,
    predict=predict_file,
    demo=demo,
    cites=cited,
    question=question,
    compression=compression,
)
train, judge, predict = workflow.verbs(task)
