"""A gazetteer: the entities of labelled sentences as a list of names, looked up word by word."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from terrella.literature.corpus.spans import Sentence, Span, labels_of


@dataclass(frozen=True)
class Gazetteer:
    """Names in lower case, and the kind that each has most often."""

    kinds: dict[tuple[str, ...], str]
    longest: int  # words of the longest name

    def labels_for(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """Return labels: from left to right, the longest name that begins at a token."""
        low = tuple(token.lower() for token in tokens)
        spans, at = [], 0
        while at < len(low):
            for end in range(min(len(low), at + self.longest), at, -1):
                if kind := self.kinds.get(low[at:end]):
                    spans.append(Span(at, end, kind))
                    at = end
                    break
            else:
                at += 1
        return labels_of(spans, len(low))


def fit_gazetteer(sentences: Sequence[Sentence]) -> Gazetteer:
    """Return the names of all entities of labelled sentences."""
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for start, end, kind in sentence.spans:
            found[tuple(token.lower() for token in sentence.tokens[start:end])][kind] += 1
    kinds = {name: max(sorted(counted), key=counted.__getitem__) for name, counted in found.items()}
    return Gazetteer(kinds, max(map(len, kinds), default=0))
