"""What the training makes small."""

import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.literature.learning.network import UNKNOWN, minus_log_likelihood, taken

_HIDDEN = 0.4  # share of the rare words that are hidden in training, so that others can be unknown


def loss(network: nn.Module, batch: Batch) -> Tensor:
    """Return minus ln of the labels' probability, a mean over tokens; in training some rare words are hidden."""
    emissions, transitions = network(*taken(with_hidden(batch) if network.training else batch))
    return minus_log_likelihood(emissions, transitions, batch["label"], batch["here"])


def with_hidden(batch: Batch) -> Batch:
    """Return a batch in which some rare words are unknown ones."""
    hidden = torch.rand_like(batch["rare"]) < _HIDDEN * batch["rare"]
    return {**batch, "word": torch.where(hidden, torch.full_like(batch["word"], UNKNOWN), batch["word"])}
