"""Searches of documents: by their words (BM25) and by their meaning (latent semantic analysis)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.literature.texts.read import read_texts
from terrella.literature.texts.words import rareness, term_counts, unit_vectors, words_of

Floats = npt.NDArray[np.float64]
_K1, _B = 1.2, 0.75
_TOPICS = 100
_PER_TOPIC = 10  # documents at least
_FEWEST = 20  # documents from which meaning is learned
_MEANING = 0.5  # of the cosine; 0.3 to 1 do as well


@dataclass(frozen=True, eq=False)
class Index:
    """Documents ready to be searched."""

    counts: csr_matrix  # (document, word)
    column: dict[str, int]
    topics: Floats  # (word, topic), of no topics where documents are few
    places: Floats  # (document, topic), of length one


def make_index(texts: Sequence[str]) -> Index:
    """Return an index of texts; topics are singular vectors of their TF–IDF (Deerwester et al. 1990)."""
    counts, column = term_counts([words_of(text) for text in texts])
    number = min(_TOPICS, len(texts) // _PER_TOPIC, counts.shape[1] // 2)
    if len(texts) < _FEWEST or not number:
        return Index(counts, column, np.zeros((counts.shape[1], 0)), np.zeros((len(texts), 0)))
    vectors = unit_vectors(counts)
    topics: Floats = svds(vectors, number, random_state=0)[2].T
    return Index(counts, column, topics, _unit(vectors @ topics))


def by_words(index: Index, query: str) -> Floats:
    """Return each document's BM25 (Robertson & Zaragoza 2009, equation 3.15), k₁ = 1.2, b = 0.75, (document,)."""
    length = np.asarray(index.counts.sum(1)).ravel()
    documents = index.counts.shape[0]
    scores = np.zeros(documents)
    for word in words_of(query):
        if word in index.column:
            times = np.asarray(index.counts[:, [index.column[word]]].todense()).ravel()
            having = (times > 0).sum()
            rare = np.log(1 + (documents - having + 0.5) / (having + 0.5))
            scores += (
                rare * times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * length / max(length.mean(), 1e-12)))
            )
    return scores


def by_meaning(index: Index, query: str) -> Floats:
    """Return the cosine of each document and the query among the topics, (document,)."""
    rare, vector = rareness(index.counts), np.zeros(index.counts.shape[1])
    for word in words_of(query):
        if word in index.column:
            vector[index.column[word]] += rare[index.column[word]]
    found: Floats = index.places @ _unit((vector @ index.topics)[None])[0]
    return found


def by_both(index: Index, query: str) -> Floats:
    """Return BM25 as a share of its largest value, plus half the cosine of the meaning, (document,).

    Joined by ranks instead (Cormack et al. 2009) they found less than BM25 alone.
    """
    words = by_words(index, query)
    return words / max(float(words.max()), 1e-12) + _MEANING * by_meaning(index, query)


HOW = {"words": by_words, "meaning": by_meaning, "both": by_both}


def ndcg(scores: Floats, relevance: Floats, first: int = 10) -> float:
    """Return the normalised discounted cumulative gain of the first documents (Järvelin & Kekäläinen 2002)."""
    discount = 1 / np.log2(np.arange(2, min(first, len(scores)) + 2))
    order = np.argsort(-scores, kind="stable")[: len(discount)]
    best = np.sort(relevance)[::-1][: len(discount)]
    return float((relevance[order] * discount).sum() / max((best * discount).sum(), 1e-12))


def search_file(
    query: str, texts: Path, by: str, number: int, encoding: str | None, column: str | None, report: Report
) -> list[str]:
    """Return lines on the best documents of a file.

    Raises:
        InputError: where the file is at fault, or none of the query's words is in it.
    """
    found = read_texts(texts, encoding, column)
    for finding in found.findings:
        report({"kind": "message", "message": f"{texts}: {finding}"})
    index = make_index([document.text for document in found.documents])
    if not any(word in index.column for word in words_of(query)):
        raise InputError(f"none of the words of {query!r} is in {texts}")
    if not index.topics.shape[1] and by != "words":
        report({"kind": "message", "message": f"fewer than {_FEWEST} documents: searched by words alone"})
        by = "words"
    scores = HOW[by](index, query)
    order = np.argsort(-scores, kind="stable")[:number]
    lines = []
    for rank, at in enumerate(order, 1):
        document = found.documents[at]
        lines.append(f"{rank:3}  {scores[at]:8.4f}  {document.name}  {' '.join(document.text.split())[:90]}")
    return lines


def _unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found
