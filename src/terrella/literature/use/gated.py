"""A joint field as a function of how far each word is there: one as it is, none an unknown word without letters.

Between the two the numbers that stand for a word in the network change along a line, and so do the weights of a
field's attributes that are made of it; those of pairs of words are products.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from terrella.literature.corpus.spans import Span
from terrella.literature.learning.joint import Joint
from terrella.literature.learning.network import LETTERS, UNKNOWN, EntityNetwork
from terrella.literature.learning.windows import WINDOW, inputs_of, packed
from terrella.literature.models.crf import Crf
from terrella.literature.models.features import REACH, SETS

_NOTHING = ""  # the word that none is
_NEVER, _SURE = -1e9, -1e-12


@dataclass(frozen=True, eq=False)
class FieldOfWords:
    """Emissions of a conditional random field: a constant, what each word adds, and what two neighbours do.

    Parameters
    ----------
    constant : tensor (token, label)
    alone : tensor (token, word, label)
    where, first : tensor (pair,)
        The token that a pair of words adds to, and the first of both words.
    pairs : tensor (pair, label)
    """

    constant: Tensor
    alone: Tensor
    where: Tensor
    first: Tensor
    pairs: Tensor

    def emissions(self, words: Tensor) -> Tensor:
        """Return emissions (n, token, label) of how far words are there, (n, word)."""
        found = self.constant + torch.einsum("nw,twl->ntl", words, self.alone)
        both = words[:, self.first] * words[:, self.first + 1]
        return found.index_add(1, self.where, both[:, :, None] * self.pairs)


def field_of_words(crf: Crf, tokens: Sequence[str]) -> FieldOfWords:
    """Return a field's emissions of a sentence as a function of its words."""
    whole = SETS[crf.features](tokens, crf.cased)
    less = [_without(crf, tokens, word) for word in range(len(tokens))]
    constant = np.zeros((len(tokens), len(crf.labels)))
    alone = np.zeros((len(tokens), *constant.shape))
    where: list[int] = []
    first: list[int] = []
    pairs = np.zeros((0, len(crf.labels)))
    for token, own in enumerate(whole):
        near = range(max(token - REACH, 0), min(token + REACH + 1, len(tokens)))
        for attribute in own:
            made_of = [word for word in near if attribute not in less[word][token]]
            weights = crf.weights_of(attribute)
            if not made_of:
                constant[token] += weights
            elif len(made_of) == 1:
                alone[token, made_of[0]] += weights
            else:
                where.append(token)
                first.append(made_of[0])
                pairs = np.vstack([pairs, weights])
        for word in near:
            for attribute in less[word][token] - set(own):
                constant[token] += crf.weights_of(attribute)
                alone[token, word] -= crf.weights_of(attribute)
    at, before = (torch.tensor(each, dtype=torch.long) for each in (where, first))
    return FieldOfWords(
        torch.from_numpy(constant), torch.from_numpy(alone), at, before, torch.from_numpy(pairs)
    )


def _without(crf: Crf, tokens: Sequence[str], word: int) -> dict[int, set[str]]:
    """Return the attributes of the tokens near a word, by their number, when there is nothing in its place."""
    first, last = max(word - REACH, 0), min(word + REACH + 1, len(tokens))
    begin = max(word - 2 * REACH, 0)  # so that attributes are those within the sentence
    part = [*tokens[begin:word], _NOTHING, *tokens[word + 1 : word + 2 * REACH + 1]]
    found = SETS[crf.features](part, crf.cased)
    return {token: set(found[token - begin]) for token in range(first, last)}


@dataclass(frozen=True, eq=False)
class Gated:
    """One sentence's joint field as a function of all words of the windows that it stands in.

    Parameters
    ----------
    sentence, token : array (word,)
        Numbers of each word's sentence and of the token in it.
    own : tensor (token,)
        The words that are those of the sentence.
    """

    joint: Joint
    sentence: npt.NDArray[np.int64]
    token: npt.NDArray[np.int64]
    own: Tensor
    _place: Tensor  # (word,) in the windows, laid end to end
    _word: Tensor
    _letter: Tensor
    _here: Tensor
    _fields: tuple[FieldOfWords, FieldOfWords]

    def of_network(self, network: EntityNetwork, words: Tensor) -> Tensor:
        """Return the network's emissions of the sentence, (n, token, label), of how far words are there."""
        reader = network.reader
        seen = reader.seen({"word": self._word, "letter": self._letter})
        nothing = reader.seen(
            {"word": torch.full((1, 1), UNKNOWN), "letter": torch.zeros(1, 1, LETTERS, dtype=torch.long)}
        )
        number, windows = len(words), len(self._word)
        there = torch.ones(number, windows * WINDOW, dtype=words.dtype).index_copy(1, self._place, words)
        there = there.reshape(number, windows, WINDOW, 1).to(seen.dtype)
        mixed = nothing + there * (seen - nothing)
        here = self._here.repeat(number, 1)
        found = network.emission(reader.read(mixed.flatten(0, 1), here)).reshape(number, windows * WINDOW, -1)
        return found[:, self._place[self.own]].double()

    def answer(self, network: nn.Module, words: Tensor, span: Span, alone: bool = False) -> Tensor:
        """Return the log odds (n,) that a span is an entity, of the joint field or of the network alone."""
        assert isinstance(network, EntityNetwork)
        a, b, c = (0.0, 0.0, 1.0) if alone else self.joint.weights
        emissions = c * self.of_network(network, words)
        transitions = c * network.transitions.double()
        if not alone:
            for share, field, crf in zip(
                (a, b), self._fields, (self.joint.wide, self.joint.textbook), strict=True
            ):
                emissions = emissions + share * field.emissions(words[:, self.own].double())
                transitions = transitions + share * torch.from_numpy(crf.transitions).double()
            doubt = torch.zeros(emissions.shape[2], dtype=torch.float64)
            doubt[0] = self.joint.doubt
            emissions = emissions - doubt
        allowed = _labels_of(span, len(self.own), self.joint.wide.labels)
        inside = _log_sum(emissions + allowed, transitions)
        return _log_odds(inside - _log_sum(emissions, transitions))


def gated(joint: Joint, sentences: Sequence[Sequence[str]], number: int) -> Gated:
    """Return a sentence's field as a function of words; `sentences` are all that are read together."""
    windows = [window for window in packed(sentences) if any(piece.sentence == number for piece in window)]
    given = inputs_of(sentences, windows, joint.vocabulary)
    words = np.array([
        (row * WINDOW + piece.at + k, piece.sentence, piece.begin + k)
        for row, window in enumerate(windows) for piece in window for k in range(piece.length)
    ])  # fmt: skip
    place, sentence, token = words.T
    fields = [field_of_words(crf, sentences[number]) for crf in (joint.wide, joint.textbook)]
    own = torch.from_numpy(np.flatnonzero(sentence == number))
    return Gated(
        joint, sentence, token, own, torch.from_numpy(place.copy()), given["word"], given["letter"], given["here"],
        (fields[0], fields[1]),
    )  # fmt: skip


def _labels_of(span: Span, tokens: int, labels: Sequence[str]) -> Tensor:
    """Return zero for labels (token, label) that make a span an entity and no longer one, else very little."""
    number = {label: at for at, label in enumerate(labels)}
    allowed = torch.zeros(tokens, len(labels), dtype=torch.float64)
    allowed[span.start : span.end] = _NEVER
    allowed[span.start, number[f"B-{span.kind}"]] = 0
    allowed[span.start + 1 : span.end, number[f"I-{span.kind}"]] = 0
    if span.end < tokens:
        allowed[span.end, number[f"I-{span.kind}"]] = _NEVER
    return allowed


def _log_sum(emissions: Tensor, transitions: Tensor) -> Tensor:
    """Return ln of the sum over all label sequences, (n,); Lafferty et al. (2001), section 3."""
    score = emissions[:, 0]
    for own in emissions[:, 1:].unbind(1):
        score = torch.logsumexp(score[:, :, None] + transitions, 1) + own
    return torch.logsumexp(score, 1)


def _log_odds(log_probability: Tensor) -> Tensor:
    sure = log_probability.clamp(max=_SURE)
    return sure - torch.log(-torch.expm1(sure))
