"""The network and two fields as one: their emissions and transitions add up, so that all are heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

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
_BLENDS = 0.0, 0.3, 0.5
_AT_ONCE = 64  # windows


@dataclass(frozen=True, eq=False)
class Joint:
    """A network beside two fields: (1 − blend) · wide + blend · textbook + share · network, less `doubt` for none.

    Emissions and transitions are added alike; `doubt` is taken from the label of no entity.
    """

    network: EntityNetwork
    vocabulary: Vocabulary
    wide: Crf
    textbook: Crf
    blend: float = 0.0
    share: float = 1.0
    doubt: float = 0.0

    def emissions(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """Return the emissions of each sentence, (token, label)."""
        read = network_emissions(self.network, self.vocabulary, sentences)
        parts = zip(
            map(self.wide.emissions, sentences), map(self.textbook.emissions, sentences), read, strict=True
        )
        return [self._joined(*each) for each in parts]

    def _joined(self, wide: Floats, textbook: Floats, read: Floats) -> Floats:
        found = (1 - self.blend) * wide + self.blend * textbook + self.share * read
        found[:, 0] -= self.doubt
        return found

    @property
    def transitions(self) -> Floats:
        """The transitions, (label before, label)."""
        own = self.network.transitions.detach().cpu().numpy()
        fields = (1 - self.blend) * self.wide.transitions + self.blend * self.textbook.transitions
        return np.asarray(fields + self.share * own, np.float32)

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
    """Return a joint field with the blend, share and doubt that have the largest F1 on dev, the smallest first."""
    labels = joint.wide.labels
    tokens = [sentence.tokens for sentence in dev]
    read = network_emissions(joint.network, joint.vocabulary, tokens)
    parts = list(
        zip(map(joint.wide.emissions, tokens), map(joint.textbook.emissions, tokens), read, strict=True)
    )
    best, found = -1.0, joint
    for blend, share, doubt in product(_BLENDS, _SHARES, _DOUBTS):
        tried = replace(joint, blend=blend, share=share, doubt=doubt)
        transitions = tried.transitions
        given = [[labels[at] for at in decode(tried._joined(*each), transitions)] for each in parts]
        if (f1 := f1_of(dev, given)) > best:
            best, found = f1, tried
    return found
