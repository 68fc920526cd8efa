"""Classes as a kind of the task `literature`: texts with a label have these, all others entities."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from terrella.engine.device import choose_device
from terrella.engine.judge.document import card_text
from terrella.engine.run import Report
from terrella.engine.task import Fed, Made, Opened, Task, Trained
from terrella.literature.classes.documents import mark_of, open_classes
from terrella.literature.classes.judging import judge_asked
from terrella.literature.classes.model import ClassModel, finished, parts_of, said
from terrella.literature.classes.network import ClassNetwork
from terrella.literature.classes.training import Prepared, network_of, opened, sizes, stages, with_regression
from terrella.literature.learning.encoder import open_encoder
from terrella.literature.settings import LiteratureSettings


def of_classes(entities: Task[LiteratureSettings, Any]) -> Task[LiteratureSettings, Prepared]:
    """Return the kind of a task of entities that learns classes in their place."""
    return replace(
        entities, open=_open, prepare=with_regression, stages=stages, network=_network, finish=_finish,
        judge=judge_asked,
    )  # fmt: skip


def _open(settings: LiteratureSettings, report: Report) -> Opened[Prepared]:
    corpus = open_classes(settings.data, report)
    encoder = open_encoder(settings.network.encoder, choose_device(settings.fit.device))
    marks = mark_of((*corpus.train, *corpus.dev)), *([encoder.mark] if encoder else [])
    return Opened(opened(corpus, encoder), marks)


def _network(settings: LiteratureSettings, given: Prepared, fed: Sequence[Fed]) -> nn.Module:
    return network_of(settings, *sizes(given))


def _finish(trained: Trained[LiteratureSettings, Prepared], report: Report) -> Made:
    assert isinstance(trained.network, ClassNetwork)
    model, choice, f1 = finished(trained.network, trained.data, trained.settings)
    lines = said(model, choice, f1)
    tensors, values = parts_of(model)
    return Made(tensors, values, _card(trained, model, lines), lines)


def _card(trained: Trained[LiteratureSettings, Prepared], model: ClassModel, lines: Sequence[str]) -> str:
    corpus, settings = trained.data.corpus, trained.settings
    name = ", ".join(Path(each).name for each in settings.data.train)
    about = [
        f"- task: literature; classes {', '.join(model.classes)} ({settings.data.label}); fingerprint "
        f"{trained.mark}",
        "- words and letters, a bidirectional LSTM with attention, which adds up with a logistic regression on "
        "TF–IDF",
        *(f"- {line}" for line in lines),
    ]
    data = [
        f"- {name}: {len(corpus.train):,} texts to learn from, {len(corpus.dev):,} to choose by",
        f"- the network reads the first {model.length} tokens of a text, the regression all",
    ]
    limits = ["English texts of the kind it was trained on. Every text is given one of these classes."]
    return card_text(f"Classes: {name}", {"": about, "Data": data, "Limits": limits})
