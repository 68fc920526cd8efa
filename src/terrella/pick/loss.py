"""The loss of a picking network."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

from terrella.engine.feed import Batch
from terrella.pick.feed.recipes import Recipe
from terrella.pick.networks.architecture import Architecture


def make_loss(architecture: Architecture, recipe: Recipe) -> Callable[[nn.Module, Batch], Tensor]:
    """Return the loss: cross-entropy between outputs that exclude each other, else binary for each of them.

    Both are means over frames and windows.
    """
    weights = _weights(architecture, recipe.weights)

    def cross_entropy(network: nn.Module, batch: Batch) -> Tensor:
        return -(batch["y"] * log_softmax(network(batch["x"]), 1)).sum(1).mean()

    def binary(network: nn.Module, batch: Batch) -> Tensor:
        each = binary_cross_entropy_with_logits(network(batch["x"]), batch["y"], reduction="none")
        # No product of matrices, which autocast would compute in bfloat16.
        return (each.transpose(0, 1).flatten(1).mean(1) * weights.to(each.device)).sum()

    return cross_entropy if architecture.activation == "softmax" else binary


def _weights(architecture: Architecture, given: Mapping[str, float]) -> Tensor:
    count = len(architecture.outputs)
    return torch.tensor([given.get(name, 1 / count) for name in architecture.outputs])
