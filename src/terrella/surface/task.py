"""The task `surface`, as a table of contents: from block means or the ground about a gap to the whole surface."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from terrella.engine import workflow
from terrella.engine.run import Report
from terrella.engine.task import Fed, Made, Opened, Task, Trained
from terrella.surface.card import make_card
from terrella.surface.citing import cited
from terrella.surface.compressing import compression
from terrella.surface.demo import demo_settings, how_to_fill
from terrella.surface.explaining import question
from terrella.surface.judging.command import judge_asked
from terrella.surface.learning.finishing import choose, said
from terrella.surface.learning.network import SurfaceNetwork, network_for
from terrella.surface.learning.prepared import Prepared, prepare
from terrella.surface.learning.training import stages
from terrella.surface.model import RATIOS, TASK
from terrella.surface.opening import mark_of, open_surface
from terrella.surface.prediction import predict_file
from terrella.surface.settings import SurfaceSettings


def demo(run: Path, report: Report, seed: int = 0, grid: Path | None = None) -> None:
    """Train and judge in a run's folder, on the elevation model that matplotlib brings or on a grid."""
    workflow.demonstrate(task, run, report, *demo_settings(seed, grid), how_to_fill)


def _open(settings: SurfaceSettings, report: Report) -> Opened[Prepared]:
    grid = open_surface(settings.data, report)
    mark = mark_of(grid)
    return Opened(prepare(grid, settings, mark), (mark,))


def _network(settings: SurfaceSettings, given: Prepared, fed: Sequence[Fed]) -> nn.Module:
    return network_for(settings)


def _finish(trained: Trained[SurfaceSettings, Prepared], report: Report) -> Made:
    network, given = trained.network, trained.data
    assert isinstance(network, SurfaceNetwork)
    chosen = choose(network, given, trained.settings)
    lines = said(chosen)
    values = {f"trusted_{kind}": each.trusted for kind, each in chosen.items()} | {"data_mark": given.mark}
    tensors = {**network.state_dict(), RATIOS: torch.as_tensor(given.ratios)}
    return Made(tensors, values, make_card(trained.settings, given, lines, trained.mark), lines)


task = Task(
    name=TASK,
    settings=SurfaceSettings,
    open=_open,
    stages=stages,
    network=_network,
    finish=_finish,
    judge=judge_asked,
    predict=predict_file,
    demo=demo,
    cites=cited,
    question=question,
    compression=compression,
)
train, judge, predict = workflow.verbs(task)
