"""A corpus with all that a training and its judging need of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from terrella.engine.run import Report, Run
from terrella.literature.corpus.opening import Corpus
from terrella.literature.corpus.spans import Sentence, label_set
from terrella.literature.learning.encoder import Encoder
from terrella.literature.learning.windows import Vocabulary, vocabulary_of
from terrella.literature.models.crf import Crf, check_installed, fit_crf
from terrella.literature.models.gazetteer import Gazetteer, fit_gazetteer
from terrella.literature.scores import f1_of
from terrella.literature.settings import LiteratureSettings

_TEXTBOOK = 0.1, 0.1  # the usual penalties of absolute and of squared weights


@dataclass(frozen=True, eq=False)
class Prepared:
    """A corpus, its labels and vocabulary, and the classical models fitted on its training split alone."""

    corpus: Corpus
    labels: tuple[str, ...]
    vocabulary: Vocabulary
    l2: float = 0.0  # of the wider field
    textbook: Crf | None = None
    wide: Crf | None = None
    gazetteer: Gazetteer | None = None


def opened(corpus: Corpus, encoder: Encoder | None = None) -> Prepared:
    """Return a corpus with its labels and vocabulary, and what reads its tokens beside that."""
    every = (*corpus.train, *corpus.dev)
    kinds = {span.kind for sentence in every for span in sentence.spans}
    # A training without a single capital says nothing of what one means.
    cased = any(token != token.lower() for sentence in every for token in sentence.tokens)
    known = vocabulary_of([sentence.tokens for sentence in corpus.train], cased, encoder)
    return Prepared(corpus, label_set(sorted(kinds)), known)


def with_classical(
    settings: LiteratureSettings, given: Prepared, run: Run, mark: str, report: Report
) -> Prepared:
    """Return a corpus with gazetteer and fields; the penalty of the wider one is chosen on dev."""
    check_installed()
    dev = given.corpus.dev
    fields = {l2: wide_field(given, given.corpus.train, l2) for l2 in settings.fit.l2}
    scores = {l2: f1_of(dev, [each.labels_for(s.tokens) for s in dev]) for l2, each in fields.items()}
    l2 = max(scores, key=lambda each: scores[each])
    said = ", ".join(f"{score:.3f} with {each:g}" for each, score in scores.items())
    report({"kind": "message", "message": f"wider field, F1 on dev by its penalty: {said}"})
    textbook = textbook_field(given, given.corpus.train)
    return replace(
        given, l2=l2, wide=fields[l2], textbook=textbook, gazetteer=fit_gazetteer(given.corpus.train)
    )


def wide_field(given: Prepared, sentences: Sequence[Sentence], l2: float) -> Crf:
    """Return the field of many features fitted on sentences."""
    return fit_crf(sentences, "wide", given.vocabulary.cased, given.labels, 0.0, l2)


def textbook_field(given: Prepared, sentences: Sequence[Sentence]) -> Crf:
    """Return the field of the usual features fitted on sentences."""
    return fit_crf(sentences, "textbook", given.vocabulary.cased, given.labels, *_TEXTBOOK)
