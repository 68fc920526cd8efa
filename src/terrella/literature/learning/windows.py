"""Sentences packed whole into windows of one length, as numbers that the network reads."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from terrella.engine.feed import Batch
from terrella.literature.corpus.spans import Sentence
from terrella.literature.learning.encoder import Encoder
from terrella.literature.learning.network import BORDER, LETTERS, SPECIAL, UNKNOWN

WINDOW = 64  # tokens
_SEEN_RARELY = 3  # times; such a word is sometimes hidden in training
_UNKNOWN_LETTER = 1


class Piece(NamedTuple):
    """A sentence's tokens in a window: which sentence, from which of its tokens, where in the window, how many."""

    sentence: int
    begin: int
    at: int
    length: int


@dataclass(frozen=True)
class Vocabulary:
    """The words, in lower case, and letters of the training; `rare` are the words seen three times at most."""

    words: tuple[str, ...]
    rare: tuple[bool, ...]
    letters: tuple[str, ...]
    cased: bool
    encoder: Encoder | None = None  # what it says of a token is read beside its word and letters

    @cached_property
    def word_number(self) -> dict[str, int]:
        return {word: at + SPECIAL for at, word in enumerate(self.words)}

    @cached_property
    def letter_number(self) -> dict[str, int]:
        return {letter: at + _UNKNOWN_LETTER + 1 for at, letter in enumerate(self.letters)}

    def spelled(self, token: str) -> list[int]:
        """Return the numbers of a token's letters: all, or the first and last ones."""
        word = token if self.cased else token.lower()
        if len(word) > LETTERS:
            word = word[: LETTERS // 2] + word[-LETTERS // 2 :]
        known = self.letter_number
        # A capital that the training never had is read as the small letter.
        return [known.get(letter, known.get(letter.lower(), _UNKNOWN_LETTER)) for letter in word]


def vocabulary_of(texts: Sequence[Sequence[str]], cased: bool, encoder: Encoder | None = None) -> Vocabulary:
    """Return the vocabulary of texts' tokens."""
    counted = Counter(token.lower() for tokens in texts for token in tokens)
    words = tuple(sorted(counted))
    spelled = {
        letter for tokens in texts for token in tokens for letter in (token if cased else token.lower())
    }
    rare = tuple(counted[word] <= _SEEN_RARELY for word in words)
    return Vocabulary(words, rare, tuple(sorted(spelled)), cased, encoder)


def packed(sentences: Sequence[Sequence[str]]) -> list[list[Piece]]:
    """Return windows of neighbouring sentences, whole as far as they fit, with a border between two of them."""
    windows: list[list[Piece]] = [[]]
    end = 0
    for number, tokens in enumerate(sentences):
        for begin in range(0, len(tokens), WINDOW):
            length = min(WINDOW, len(tokens) - begin)
            at = end + bool(end)
            if at + length > WINDOW:
                windows.append([])
                at = 0
            windows[-1].append(Piece(number, begin, at, length))
            end = at + length
    return [window for window in windows if window]


def inputs_of(
    sentences: Sequence[Sequence[str]],
    windows: Sequence[Sequence[Piece]],
    known: Vocabulary,
    length: int = WINDOW,
) -> Batch:
    """Return words, letters, whether a word is rare, and where there are tokens, (window, token, …).

    With an encoder, `context` is what it says of each token.
    """
    shape = (len(windows), length)
    word, letter = np.zeros(shape, np.int64), np.zeros((*shape, LETTERS), np.int64)
    here, rare = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, piece in _rows(windows):
        if piece.at:
            word[row, piece.at - 1], here[row, piece.at - 1] = BORDER, 1
        here[row, piece.at : piece.at + piece.length] = 1
        for at, token in enumerate(_tokens(sentences, piece), piece.at):
            number = known.word_number.get(token.lower(), UNKNOWN)
            word[row, at] = number
            rare[row, at] = number >= SPECIAL and known.rare[number - SPECIAL]
            spelled = known.spelled(token)
            letter[row, at, : len(spelled)] = spelled
    arrays: dict[str, np.ndarray] = {"word": word, "letter": letter, "here": here, "rare": rare}
    if known.encoder is not None:
        arrays["context"] = np.zeros((*shape, known.encoder.size), np.float16)
        said = known.encoder.read([_tokens(sentences, piece) for _, piece in _rows(windows)])
        for (row, piece), own in zip(_rows(windows), said, strict=True):
            arrays["context"][row, piece.at : piece.at + piece.length] = own
    return {name: torch.from_numpy(values) for name, values in arrays.items()}


def _rows(windows: Sequence[Sequence[Piece]]) -> list[tuple[int, Piece]]:
    return [(row, piece) for row, window in enumerate(windows) for piece in window]


def _tokens(sentences: Sequence[Sequence[str]], piece: Piece) -> Sequence[str]:
    return sentences[piece.sentence][piece.begin : piece.begin + piece.length]


def samples_of(sentences: Sequence[Sentence], labels: Sequence[str], known: Vocabulary) -> Batch:
    """Return what a training reads: the inputs and the labels' numbers, (window, token)."""
    tokens = [sentence.tokens for sentence in sentences]
    windows = packed(tokens)
    number = {label: at for at, label in enumerate(labels)}
    label = np.zeros((len(windows), WINDOW), np.int64)
    for row, window in enumerate(windows):
        for piece in window:
            own = sentences[piece.sentence].labels[piece.begin : piece.begin + piece.length]
            label[row, piece.at : piece.at + piece.length] = [number[each] for each in own]
    return {**inputs_of(tokens, windows, known), "label": torch.from_numpy(label)}
