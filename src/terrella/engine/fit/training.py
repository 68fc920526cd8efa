"""One training, from top to bottom: stages, steps, checkpoints, resumption."""

import copy
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from terrella.engine.feed import Feed
from terrella.engine.fit.checkpoint import Position, State, remove_leftovers, restore, save
from terrella.engine.fit.interruption import Interruption, noted_interruption
from terrella.engine.fit.parts import Loss, Parts, Precision, computed_in
from terrella.engine.fit.processes import rank, share_buffers, shared_mean, world
from terrella.engine.fit.sharding import shard, unsharded, whole
from terrella.engine.fit.stage import Observer, Stage, Validate
from terrella.engine.plan.step import adamw
from terrella.engine.run import Event, Report, Run
from terrella.errors import Interrupted, TerrellaError

_OWN = (
    "feed", "loss", "validate", "weight_decay", "averaging", "clip", "accumulation", "precision", "observer",
)  # fmt: skip
_STEPS_SHOWN = 20  # of each epoch, in the run's events


@dataclass(frozen=True)
class Training:
    """What is trained, on what, and for how long; a stage may have a feed, a loss and settings of its own."""

    network: nn.Module
    loss: Loss
    feed: Feed
    stages: tuple[Stage, ...]
    validate: Validate | None  # without it the last weights are the best
    fingerprint: str  # of settings and data: a checkpoint of others is refused
    weight_decay: float = 0.0
    averaging: float = 0.0  # decay of the running average of the weights; 0 for none
    clip: float = 1.0  # largest norm of the gradient
    accumulation: int = 1  # parts into which a batch is split, so that a large one fits
    precision: Precision = "float32"
    sharded: bool = False  # among several processes: each holds its part of the weights (FSDP2), or all (DDP)
    checkpoint_seconds: float = 30.0
    observer: Observer | None = None  # of the first process
    make_optimiser: Callable[[nn.Module], torch.optim.Optimizer] = adamw

    def of_stage(self, number: int) -> "Training":
        """Return the training as it is in a stage: with what the stage has of its own."""
        stage = self.stages[number]
        own = {name: value for name in _OWN if (value := getattr(stage, name)) is not None}
        return replace(self, **own)


def ignore(event: Event) -> None:
    """Report nothing."""


def train(training: Training, run: Run, report: Report = ignore) -> nn.Module:
    """Train until the stages end, from the last checkpoint where there is one; return the best network.

    The best is the running average of the weights at the epoch of the smallest validation loss. Resumed on the
    same machine, a training ends with the same weights as one that was never stopped. With torch.distributed
    initialised, each process takes its share of every batch, gradients are averaged, and the first one writes;
    the losses are those of one process to rounding, but that batch normalisation sees a share of the batch. A
    checkpoint of any number of processes is resumed by any other.

    Raises:
        Interrupted: after SIGTERM or Ctrl-C, with the state saved.
        TerrellaError: where the loss is no longer finite, or a checkpoint cannot be written.
        InputError: where the run's checkpoint belongs to other settings or data, or another process trains there.
    """
    with run.claimed() if rank() == 0 else nullcontext(), noted_interruption() as interruption:
        return _train(training, run, report if rank() == 0 else ignore, interruption)


def _train(training: Training, run: Run, report: Report, interruption: Interruption) -> nn.Module:
    network = training.network
    averaged, best = copy.deepcopy(network), copy.deepcopy(network)
    plain = None
    if training.sharded and world() > 1:
        plain = copy.deepcopy(network).to("cpu")
        for each in (network, averaged, best):
            shard(each)
    optimiser = training.make_optimiser(network)
    state = State({"current": network, "averaged": averaged, "best": best}, optimiser)
    position, broken = restore(run.checkpoints, state, training.fingerprint)
    for line in broken:
        report({"kind": "message", "message": line})
    if position is not None and not position.finished:
        report({"kind": "resumed", "step": position.step})
    position = position or Position(training.fingerprint)
    if rank() == 0 and not position.finished:
        run.rewind(position.step, epoch_ended=position.batch == 0)
        remove_leftovers(run.checkpoints)
    several = distributed.is_initialized() and plain is None
    model: nn.Module = DistributedDataParallel(network) if several else network
    parts = Parts(training.loss, training.precision, training.accumulation)
    while not position.finished:
        here = training.of_stage(position.stage)
        parts = parts.of(here.loss, here.precision, here.accumulation)
        position = _stage(here, model, parts, run, report, state, position, interruption)
    return (best if plain is None else unsharded(best, plain)).eval()


def _stage(
    training: Training,
    model: nn.Module,
    parts: Parts,
    run: Run,
    report: Report,
    state: State,
    position: Position,
    interruption: Interruption,
) -> Position:
    """Finish the stage at hand, as its own training has it, and return where the next one begins."""
    feed = replace(training.feed, rank=rank(), world=world())
    observer = training.observer if rank() == 0 else None
    training = replace(training, feed=feed, observer=observer)
    stage = position.stage
    while not position.finished and position.stage == stage:
        position = _epoch(training, model, parts, run, report, state, position, interruption)
    if observer is not None:
        _show(report, observer.end())
    return position


def _epoch(
    training: Training,
    model: nn.Module,
    parts: Parts,
    run: Run,
    report: Report,
    state: State,
    position: Position,
    interruption: Interruption,
) -> Position:
    """Finish the epoch at hand and return where the next one begins."""
    stage, feed, network = training.stages[position.stage], training.feed, state.networks["current"]
    batches, began, saved = feed.batches(), time.monotonic(), time.monotonic()
    network.train()
    if training.observer is not None:
        training.observer.pause()
    stage_end = position.epochs + stage.epochs - position.epoch
    for batch in feed.epoch(position.epochs, position.batch, stage_end):
        rate = stage.rate(position.epoch * batches + position.batch, stage.epochs * batches)
        for group in state.optimiser.param_groups:
            group["lr"], group["weight_decay"] = rate, training.weight_decay
        state.optimiser.zero_grad()
        own_loss = parts.gradients(model, batch, partial(_show, report))
        norm = float(whole(nn.utils.clip_grad_norm_(network.parameters(), training.clip)))
        due = time.monotonic() - saved > training.checkpoint_seconds
        # All processes must stop and save at the same step, whichever of them was told to.
        loss, stops, dues, remedies = shared_mean(
            [own_loss, interruption.signal is not None, due, parts.wanted]
        )
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise TerrellaError(
                f"the loss is {loss:g} at step {position.step + 1}, its gradient {norm:g}; lower "
                f"fit.learning_rate ({stage.learning_rate:g}), or look for extreme values in the data"
            )
        state.optimiser.step()
        if remedies:
            _show(report, [parts.give_up(round(remedies * world()), network)])
        if training.observer is not None:
            _show(report, training.observer.step())
            parts.wanted = parts.remedy(model) if training.observer.over() else 0
        _average(state.networks["averaged"], network, training.averaging, position.step)
        position = replace(
            position, batch=position.batch + 1, step=position.step + 1, loss_sum=position.loss_sum + loss
        )
        event = {
            "kind": "step",
            "stage": stage.name,
            "step": position.step,
            "epoch": position.epoch + 1,
            "epochs": stage.epochs,
            "batch": position.batch,
            "batches": batches,
            "loss": loss,
        }
        report(event)
        if rank() == 0 and position.batch % -(-batches // _STEPS_SHOWN) == 0:
            run.append(event)
        if stops or dues:
            save(run.checkpoints, state, position)
            saved = time.monotonic()
        if stops:
            raise Interrupted(
                f"stopped at step {position.step}; all work is saved. Type the same command again to go on"
            )
    return _end_epoch(training, run, report, state, position, time.monotonic() - began)


def _show(report: Report, lines: list[str]) -> None:
    for line in lines:
        report({"kind": "message", "message": line})


def _end_epoch(
    training: Training, run: Run, report: Report, state: State, position: Position, seconds: float
) -> Position:
    """Validate, keep the best weights, record the epoch and write a checkpoint."""
    stage, averaged = training.stages[position.stage], state.networks["averaged"]
    share_buffers(averaged)
    validation = _validation(training, averaged, position)
    if validation is None or position.best is None or validation < position.best:
        state.networks["best"].load_state_dict(averaged.state_dict())
        position = replace(position, best=validation, best_epoch=position.epoch)
    event = {
        "kind": "epoch",
        "stage": stage.name,
        "step": position.step,
        "epoch": position.epoch + 1,
        "loss": position.loss_sum / training.feed.batches(),
        "validation": validation,
        "best": position.best,
        "seconds": round(seconds, 2),
    }
    waited = position.epoch - position.best_epoch
    position = replace(position, epoch=position.epoch + 1, epochs=position.epochs + 1, batch=0, loss_sum=0.0)
    if position.epoch >= stage.epochs or (stage.patience is not None and waited >= stage.patience):
        following = training.stages[position.stage + 1 :]
        position = replace(
            position, stage=position.stage + 1, epoch=0, best_epoch=-1, finished=not following,
            best=None if following and following[0].anew else position.best,
        )  # fmt: skip
    if rank() == 0:
        run.append(event)
        run.write_metrics()
    # After the event, so that a kill in between repeats the epoch's end instead of losing its line.
    save(run.checkpoints, state, position)
    report(event)
    return position


def _validation(training: Training, network: nn.Module, position: Position) -> float | None:
    if training.validate is None:
        return None
    network.eval()
    with torch.no_grad(), computed_in(training.precision, network):
        # Shared, so that rounding cannot make one process stop early and another go on.
        (value,) = shared_mean([training.validate(network)])
    if not math.isfinite(value):
        raise TerrellaError(
            f"the validation loss is {value} after step {position.step}; lower fit.learning_rate, or look for "
            "extreme values in the validation data"
        )
    return value


def _average(averaged: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the running average towards the weights; early steps weigh more, as the average is still young."""
    weight = 1 - min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, value in zip(averaged.parameters(), network.parameters(), strict=True):
            mean.lerp_(value, weight)
        for kept, buffer in zip(averaged.buffers(), network.buffers(), strict=True):
            kept.copy_(buffer)
