"""One training step, described without allocating anything."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch

Precision = Literal["float32", "bfloat16"]

_TRACED = 3  # the longest roll-out that is run on shapes


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
    rollout: int = 1  # steps of the network that follow each other
    make_rolled: Callable[[int, int], Batch] | None = None  # batches of so many samples at another roll-out


def at_rollouts(step: Step) -> tuple[Step, Step, int] | None:
    """Return a step at roll-outs of two and of three, and how many more its own has; None where it is short.

    Each step of the network beyond the second adds the same: a long roll-out is known from two short ones.
    """
    make = step.make_rolled
    if make is None or step.rollout <= _TRACED:
        return None
    short, longer = (rolled(step, number) for number in (_TRACED - 1, _TRACED))
    return short, longer, step.rollout - _TRACED


def rolled(step: Step, rollout: int) -> Step:
    """Return a step at another roll-out."""
    assert step.make_rolled is not None
    return replace(step, rollout=rollout, make_batch=_Rolled(step.make_rolled, rollout))


@dataclass(frozen=True)
class _Rolled:
    """Makes batches of a roll-out; equal to others of its kind, so that one trace serves all."""

    make: Callable[[int, int], Batch]
    rollout: int

    def __call__(self, size: int) -> Batch:
        return self.make(size, self.rollout)
