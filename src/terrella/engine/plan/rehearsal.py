"""The training step of `engine.fit`, run on a `Step`: for real to measure it, or on shapes alone to plan it."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step

Phase = Literal["network", "copies", "batch", "forward", "backward", "clip", "optimiser", "average", "end"]


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What a rehearsed step holds, seen while it runs."""

    phase: Phase  # that begins
    network: nn.Module
    optimiser: torch.optim.Optimizer


def rehearse(step: Step, steps: int = 2, foreach: bool | None = None) -> Iterator[Rehearsal]:
    """Run training steps; each phase is announced before it begins.

    The optimiser's state appears in the first step and is there in the second, whose peak is the training's.
    `foreach` sets how the optimiser walks through the parameters; None leaves it to torch.
    """
    network = step.make_network()
    network.train()
    optimiser = step.make_optimiser(network)
    if foreach is not None:
        for group in optimiser.param_groups:
            group["foreach"] = foreach
    yield Rehearsal("copies", network, optimiser)
    # Made anew, since a tensor without values cannot be copied deeply.
    copies = [step.make_network() for _ in range(step.copies)]
    batch: Batch = {}
    for _ in range(steps):
        yield Rehearsal("batch", network, optimiser)
        batch = step.make_batch(step.batch)
        optimiser.zero_grad()
        for part, share in parts(batch, step.accumulation):
            yield Rehearsal("forward", network, optimiser)
            with _autocast(step, batch):
                loss = step.loss(network, part) * share
            yield Rehearsal("backward", network, optimiser)
            loss.backward()  # type: ignore[no-untyped-call]
            del loss, part
        yield Rehearsal("clip", network, optimiser)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        yield Rehearsal("optimiser", network, optimiser)
        optimiser.step()
        yield Rehearsal("average", network, optimiser)
        for averaged in copies[:1]:
            _average(averaged, network)
    yield Rehearsal("end", network, optimiser)
    del batch, copies


def parts(batch: Batch, accumulation: int) -> Iterator[tuple[Batch, float]]:
    """Return the parts of a batch and the share of its samples that each holds."""
    chunks = {name: values.chunk(accumulation) for name, values in batch.items()}
    size = len(next(iter(batch.values())))
    for index in range(len(next(iter(chunks.values())))):
        part = {name: values[index] for name, values in chunks.items()}
        yield part, len(next(iter(part.values()))) / size


def _autocast(step: Step, batch: Batch) -> torch.autocast | nullcontext[None]:
    if step.precision == "float32":
        return nullcontext()
    return torch.autocast(next(iter(batch.values())).device.type, torch.bfloat16)


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module) -> None:
    for mean, value in zip(averaged.parameters(), network.parameters(), strict=True):
        mean.lerp_(value, 0.01)
