"""Entities as spans of tokens, and as labels of single tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

OUTSIDE = "O"


class Span(NamedTuple):
    """An entity: its first token, the one after its last, and its kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Sentence:
    """Tokens of a sentence with their labels, B-KIND, I-KIND or O."""

    tokens: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def spans(self) -> list[Span]:
        """The entities."""
        return spans_of(self.labels)


def spans_of(labels: Sequence[str]) -> list[Span]:
    """Return the entities of labels; an I- without a beginning begins one."""
    found: list[Span] = []
    start, kind = 0, ""
    for at, label in enumerate([*labels, OUTSIDE]):
        own = label[2:] if label != OUTSIDE else ""
        if kind and (own != kind or label[0] == "B"):
            found.append(Span(start, at, kind))
            kind = ""
        if own and not kind:
            start, kind = at, own
    return found


def labels_of(spans: Sequence[Span], length: int) -> tuple[str, ...]:
    """Return the labels of so many tokens."""
    found = [OUTSIDE] * length
    for start, end, kind in spans:
        found[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - start - 1)]
    return tuple(found)


def begun(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return labels with beginnings from kinds alone: a run of one kind is one entity."""
    pairs = zip(kinds, [OUTSIDE, *kinds], strict=False)
    return tuple(
        kind if kind == OUTSIDE else f"{'I' if kind == before else 'B'}-{kind}" for kind, before in pairs
    )


def label_set(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return all labels of kinds of entities; that of no entity comes first."""
    return (OUTSIDE, *(f"{place}-{kind}" for kind in sorted(kinds) for place in "BI"))
