"""What the training makes small."""

import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.literature.learning.network import UNKNOWN, minus_log_likelihood

_HIDDEN = 0.4  # share of the rare words that are hidden in training, so that others can be unknown


def loss(network: nn.Module, batch: Batch) -> Tensor:
    """Return minus ln of the labels' probability, a mean over tokens; in training some rare words are hidden."""
    word = batch["word"]
    if network.training:
        hidden = torch.rand_like(batch["rare"]) < _HIDDEN * batch["rare"]
        word = torch.where(hidden, torch.full_like(word, UNKNOWN), word)
    emissions, transitions = network(word, batch["letter"], batch["here"])
    return minus_log_likelihood(emissions, transitions, batch["label"], batch["here"])
