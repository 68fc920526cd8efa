"""Linear-chain conditional random fields (Lafferty, McCallum & Pereira 2001), fitted by CRFsuite."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.literature.corpus.spans import Sentence
from terrella.literature.models.chain import decode, marginals
from terrella.literature.models.features import SETS

Floats = npt.NDArray[np.float32]
_ITERATIONS = 100


@dataclass(frozen=True, eq=False)
class Crf:
    """A fitted field: weights of attributes for labels, and of pairs of labels that follow each other."""

    features: str  # a name in `features.SETS`
    cased: bool
    labels: tuple[str, ...]
    attributes: tuple[str, ...]
    weights: Floats  # (attribute, label)
    transitions: Floats  # (label before, label)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.attributes)}

    def emissions(self, tokens: Sequence[str]) -> Floats:
        """Return each token's sum of weights, (token, label)."""
        found = np.zeros((len(tokens), len(self.labels)), np.float32)
        for at, own in enumerate(SETS[self.features](tokens, self.cased)):
            rows = [self._row[name] for name in own if name in self._row]
            found[at] = self.weights[rows].sum(0)
        return found

    def weights_of(self, attribute: str) -> Floats:
        """Return an attribute's weights, (label,); zero where it was never seen."""
        row = self._row.get(attribute)
        return np.zeros(len(self.labels), np.float32) if row is None else self.weights[row]

    def labels_for(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """Return the likeliest labels."""
        return tuple(self.labels[at] for at in decode(self.emissions(tokens), self.transitions))

    def probabilities(self, tokens: Sequence[str]) -> Floats:
        """Return the probability of each label, (token, label)."""
        return marginals(self.emissions(tokens), self.transitions)


def check_installed() -> None:
    """Say how to install what fits the fields.

    Raises:
        InputError: where it is not installed.
    """
    try:
        import pycrfsuite  # noqa: F401
    except ImportError:
        raise InputError(
            "terrella literature is trained with python-crfsuite: pip install 'terrella[literature]'"
        ) from None


def fit_crf(
    sentences: Sequence[Sentence], features: str, cased: bool, labels: tuple[str, ...], l1: float, l2: float
) -> Crf:
    """Fit a field by maximum likelihood with penalties l1·|w| and l2·w² (L-BFGS, 100 iterations at most).

    `labels` are those of the result, in its order; one that no sentence has is never given.
    """
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    for sentence in sentences:
        trainer.append(SETS[features](sentence.tokens, cased), sentence.labels)
    trainer.set_params(
        {"c1": l1, "c2": l2, "max_iterations": _ITERATIONS, "feature.possible_transitions": True}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "crf")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        parts = tagger.info()
        tagger.close()
    return _of_parts(parts, features, cased, labels)


def _of_parts(parts: "object", features: str, cased: bool, labels: tuple[str, ...]) -> Crf:
    states, pairs = parts.state_features, parts.transitions  # type: ignore[attr-defined]
    column = {label: at for at, label in enumerate(labels)}
    attributes = tuple(sorted({name for name, _ in states}))
    row = {name: at for at, name in enumerate(attributes)}
    weights = np.zeros((len(attributes), len(labels)), np.float32)
    for (name, label), weight in states.items():
        weights[row[name], column[label]] = weight
    transitions = np.full((len(labels), len(labels)), NEVER, np.float32)
    known = [column[label] for label in parts.labels]  # type: ignore[attr-defined]
    transitions[np.ix_(known, known)] = 0
    for (before, label), weight in pairs.items():
        transitions[column[before], column[label]] = weight
    absent = [at for at in range(len(labels)) if at not in known]
    if "bias" not in row:
        return Crf(features, cased, labels, attributes, weights, transitions)
    weights[row["bias"], absent] = NEVER
    return Crf(features, cased, labels, attributes, weights, transitions)


NEVER = -1e4  # weight of what was never seen
