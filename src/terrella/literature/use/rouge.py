"""ROUGE: how much of the words of a reference a summary has (Lin 2004)."""

import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")


def rouge_words(text: str) -> list[str]:
    """Return a text's words and numbers in lower case; none is left out, and endings stay."""
    return _WORD.findall(text.lower())


def rouge_n(given: Sequence[str], references: Sequence[Sequence[str]], n: int) -> float:
    """Return the F1 of runs of n words, against the reference that fits best.

    Recall is ROUGE-N of Lin (2004), equation 1, over one reference; his section 2.1 takes the best of several.
    """
    own = _runs(given, n)
    return max(
        (_f1((own & runs).total(), own.total(), runs.total()) for runs in (_runs(r, n) for r in references)),
        default=0.0,
    )


def rouge_l(given: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return the F1 of the longest common subsequence, each text as one sentence (Lin 2004, equations 2 to 4)."""
    return max((_f1(_common(given, r), len(given), len(r)) for r in references), default=0.0)


def _runs(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1))


def _f1(common: int, given: int, true: int) -> float:
    return 2 * common / (given + true) if given + true else 0.0


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence: a column of the table is the bits of a number."""
    places: dict[str, int] = {}
    for at, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << at
    whole = (1 << len(first)) - 1
    column = whole
    for word in second:
        met = column & places.get(word, 0)
        column = (column + met | column - met) & whole
    return len(first) - column.bit_count()
