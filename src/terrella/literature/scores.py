"""Scores of entities: exact spans, with intervals over sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.engine.judge.bootstrap import Blocks, label_blocks, ratio
from terrella.engine.judge.comparing import Resampled
from terrella.literature.corpus.spans import Sentence, spans_of

Floats = npt.NDArray[np.float64]
UNITS = {"f1": "", "precision": "", "recall": "", "macro_f1": ""}


@dataclass(frozen=True, eq=False)
class Counts:
    """Entities found as they are, given by the model, and true, (sentence, kind) each."""

    kinds: tuple[str, ...]
    hit: Floats
    given: Floats
    true: Floats


def counts_of(sentences: Sequence[Sentence], labels: Sequence[Sequence[str]]) -> Counts:
    """Return the counts of a model's labels; an entity is found where both its borders and its kind are right."""
    kinds = tuple(sorted({span.kind for sentence in sentences for span in sentence.spans}))
    column = {kind: at for at, kind in enumerate(kinds)}
    # What is of no kind of the truth is wrong, in a column of its own.
    hit, given, true = (np.zeros((len(sentences), len(kinds) + 1)) for _ in range(3))
    for row, (sentence, own) in enumerate(zip(sentences, labels, strict=True)):
        known, found = set(sentence.spans), set(spans_of(own))
        for counted, spans in ((hit, known & found), (given, found), (true, known)):
            for span in spans:
                counted[row, column.get(span.kind, len(kinds))] += 1
    return Counts(kinds, hit, given, true)


def f1_of(sentences: Sequence[Sentence], labels: Sequence[Sequence[str]]) -> float:
    """Return F1 over all entities."""
    counts = counts_of(sentences, labels)
    return float(2 * counts.hit.sum() / max(counts.given.sum() + counts.true.sum(), 1))


def resampled(
    sentences: Sequence[Sentence], models: Mapping[str, Sequence[Sequence[str]]], resamples: int
) -> Resampled:
    """Return the scores of every model's labels for the sentences and every resample of whole ones."""
    blocks = label_blocks(np.arange(len(sentences)), resamples, 0)
    return {name: _scores(counts_of(sentences, own), blocks) for name, own in models.items()}


def _scores(counts: Counts, blocks: Blocks) -> dict[str, Floats]:
    hit, given, true = (blocks.sums(each) for each in (counts.hit, counts.given, counts.true))
    of_kind = ratio(2 * hit, given + true)[:, : len(counts.kinds)]
    found = {
        "f1": ratio(2 * hit.sum(1), given.sum(1) + true.sum(1)),
        "precision": ratio(hit.sum(1), given.sum(1)),
        "recall": ratio(hit.sum(1), true.sum(1)),
        "macro_f1": of_kind.mean(1),
    }
    return found | {f"f1@{kind}": of_kind[:, at] for at, kind in enumerate(counts.kinds)}
