"""The network and the wider field as one field: their emissions and transitions add up, so both are heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from terrella.literature.corpus.spans import Sentence
from terrella.literature.learning.network import EntityNetwork
from terrella.literature.learning.windows import Vocabulary, inputs_of, packed
from terrella.literature.models.chain import decode, marginals
from terrella.literature.models.crf import Crf
from terrella.literature.scores import f1_of

Floats = npt.NDArray[np.float32]
_SHARES = 0.0, 0.2, 0.3, 0.5, 1.0
_DOUBTS = 0.0, 0.5, 1.0
_AT_ONCE = 64  # windows


@dataclass(frozen=True, eq=False)
class Joint:
    """A network beside a field: emissions wide + share · network, less `doubt` for the label of no entity."""

    network: EntityNetwork
    vocabulary: Vocabulary
    wide: Crf
    share: float = 1.0
    doubt: float = 0.0

    def emissions(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """Return the emissions of each sentence, (token, label)."""
        read = network_emissions(self.network, self.vocabulary, sentences)
        found = [
            self.wide.emissions(own) + self.share * each for own, each in zip(sentences, read, strict=True)
        ]
        for each in found:
            each[:, 0] -= self.doubt
        return found

    @property
    def transitions(self) -> Floats:
        """The transitions, (label before, label)."""
        return np.asarray(self.wide.transitions + self.share * _transitions(self.network), np.float32)

    def labels_for(self, sentences: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        """Return the likeliest labels of each sentence."""
        labels, transitions = self.wide.labels, self.transitions
        return [tuple(labels[at] for at in decode(own, transitions)) for own in self.emissions(sentences)]

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """Return the probability of each label, (token, label), for each sentence."""
        transitions = self.transitions
        return [marginals(own, transitions) for own in self.emissions(sentences)]


@torch.no_grad()
def network_emissions(
    network: EntityNetwork, known: Vocabulary, sentences: Sequence[Sequence[str]]
) -> list[Floats]:
    """Return the network's emissions of each sentence, (token, label)."""
    network.eval()
    labels = network.transitions.shape[0]
    found = [np.zeros((len(tokens), labels), np.float32) for tokens in sentences]
    windows = packed(sentences)
    for first in range(0, len(windows), _AT_ONCE):
        some = windows[first : first + _AT_ONCE]
        given = inputs_of(sentences, some, known)
        emitted = network(given["word"], given["letter"], given["here"])[0].numpy()
        for row, window in zip(emitted, some, strict=True):
            for piece in window:
                own = row[piece.at : piece.at + piece.length]
                found[piece.sentence][piece.begin : piece.begin + piece.length] = own
    return found


def chosen(joint: Joint, dev: Sequence[Sentence]) -> Joint:
    """Return a joint field with the share and the doubt that have the largest F1 on dev, the smallest first."""
    labels = joint.wide.labels
    tokens = [sentence.tokens for sentence in dev]
    read = network_emissions(joint.network, joint.vocabulary, tokens)
    wide = [joint.wide.emissions(own) for own in tokens]
    best, found = -1.0, joint
    for share in _SHARES:
        transitions = joint.wide.transitions + share * _transitions(joint.network)
        for doubt in _DOUBTS:
            less = np.zeros(len(labels), np.float32)
            less[0] = doubt
            both = (a + share * b - less for a, b in zip(wide, read, strict=True))
            given = [[labels[at] for at in decode(own, transitions)] for own in both]
            if (f1 := f1_of(dev, given)) > best:
                best, found = f1, replace(joint, share=share, doubt=doubt)
    return found


def _transitions(network: EntityNetwork) -> Floats:
    return network.transitions.detach().cpu().numpy()
