"""The training of the network of classes, for the plan and for the fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.run import Report, Run
from terrella.engine.task import Fed, StageSpec, fed_samples, one_stage
from terrella.literature.classes.documents import ClassCorpus, Example
from terrella.literature.classes.network import ClassNetwork, loss
from terrella.literature.classes.regression import Regression, check_installed, fit_regression
from terrella.literature.classes.scores import resampled
from terrella.literature.learning.encoder import Encoder
from terrella.literature.learning.network import SPECIAL
from terrella.literature.learning.training import drawn_inputs, reader_of
from terrella.literature.learning.windows import Piece, Vocabulary, inputs_of, vocabulary_of
from terrella.literature.settings import LiteratureSettings

_PENALTIES = 1.0, 10.0, 100.0
_LONGEST, _STEP, _MOST = (
    256,
    16,
    0.95,
)  # tokens of a text, a multiple of so many, that hold this share of texts
_ASSUMED = 8000, 80, 6, 128  # words, letters, classes and tokens, in a plan without data


@dataclass(frozen=True, eq=False)
class Prepared:
    """Texts with their vocabulary, and the regression fitted to the training alone."""

    corpus: ClassCorpus
    classes: tuple[str, ...]
    vocabulary: Vocabulary
    length: int  # tokens of a text that the network reads
    penalty: float = 0.0
    regression: Regression | None = None


def opened(corpus: ClassCorpus, encoder: Encoder | None) -> Prepared:
    """Return texts with their classes and vocabulary."""
    texts = [each.tokens for each in corpus.train]
    cased = any(token != token.lower() for tokens in texts for token in tokens)
    most = float(np.quantile([len(tokens) for tokens in texts], _MOST))
    length = min(_LONGEST, _STEP * max(1, int(np.ceil(most / _STEP))))
    return Prepared(corpus, corpus.classes, vocabulary_of(texts, cased, encoder), length)


def with_regression(
    settings: LiteratureSettings, given: Prepared, run: Run, mark: str, report: Report
) -> Prepared:
    """Return texts with the regression, whose penalty is chosen on dev."""
    check_installed()
    train, dev = given.corpus.train, given.corpus.dev
    fitted = {c: fit_regression(train, given.classes, c) for c in _PENALTIES}
    named = {
        str(c): classes_of(each.logits([e.tokens for e in dev]), given.classes) for c, each in fitted.items()
    }
    scores = {float(c): own["macro_f1"][0] for c, own in resampled([e.label for e in dev], named, 0).items()}
    c = max(scores, key=lambda each: scores[each])
    said = ", ".join(f"{score:.3f} with C = {each:g}" for each, score in scores.items())
    report({"kind": "message", "message": f"logistic regression, macro-F1 on dev: {said}"})
    return replace(given, penalty=c, regression=fitted[c])


def classes_of(logits: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the likeliest class of each text."""
    return [classes[at] for at in logits.argmax(1)]


def stages(settings: LiteratureSettings, given: Prepared | None, samples: int | None) -> Sequence[StageSpec]:
    """Return the only stage of a training; without data, of so many texts."""
    number = len(given.corpus.train) if given is not None else samples or settings.data.sentences
    words, letters, classes = _ASSUMED[:3] if given is None else sizes(given)
    length = _ASSUMED[3] if given is None else given.length

    def make_batch(n: int) -> Batch:
        label = torch.randint(0, classes, (n,))
        return {**drawn_inputs(settings, n, length, words, letters), "label": label}

    def fed(given: Prepared) -> Fed:
        corpus = given.corpus
        return fed_samples(settings.fit, samples_of(corpus.train, given), samples_of(corpus.dev, given))

    step = Step(lambda: network_of(settings, words, letters, classes), make_batch, loss, settings.fit.batch)
    said = f"{words:,} words, {classes} classes, {length} tokens of a text"
    return one_stage("classes", settings.fit, step, given, number, fed, said, warmup_steps=30, clip=2.0)


def network_of(settings: LiteratureSettings, words: int, letters: int, classes: int) -> ClassNetwork:
    """Return a network before its training."""
    return ClassNetwork(reader_of(settings, words, letters), classes)


def sizes(given: Prepared) -> tuple[int, int, int]:
    """Return the numbers of words, letters and classes, with those that stand for none and for unknown ones."""
    known = given.vocabulary
    return len(known.words) + SPECIAL, len(known.letters) + 2, len(given.classes)


def samples_of(examples: Sequence[Example], given: Prepared) -> Batch:
    """Return what a training reads: the inputs and the classes' numbers, (text,)."""
    number = {name: at for at, name in enumerate(given.classes)}
    label = torch.tensor([number[each.label] for each in examples])
    return {**read([each.tokens for each in examples], given.vocabulary, given.length), "label": label}


def read(texts: Sequence[Sequence[str]], known: Vocabulary, length: int) -> Batch:
    """Return the inputs of texts, each in a window of its own: its first tokens."""
    windows = [[Piece(at, 0, 0, min(len(tokens), length))] for at, tokens in enumerate(texts)]
    return inputs_of(texts, windows, known, length)
