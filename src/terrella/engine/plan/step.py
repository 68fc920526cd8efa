"""One training step, described without allocating anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch

Precision = Literal["float32", "bfloat16"]


def adamw(network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser of `engine.fit`."""
    return torch.optim.AdamW(network.parameters())


@dataclass(frozen=True)
class Step:
    """A training step of `engine.fit`: what the planner runs on shapes alone, and measures for real.

    `make_network` and `make_batch` (of a number of samples) allocate with torch's ordinary calls; the planner makes
    them under a mode in which a tensor has a shape and no values.
    """

    make_network: Callable[[], nn.Module]
    make_batch: Callable[[int], Batch]
    loss: Callable[[nn.Module, Batch], Tensor]
    batch: int
    accumulation: int = 1  # parts into which the batch is split
    precision: Precision = "float32"
    copies: int = 2  # of the weights beside the trained ones: their average and the best
    make_optimiser: Callable[[nn.Module], torch.optim.Optimizer] = adamw
