"""The network: words and characters, a bidirectional LSTM with attention, and a field over its labels.

After Lample et al. (2016), with characters by convolution (Ma & Hovy 2016) and attention among the tokens.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from terrella.engine.feed import Batch

PAD, UNKNOWN, BORDER = 0, 1, 2  # of words; the border stands between two sentences of a window
SPECIAL = 3
LETTERS = 14  # of a word at most: its first and last seven
_LETTER_WIDTH = 24
_NEVER, _TINY = -1e4, 1e-30


class Reader(nn.Module):
    """What both networks read tokens with; each becomes `size` numbers."""

    def __init__(
        self, words: int, letters: int, width: int, hidden: int, dropout: float, context: int = 0
    ) -> None:
        super().__init__()
        self.dropout, self.size = dropout, 2 * hidden + width
        self.word = nn.Embedding(words, width)
        self.letter = nn.Embedding(letters, _LETTER_WIDTH)
        self.convolution = nn.Conv1d(_LETTER_WIDTH, width, 3, padding=1)
        self.context = nn.Linear(context, 2 * width) if context else None
        self.lstm = nn.LSTM((4 if context else 2) * width, hidden, batch_first=True, bidirectional=True)
        self.query, self.key, self.value = (nn.Linear(2 * hidden, width) for _ in range(3))
        nn.init.normal_(self.word.weight, std=0.3)

    def forward(self, given: Batch) -> Tensor:
        """Return (window, token, size) of words (window, token) with letters (window, token, letter).

        `here` (window, token) is one where there is a token, else zero; `context` (window, token, …) is what an
        encoder says, where there is one.
        """
        return self.read(self.seen(given), given["here"])

    def seen(self, given: Batch) -> Tensor:
        """Return the numbers that stand for each token, (window, token, number)."""
        word, letter = given["word"], given["letter"]
        windows, tokens, letters = letter.shape
        spelled = self.letter(letter.reshape(-1, letters)).transpose(1, 2)
        spelled = self.convolution(spelled).amax(2).relu().reshape(windows, tokens, -1)
        parts = [self.word(word), spelled]
        if self.context is not None:
            parts.append(self.context(given["context"].to(spelled.dtype)))
        return torch.cat(parts, 2)

    def read(self, seen: Tensor, here: Tensor) -> Tensor:
        """Return what is read of the numbers that stand for tokens, (window, token, size)."""
        read = self.dropped(self.lstm(self.dropped(seen))[0])
        score = self.query(read) @ self.key(read).transpose(1, 2) / self.key.out_features**0.5
        score = score + (here[:, None] - 1) * 1e4
        return torch.cat([read, score.softmax(2) @ self.value(read)], 2)

    def dropped(self, values: Tensor) -> Tensor:
        """Return numbers of which a training hides some."""
        return functional.dropout(values, self.dropout, self.training)


class EntityNetwork(nn.Module):
    """Emissions of labels for windows of tokens, and the transitions between labels."""

    def __init__(self, reader: Reader, labels: int) -> None:
        super().__init__()
        self.reader = reader
        self.emission = nn.Linear(reader.size, labels)
        self.transitions = nn.Parameter(torch.zeros(labels, labels))  # (label before, label)

    def forward(
        self, word: Tensor, letter: Tensor, here: Tensor, context: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return emissions (window, token, label) of what the reader takes; the transitions come second."""
        given = {"word": word, "letter": letter, "here": here}
        read = self.reader(given if context is None else {**given, "context": context})
        return self.emission(read), self.transitions


def taken(batch: Batch) -> tuple[Tensor, ...]:
    """Return words, letters and where there are tokens, and what an encoder says where there is one."""
    names = ("word", "letter", "here", "context")
    return tuple(batch[name] for name in names if name in batch)


def minus_log_likelihood(emissions: Tensor, transitions: Tensor, label: Tensor, here: Tensor) -> Tensor:
    """Return minus ln of the labels' probability under the field, a mean over tokens.

    Emissions are (window, token, label), labels and `here` (window, token); Lafferty et al. (2001), equation 1.
    """
    score = (emissions.gather(2, label[..., None])[..., 0] * here).sum(1)
    score = score + (transitions[label[:, :-1], label[:, 1:]] * here[:, 1:]).sum(1)
    steps = transitions + emissions[:, 1:, None]  # (window, token, label before, label)
    # A step where there is no token changes nothing.
    still = torch.where(torch.eye(len(transitions), device=steps.device) > 0, 0.0, _NEVER)
    steps = torch.where(here[:, 1:, None, None] > 0, steps, still)
    total = torch.logsumexp(emissions[:, 0, :, None] + _joined(steps, still), (1, 2))
    return (total - score).sum() / here.sum()


def _joined(steps: Tensor, still: Tensor) -> Tensor:
    """Return the product of all steps (window, token, label, label), in logarithms, (window, label, label)."""
    while steps.shape[1] > 1:
        if steps.shape[1] % 2:
            steps = torch.cat([steps, still.expand(len(steps), 1, *still.shape)], 1)
        left, right = steps[:, ::2], steps[:, 1::2]
        most, greatest = left.amax((2, 3), keepdim=True), right.amax((2, 3), keepdim=True)
        product = (left - most).exp() @ (right - greatest).exp()
        steps = product.clamp_min(_TINY).log() + most + greatest
    return steps[:, 0]
