"""Key phrases: runs of content words that are frequent in a document and rare in the others."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from terrella.literature.texts.tokens import Token
from terrella.literature.texts.words import STOP, singular
from terrella.literature.use.entities import Entity, Read

_LONGEST = 4  # words
_LONG = 3
Words = tuple[str, ...]


class Phrase(NamedTuple):
    """A phrase as it is first written, its score, and how often the document has it."""

    text: str
    score: float
    times: int


def key_phrases(read: Sequence[Read], number: int) -> list[list[Phrase]]:
    """Return the best phrases of each document: entities as they are, and runs of content words between them.

    The score is log₂(1 + words) · times · rareness, less what longer phrases already say: the C-value of Frantzi,
    Ananiadou & Mima (2000), equation 2, times ln((1 + n)/(1 + documents with the phrase)) + 1.
    """
    written: dict[Words, str] = {}
    counted = [_counted(own, written) for own in read]
    every = sum(counted, Counter[Words]())
    entities = {_words(entity.text.split()) for own in read for entity in own.entities}
    # Without a grammar, a long run of words is a phrase only where it comes again.
    counted = [
        Counter({p: n for p, n in own.items() if len(p) < _LONG or every[p] > 1 or p in entities})
        for own in counted
    ]
    with_it = Counter(phrase for own in counted for phrase in own)
    return [_best(own, with_it, len(read), written, number) for own in counted]


def _counted(own: Read, written: dict[Words, str]) -> Counter[Words]:
    found: Counter[Words] = Counter()
    for number, tokens in enumerate(own.sentences):
        inside = [entity for entity in own.entities if entity.sentence == number]
        for entity in inside:
            _count(entity.text.split(), found, written)
        for run in _runs(tokens, inside):
            for begin in range(len(run)):
                for end in range(begin + 1, min(len(run), begin + _LONGEST) + 1):
                    _count(run[begin:end], found, written)
    return found


def _count(words: Sequence[str], found: Counter[Words], written: dict[Words, str]) -> None:
    phrase = _words(words)
    found[phrase] += 1
    written.setdefault(phrase, " ".join(words))


def _words(written: Sequence[str]) -> Words:
    return tuple(singular(word.lower()) for word in written)


def _runs(tokens: Sequence[Token], entities: Sequence[Entity]) -> list[list[str]]:
    """Return the runs of content words that are in no entity."""
    runs: list[list[str]] = [[]]
    for token in tokens:
        named = any(entity.start <= token.start < entity.end for entity in entities)
        if not named and token.text[0].isalpha() and len(token.text) > 1 and token.text.lower() not in STOP:
            runs[-1].append(token.text)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _best(
    own: Counter[Words], with_it: Counter[Words], documents: int,
    written: dict[Words, str], number: int,
) -> list[Phrase]:  # fmt: skip
    within: dict[Words, list[int]] = defaultdict(list)
    for phrase, times in own.items():
        for begin in range(len(phrase)):
            for end in range(begin + 1, len(phrase) + 1):
                if end - begin < len(phrase):
                    within[phrase[begin:end]].append(times)
    scored = []
    for phrase, times in own.items():
        longer = within.get(phrase)
        alone = times - (sum(longer) / len(longer) if longer else 0)
        rare = np.log((1 + documents) / (1 + with_it[phrase])) + 1
        scored.append(Phrase(written[phrase], float(np.log2(1 + len(phrase)) * alone * rare), times))
    ranked = sorted((each for each in scored if each.score > 0), key=lambda each: (-each.score, each.text))
    kept: list[Phrase] = []
    for each in ranked:
        if not any(f" {each.text.lower()} " in f" {other.text.lower()} " for other in kept):
            kept.append(each)
        if len(kept) == number:
            break
    return kept
