"""How models err: by the kind of error, and the network's first wrong sentences."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.report import Table
from terrella.literature.corpus.spans import Sentence, spans_of

Labels = Mapping[str, Sequence[Sequence[str]]]
_EXAMPLES = 12


def error_table(sentences: Sequence[Sentence], labels: Labels) -> Table:
    """Return how each model errs: which entities are missed, of a wrong kind, of wrong borders, or none at all."""
    heads = ["right", "wrong kind", "wrong borders", "missed", "no entity"]
    rows: list[tuple[str, Sequence[str | Interval]]] = []
    for name, given in labels.items():
        counted: Counter[str] = Counter()
        for sentence, own in zip(sentences, given, strict=True):
            true, found = set(sentence.spans), set(spans_of(own))
            counted["right"] += len(true & found)
            for span in true - found:
                touching = [each for each in found if each.start < span.end and span.start < each.end]
                same = any((each.start, each.end) == (span.start, span.end) for each in touching)
                counted["wrong kind" if same else "wrong borders" if touching else "missed"] += 1
            counted["no entity"] += sum(
                not any(each.start < span.end and span.start < each.end for each in true)
                for span in found - true
            )
        rows.append((name, [f"{counted[head]:,}" for head in heads]))
    return Table("Entities of the truth, and what is none", heads, rows, [0] * len(heads))


def example_table(sentences: Sequence[Sentence], labels: Sequence[Sequence[str]]) -> Table:
    """Return the first sentences in which the network errs, with what is true and what it gives."""
    rows: list[tuple[str, Sequence[str | Interval]]] = []
    for sentence, own in zip(sentences, labels, strict=True):
        true, found = set(sentence.spans), set(spans_of(own))
        if true != found and len(sentence.tokens) < 30:
            cells = [
                " ".join(sentence.tokens),
                _named(sentence, true - found),
                _named(sentence, found - true),
            ]
            rows.append((str(len(rows) + 1), cells))
        if len(rows) == _EXAMPLES:
            break
    return Table(
        "The network's first errors", ["sentence", "true, not given", "given, not true"], rows, [0, 0, 0]
    )


def _named(sentence: Sentence, spans: set[Any]) -> str:
    named = (f"{' '.join(sentence.tokens[s.start : s.end])} ({s.kind})" for s in sorted(spans))
    return "; ".join(named) or "–"
