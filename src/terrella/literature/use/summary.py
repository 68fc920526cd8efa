"""Extractive summaries: the sentences that are most like all the others (LexRank; Erkan & Radev 2004)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from terrella.literature.texts.words import term_counts, unit_vectors, words_of

_DAMPING = 0.15
_ALIKE = 0.6  # cosine from which a sentence says what another has said


def lead(sentences: Sequence[str], number: int) -> list[int]:
    """Return the first sentences: the baseline that is hard to beat."""
    return list(range(min(number, len(sentences))))


def summary(sentences: Sequence[str], number: int) -> list[int]:
    """Return the sentences of a summary in their order, at most so many.

    Ranks are the stationary distribution of a walk over cosines of TF–IDF (equation 5 of the paper, weights in
    place of a threshold); a sentence that is like one already taken is passed over.
    """
    vectors = unit_vectors(term_counts([words_of(each) for each in sentences])[0])
    cosine = np.asarray((vectors @ vectors.T).todense())
    np.fill_diagonal(cosine, 0)  # that a sentence is like itself says nothing
    taken: list[int] = []
    for at in np.argsort(-_ranks(cosine), kind="stable"):
        if len(taken) < number and all(cosine[at, other] < _ALIKE for other in taken):
            taken.append(int(at))
    return sorted(taken)


def _ranks(cosine: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    number = len(cosine)
    sums = cosine.sum(1, keepdims=True)
    walk = np.where(sums > 0, cosine / np.maximum(sums, 1e-12), 1 / number)
    ranks = np.full(number, 1 / number)
    for _ in range(100):
        ranks = _DAMPING / number + (1 - _DAMPING) * (ranks @ walk)
    return ranks
