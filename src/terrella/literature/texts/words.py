"""Words that carry content, counted: what key phrases, summaries and searches stand on."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

STOP = frozenset(Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8").split())
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_PLURAL = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"))


def words_of(text: str) -> list[str]:
    """Return the words of a text that carry content, in lower case and in the singular."""
    return [
        singular(word.lower()) for word in _WORD.findall(text) if word.lower() not in STOP and len(word) > 1
    ]


def singular(word: str) -> str:
    """Return an English noun's singular by its ending; irregular ones stay as they are."""
    for ending, instead in _PLURAL:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)] + instead
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word


def term_counts(texts: Sequence[Sequence[str]]) -> tuple[csr_matrix, dict[str, int]]:
    """Return how often each word is in each text, (text, word), and the words' columns."""
    column: dict[str, int] = {}
    rows, columns, counts = [], [], []
    for row, words in enumerate(texts):
        for word, number in Counter(words).items():
            rows.append(row)
            columns.append(column.setdefault(word, len(column)))
            counts.append(float(number))
    return csr_matrix((counts, (rows, columns)), shape=(len(texts), max(len(column), 1))), column


def rareness(counts: csr_matrix) -> np.ndarray:
    """Return ln((1 + n) / (1 + number of texts with a word)) + 1, (word,)."""
    number = np.asarray((counts > 0).sum(0), float).ravel()
    return np.log((1 + counts.shape[0]) / (1 + number)) + 1


def unit_vectors(counts: csr_matrix) -> csr_matrix:
    """Return TF–IDF vectors of length one, (text, word), of 1 + ln of the counts; that of an empty text is zero."""
    weighted = counts.astype(float)
    weighted.data = 1 + np.log(weighted.data)
    weighted = weighted.multiply(rareness(counts)[None]).tocsr()
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
    return weighted.multiply(1 / np.maximum(length, 1e-12)[:, None]).tocsr()
