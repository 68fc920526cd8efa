"""The training of the network, for the plan and for the fit."""

from collections.abc import Sequence

import torch

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.task import Fed, StageSpec, fed_samples, one_stage
from terrella.literature.learning.encoder import context_size
from terrella.literature.learning.loss import loss
from terrella.literature.learning.network import LETTERS, SPECIAL, EntityNetwork, Reader
from terrella.literature.learning.prepared import Prepared
from terrella.literature.learning.windows import WINDOW, samples_of
from terrella.literature.settings import LiteratureSettings

_ASSUMED = 8000, 80, 13  # words, letters and labels, in a plan without data
_TOKENS = 45  # of a window, on average
_TOKENS_PER_SENTENCE = 28


def stages(settings: LiteratureSettings, given: Prepared | None, samples: int | None) -> Sequence[StageSpec]:
    """Return the only stage of a training; without data, of so many windows."""
    assumed = settings.data.sentences * _TOKENS_PER_SENTENCE // _TOKENS
    learned = None if given is None else samples_of(given.corpus.train, given.labels, given.vocabulary)
    number = len(learned["word"]) if learned is not None else samples or assumed
    words, letters, labels = _ASSUMED if given is None else sizes(given)

    def make_batch(n: int) -> Batch:
        label = torch.randint(0, labels, (n, WINDOW))
        return {**drawn_inputs(settings, n, WINDOW, words, letters), "label": label}

    def fed(given: Prepared) -> Fed:
        assert learned is not None
        checked = samples_of(given.corpus.dev, given.labels, given.vocabulary)
        return fed_samples(settings.fit, learned, checked)

    step = Step(lambda: network_of(settings, words, letters, labels), make_batch, loss, settings.fit.batch)
    said = f"{words:,} words, {labels} labels"
    return one_stage("entities", settings.fit, step, given, number, fed, said, warmup_steps=30, clip=2.0)


def network_of(settings: LiteratureSettings, words: int, letters: int, labels: int) -> EntityNetwork:
    """Return a network before its training."""
    return EntityNetwork(reader_of(settings, words, letters), labels)


def reader_of(settings: LiteratureSettings, words: int, letters: int) -> Reader:
    """Return what reads tokens, before its training."""
    chosen = settings.network
    context = context_size(chosen.encoder)
    return Reader(words, letters, chosen.width, chosen.hidden, chosen.dropout, context)


def drawn_inputs(settings: LiteratureSettings, n: int, length: int, words: int, letters: int) -> Batch:
    """Return inputs of so many windows of so many tokens, drawn at random."""
    given = {
        "word": torch.randint(0, words, (n, length)), "letter": torch.randint(0, letters, (n, length, LETTERS)),
        "here": torch.ones(n, length), "rare": torch.ones(n, length),
    }  # fmt: skip
    if size := context_size(settings.network.encoder):
        given["context"] = torch.randn(n, length, size).to(torch.float16)
    return given


def sizes(given: Prepared) -> tuple[int, int, int]:
    """Return the numbers of words, letters and labels, with those that stand for none and for unknown ones."""
    known = given.vocabulary
    return len(known.words) + SPECIAL, len(known.letters) + 2, len(given.labels)
