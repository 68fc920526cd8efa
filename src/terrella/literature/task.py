"""The task `literature`, as a table of contents: from labelled texts to the entities or classes of one's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from terrella.engine import workflow
from terrella.engine.device import choose_device
from terrella.engine.run import Report, Run
from terrella.engine.settings import parse_settings
from terrella.engine.task import Asked, Fed, Judging, Made, Opened, StageSpec, Task, Trained
from terrella.literature import demo as demonstration
from terrella.literature.card import make_card
from terrella.literature.citing import cited
from terrella.literature.classes import judging as class_judging
from terrella.literature.classes import task as classes
from terrella.literature.classes import training as class_training
from terrella.literature.compressing import compression
from terrella.literature.corpus.opening import mark_of, open_corpus
from terrella.literature.explaining import question
from terrella.literature.judging.command import judge_asked
from terrella.literature.learning.encoder import open_encoder
from terrella.literature.learning.finishing import finish
from terrella.literature.learning.network import EntityNetwork
from terrella.literature.learning.prepared import Prepared, opened, with_classical
from terrella.literature.learning.training import network_of, sizes, stages
from terrella.literature.model import TASK, parts_of
from terrella.literature.settings import LiteratureSettings
from terrella.literature.texts.tokens import keeps_hyphens
from terrella.literature.use.prediction import predict_file


def demo(
    run: Path, report: Report, seed: int = 0, labelled: str | None = None, classes: bool = False
) -> None:
    """Train and judge in a run's folder, on real sentences where some are at hand, else on simulated ones."""
    settings, said = demonstration.demo_settings(seed, labelled, classes)
    report({"kind": "message", "message": said})
    train(run, settings, report)
    judge(run, report=report)


# Texts with a label have classes, all others entities; both are one task, with the same verbs.


def _open(settings: LiteratureSettings, report: Report) -> Opened[Any]:
    if settings.data.label is not None:
        return classes.open_texts(settings, report)
    corpus = open_corpus(settings.data, report)
    encoder = open_encoder(settings.network.encoder, choose_device(settings.fit.device))
    marks = mark_of((*corpus.train, *corpus.dev)), *([encoder.mark] if encoder else [])
    return Opened(opened(corpus, encoder), marks)


def _prepare(settings: LiteratureSettings, given: Any, run: Run, mark: str, report: Report) -> Any:
    prepare = with_classical if settings.data.label is None else class_training.with_regression
    return prepare(settings, given, run, mark, report)


def _stages(settings: LiteratureSettings, given: Any, samples: int | None) -> Sequence[StageSpec]:
    of = stages if settings.data.label is None else class_training.stages
    return of(settings, given, samples)


def _network(settings: LiteratureSettings, given: Any, fed: Sequence[Fed]) -> nn.Module:
    if settings.data.label is not None:
        return classes.network(settings, given, fed)
    return network_of(settings, *sizes(given))


def _finish(trained: Trained[LiteratureSettings, Any], report: Report) -> Made:
    if trained.settings.data.label is not None:
        return classes.finish(trained, report)
    network, given = trained.network, trained.data
    assert isinstance(network, EntityNetwork)
    assert isinstance(given, Prepared)
    found = finish(network, given, bool(trained.settings.data.dev))
    hyphens = keeps_hyphens(token for sentence in given.corpus.train for token in sentence.tokens)
    tensors, values = parts_of(found, hyphens)
    return Made(tensors, values, make_card(trained.settings, given, found, trained.mark), found.said())


def _judge(asked: Asked, report: Report) -> Judging:
    settings = parse_settings(LiteratureSettings, asked.bundle.settings, asked.bundle.where)
    return (judge_asked if settings.data.label is None else class_judging.judge_asked)(asked, report)


task = Task(
    name=TASK,
    settings=LiteratureSettings,
    open=_open,
    prepare=_prepare,
    stages=_stages,
    network=_network,
    finish=_finish,
    judge=_judge,
    predict=predict_file,
    demo=demo,
    cites=cited,
    question=question,
    compression=compression,
)
train, judge, predict = workflow.verbs(task)
