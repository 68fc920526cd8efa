"""The task `literature`, as a table of contents: from labelled texts to the entities or classes of one's own."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from terrella.engine import workflow
from terrella.engine.device import choose_device
from terrella.engine.kinds import either
from terrella.engine.run import Report
from terrella.engine.task import Fed, Made, Opened, Task, Trained
from terrella.literature.card import make_card
from terrella.literature.citing import cited
from terrella.literature.classes.task import of_classes
from terrella.literature.compressing import compression
from terrella.literature.corpus.opening import mark_of, open_corpus
from terrella.literature.demo import demo_settings
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
    run: Path,
    report: Report,
    seed: int = 0,
    labelled: Path | str | None = None,
    classes: bool = False,
) -> None:
    """Train and judge in a run's folder, on real sentences where some are at hand, else on simulated ones."""
    workflow.demonstrate(task, run, report, *demo_settings(seed, labelled, classes))


def _open(settings: LiteratureSettings, report: Report) -> Opened[Prepared]:
    corpus = open_corpus(settings.data, report)
    encoder = open_encoder(settings.network.encoder, choose_device(settings.fit.device))
    marks = mark_of((*corpus.train, *corpus.dev)), *([encoder.mark] if encoder else [])
    return Opened(opened(corpus, encoder), marks)


def _network(settings: LiteratureSettings, given: Prepared, fed: Sequence[Fed]) -> nn.Module:
    return network_of(settings, *sizes(given))


def _finish(trained: Trained[LiteratureSettings, Prepared], report: Report) -> Made:
    network, given = trained.network, trained.data
    assert isinstance(network, EntityNetwork)
    found = finish(network, given, bool(trained.settings.data.dev))
    hyphens = keeps_hyphens(token for sentence in given.corpus.train for token in sentence.tokens)
    tensors, values = parts_of(found, hyphens)
    return Made(tensors, values, make_card(trained.settings, given, found, trained.mark), found.said())


entities = Task(
    name=TASK,
    settings=LiteratureSettings,
    open=_open,
    prepare=with_classical,
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
classes = of_classes(entities)
task = either(entities, lambda settings: entities if settings.data.label is None else classes)
train, judge, predict = workflow.verbs(task)
