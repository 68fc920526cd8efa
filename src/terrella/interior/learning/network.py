"""A network whose output is the probability of every step of temperature and every composition."""

import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch


class TemperatureNetwork(nn.Module):
    """A perceptron of three hidden layers; no shape of the distribution is assumed."""

    def __init__(self, inputs: int, hidden: int, bins: int, compositions: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden),
            nn.SiLU(), nn.Linear(hidden, bins * compositions),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (row, bin · composition) from inputs (row, input)."""
        logits: Tensor = self.layers(x)
        return logits


def loss(network: nn.Module, batch: Batch) -> Tensor:
    """Return minus the log of the probability of the true step and composition, in nats."""
    return nn.functional.cross_entropy(network(batch["x"]), batch["y"])


def probabilities(network: nn.Module, x: Tensor, compositions: int) -> Tensor:
    """Return probabilities (row, bin, composition)."""
    return torch.softmax(network(x), 1).reshape(len(x), -1, compositions)
