"""The network of classes: the reader of tokens, and attention that weighs them (Yang et al. 2016)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from terrella.engine.feed import Batch
from terrella.literature.learning.loss import with_hidden
from terrella.literature.learning.network import Reader


class ClassNetwork(nn.Module):
    """Logits of classes for texts."""

    def __init__(self, reader: Reader, classes: int) -> None:
        super().__init__()
        self.reader = reader
        self.hidden = nn.Linear(reader.size, reader.size)
        self.asked = nn.Linear(reader.size, 1, bias=False)
        self.logit = nn.Linear(reader.size, classes)

    def forward(self, given: Batch) -> Tensor:
        """Return logits (text, class) of what the reader takes, (text, token, …); equations 5 to 7 of the paper."""
        read = self.reader(given)
        score = self.asked(torch.tanh(self.hidden(read)))[..., 0] + (given["here"] - 1) * 1e4
        return self.logit(self.reader.dropped((score.softmax(1)[..., None] * read).sum(1)))


def loss(network: nn.Module, batch: Batch) -> Tensor:
    """Return the cross-entropy of the classes; in training some rare words are hidden."""
    given = with_hidden(batch) if network.training else batch
    return functional.cross_entropy(network(given), batch["label"])
