"""The network and two fields as one: their emissions and transitions add up, so that all are heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from terrella.literature.corpus.spans import Sentence
from terrella.literature.learning.network import minus_log_likelihood, taken
from terrella.literature.learning.windows import Vocabulary, inputs_of, packed
from terrella.literature.models.chain import decode, marginals
from terrella.literature.models.crf import NEVER, Crf

Weights = tuple[float, float, float]
Floats = npt.NDArray[np.float32]
_AT_ONCE = 64  # windows


@dataclass(frozen=True, eq=False)
class Joint:
    """Two fields and a network: emissions and transitions are added, each with its weight.

    `follow` are the network's transitions (label before, label); `weights` are those of the wider field, of the
    textbook's and of the network; `doubt` is taken from the label of no entity.
    """

    network: nn.Module
    follow: Floats
    vocabulary: Vocabulary
    wide: Crf
    textbook: Crf
    weights: Weights = (1.0, 0.0, 0.0)
    doubt: float = 0.0

    def emissions(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """Return the emissions of each sentence, (token, label)."""
        read = network_emissions(self.network, self.vocabulary, sentences, len(self.wide.labels))
        parts = zip(
            map(self.wide.emissions, sentences), map(self.textbook.emissions, sentences), read, strict=True
        )
        return [self._joined(*each) for each in parts]

    def _joined(self, wide: Floats, textbook: Floats, read: Floats) -> Floats:
        a, b, c = self.weights
        found = a * wide + b * textbook + c * read
        found[:, 0] -= self.doubt
        return found

    @property
    def transitions(self) -> Floats:
        """The transitions, (label before, label)."""
        a, b, c = self.weights
        fields = a * self.wide.transitions + b * self.textbook.transitions
        return np.asarray(fields + c * self.follow, np.float32)

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
    network: nn.Module, known: Vocabulary, sentences: Sequence[Sequence[str]], labels: int
) -> list[Floats]:
    """Return the network's emissions of each sentence, (token, label)."""
    network.eval()
    found = [np.zeros((len(tokens), labels), np.float32) for tokens in sentences]
    windows = packed(sentences)
    for first in range(0, len(windows), _AT_ONCE):
        some = windows[first : first + _AT_ONCE]
        given = inputs_of(sentences, some, known)
        emitted = network(*taken(given))[0].numpy()
        for row, window in zip(emitted, some, strict=True):
            for piece in window:
                own = row[piece.at : piece.at + piece.length]
                found[piece.sentence][piece.begin : piece.begin + piece.length] = own
    return found


def chosen(joint: Joint, dev: Sequence[Sentence], doubting: bool) -> Joint:
    """Return a joint field with the weights and the doubt that make the labels of dev likeliest.

    The likelihood is smooth, so that few sentences settle four numbers; F1 would choose by chance. Without
    `doubting` there is no doubt: dev of the training's own texts knows nothing of how others are labelled.
    """
    tokens = [sentence.tokens for sentence in dev]
    read = network_emissions(joint.network, joint.vocabulary, tokens, len(joint.wide.labels))
    fields = [[crf.emissions(own) for own in tokens] for crf in (joint.wide, joint.textbook)]
    transitions = [joint.wide.transitions, joint.textbook.transitions, joint.follow]
    weights, doubt = _likeliest(dev, joint.wide.labels, [*fields, read], transitions, doubting)
    return replace(joint, weights=weights, doubt=doubt)


def _likeliest(
    dev: Sequence[Sentence],
    labels: Sequence[str],
    emissions: Sequence[Sequence[Floats]],
    transitions: Sequence[Floats],
    doubting: bool,
) -> tuple[Weights, float]:
    """Return the weights of three fields, no less than zero, and the doubt with which dev is likeliest."""
    number = {label: at for at, label in enumerate(labels)}
    label = [torch.tensor([number[each] for each in sentence.labels]) for sentence in dev]
    # A label that no sentence of the training has says nothing of the weights.
    kept = [at for at, own in enumerate(label) if emissions[0][at][range(len(own)), own].min() > NEVER / 2]
    if not kept:
        return (1.0, 0.0, 0.0), 0.0
    label = [label[at] for at in kept]
    here = pad_sequence([torch.ones(len(own)) for own in label], True)
    given = torch.stack([pad_sequence([torch.from_numpy(of[at]) for at in kept], True) for of in emissions])
    steps = torch.from_numpy(np.stack(transitions))
    known = pad_sequence(label, True)
    root = torch.tensor([0.7, 0.3, 0.3]).sqrt().requires_grad_()  # squared, so that no weight is below zero
    doubt = torch.zeros((), requires_grad=True)
    none = torch.zeros(len(labels)).index_fill(0, torch.tensor(0), 1.0)
    optimiser = torch.optim.LBFGS(
        [root, doubt] if doubting else [root], max_iter=40, line_search_fn="strong_wolfe"
    )

    def loss() -> float:
        optimiser.zero_grad()
        weights = root.square()
        emitted = (given * weights[:, None, None, None]).sum(0) - doubt * none
        follow = (steps * weights[:, None, None]).sum(0)
        found = minus_log_likelihood(emitted, follow, known, here)
        found.backward()
        return float(found.detach())

    optimiser.step(loss)
    wide, textbook, share = root.detach().square().tolist()
    return (wide, textbook, share), float(doubt.detach())
