"""TF–IDF of words and pairs of words with multinomial logistic regression: the usual classifier of texts."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from terrella.errors import InputError
from terrella.literature.classes.documents import Example

Floats = npt.NDArray[np.float32]
_NEVER = -1e4  # of a class that the training has not
_SEEN = 2  # texts that a term is in at least


@dataclass(frozen=True, eq=False)
class Regression:
    """Terms with their rareness, weights (term, class) and intercepts (class,)."""

    terms: tuple[str, ...]
    rare: Floats
    weights: Floats
    intercepts: Floats

    @cached_property
    def _column(self) -> dict[str, int]:
        return {term: at for at, term in enumerate(self.terms)}

    def features(self, texts: Sequence[Sequence[str]]) -> csr_matrix:
        """Return (1 + ln tf) · idf of each text, of length one, (text, term)."""
        values, columns, ends = [], [], [0]
        for tokens in texts:
            known = {self._column[t]: n for t, n in Counter(_terms(tokens)).items() if t in self._column}
            own = np.array([(1 + np.log(n)) * self.rare[at] for at, n in known.items()])
            values.append(own / max(np.linalg.norm(own), 1e-12))
            columns += list(known)
            ends.append(len(columns))
        flat = np.concatenate(values) if values else np.zeros(0)
        return csr_matrix((flat, columns, ends), shape=(len(texts), len(self.terms)))

    def logits(self, texts: Sequence[Sequence[str]]) -> Floats:
        """Return logits of each class, (text, class)."""
        return np.asarray(self.features(texts) @ self.weights + self.intercepts, np.float32)


def check_installed() -> None:
    """Say how to install what fits the regression.

    Raises:
        InputError: where it is not installed.
    """
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise InputError(
            "classes are learned beside scikit-learn's regression: pip install 'terrella[literature]'"
        ) from None


def fit_regression(examples: Sequence[Example], classes: Sequence[str], c: float) -> Regression:
    """Fit by maximum likelihood with the penalty w²/2c; terms are those of two texts at least."""
    from sklearn.linear_model import LogisticRegression

    texts = [each.tokens for each in examples]
    number = Counter(term for tokens in texts for term in set(_terms(tokens)))
    terms = tuple(sorted(term for term, n in number.items() if n >= _SEEN))
    rare = np.array([np.log((1 + len(texts)) / (1 + number[term])) + 1 for term in terms], np.float32)
    empty = Regression(terms, rare, np.zeros((len(terms), len(classes)), np.float32), np.zeros(0, np.float32))
    if not terms:
        raise InputError("no word is in two of the texts to learn from; give more texts")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a likelihood that is still rising a little serves as well
        fitted = LogisticRegression(C=c, max_iter=300).fit(
            empty.features(texts), [each.label for each in examples]
        )
    weights, intercepts = fitted.coef_.T, fitted.intercept_
    if len(fitted.classes_) == 2:
        weights, intercepts = np.hstack([-weights, weights]) / 2, np.array([-1, 1]) * intercepts[0] / 2
    columns = [list(classes).index(name) for name in fitted.classes_]
    every = Regression(terms, rare, empty.weights, np.full(len(classes), _NEVER, np.float32))
    every.weights[:, columns], every.intercepts[columns] = weights, intercepts
    return every


def _terms(tokens: Sequence[str]) -> list[str]:
    low = [token.lower() for token in tokens]
    return [*low, *(f"{a} {b}" for a, b in pairwise(low))]
