"""Key phrases: runs of content words that are frequent in a document and rare in the others."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from terrella.literature.texts.tokens import Token
from terrella.literature.texts.words import STOP, singular

_LONGEST = 4  # words
_LONG = 3


class Phrase(NamedTuple):
    """A phrase as it is first written, its score, and how often the document has it."""

    text: str
    score: float
    times: int


def key_phrases(documents: Sequence[Sequence[Sequence[Token]]], number: int) -> list[list[Phrase]]:
    """Return the best phrases of each document, given as sentences of tokens.

    The score is log₂(1 + words) · times · rareness, less what longer phrases already say: the C-value of Frantzi,
    Ananiadou & Mima (2000), equation 2, times ln((1 + n)/(1 + documents with the phrase)) + 1.
    """
    written: dict[tuple[str, ...], str] = {}
    counted = [_counted(sentences, written) for sentences in documents]
    every = sum(counted, Counter[tuple[str, ...]]())
    # Without a grammar, a long run of words is a phrase only where it comes again.
    counted = [
        Counter({phrase: n for phrase, n in own.items() if len(phrase) < _LONG or every[phrase] > 1})
        for own in counted
    ]
    with_it = Counter(phrase for own in counted for phrase in own)
    return [_best(own, with_it, len(documents), written, number) for own in counted]


def _counted(
    sentences: Sequence[Sequence[Token]], written: dict[tuple[str, ...], str]
) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for tokens in sentences:
        for run in _runs(tokens):
            words = [singular(token.text.lower()) for token in run]
            for begin in range(len(run)):
                for end in range(begin + 1, min(len(run), begin + _LONGEST) + 1):
                    phrase = tuple(words[begin:end])
                    found[phrase] += 1
                    written.setdefault(phrase, " ".join(token.text for token in run[begin:end]))
    return found


def _runs(tokens: Sequence[Token]) -> list[list[Token]]:
    runs: list[list[Token]] = [[]]
    for token in tokens:
        if token.text[0].isalpha() and len(token.text) > 1 and token.text.lower() not in STOP:
            runs[-1].append(token)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _best(
    own: Counter[tuple[str, ...]], with_it: Counter[tuple[str, ...]], documents: int,
    written: dict[tuple[str, ...], str], number: int,
) -> list[Phrase]:  # fmt: skip
    within: dict[tuple[str, ...], list[int]] = defaultdict(list)
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
