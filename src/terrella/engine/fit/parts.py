"""The gradient of a batch, computed in parts: more of them where memory runs out, if that changes no result."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from terrella.engine.feed import Batch
from terrella.engine.fit.processes import world
from terrella.engine.fit.random_states import random_states, restore_random_states
from terrella.engine.fit.sharding import hold_back, is_sharded
from terrella.engine.memory import release_freed_memory
from terrella.engine.plan.memory.recompute import can_checkpoint, checkpointed, is_checkpointed
from terrella.errors import is_out_of_memory

Loss = Callable[[nn.Module, Batch], Tensor]  # mean over the batch
Precision = Literal["float32", "bfloat16"]

_FIRST = 3  # steps in which memory that runs out is made up for, and random numbers are watched
MORE_PARTS, RECOMPUTE = 1, 2  # what can be given up for memory


@dataclass(eq=False)
class Parts:
    """Into how many parts each batch is split, and what is known of the steps so far."""

    loss: Loss
    precision: Precision
    number: int
    steps: int = 0
    size: int = 0  # samples of this process in the last batch
    draws: bool = False  # whether a step draws random numbers, which differ where its parts do
    wanted: int = 0  # what is to be given up after the next step, for memory

    def of(self, loss: Loss, precision: Precision, number: int) -> "Parts":
        """Return the parts of a stage: these, where nothing is new, else new ones, as many as were needed."""
        same = (self.loss, self.precision) == (loss, precision) and self.number >= number
        return self if same else Parts(loss, precision, max(number, self.number))

    def gradients(self, model: nn.Module, batch: Batch, say: Callable[[list[str]], None]) -> float:
        """Add up the gradients of the loss, part by part of the batch; return the loss.

        Where memory runs out in one of the first steps of a single process, the step is repeated in twice as many
        parts, as long as its gradient stays the same to rounding: without batch norms and without random numbers.
        """
        self.steps, self.size = self.steps + 1, len(next(iter(batch.values())))
        if self.steps > _FIRST:
            return self._added_up(model, batch)
        before = random_states()
        failure: BaseException | None = None
        while True:
            try:
                loss = self._added_up(model, batch)
                break
            except (MemoryError, RuntimeError) as error:
                if not (is_out_of_memory(error) and world() == 1 and self._can_split(model)):
                    raise
                # Its traceback holds the tensors for which there was no room.
                failure = error.with_traceback(None)
            restore_random_states(before)
            model.zero_grad()
            _release()
            self.number = min(2 * self.number, self.size)
        after = random_states()
        self.draws = self.draws or any(not torch.equal(before[name], after[name]) for name in before)
        if failure is not None and self.draws:
            raise failure
        if failure is not None:
            say([f"memory ran out: from step {self.steps} on {self._told()}"])
        return loss

    def remedy(self, model: nn.Module) -> int:
        """Return what can be given up for memory at the same results: MORE_PARTS, RECOMPUTE, or 0 for nothing."""
        if self._can_split(model):
            return MORE_PARTS
        known = is_sharded(model) or is_checkpointed(model)
        return RECOMPUTE if not known and can_checkpoint(model) else 0

    def give_up(self, remedy: int, network: nn.Module) -> str:
        """Do what `remedy` found, between two steps; return a line that says so."""
        if remedy == MORE_PARTS:
            self.number = min(2 * self.number, self.size)
            told = self._told()
        else:
            checkpointed(network)
            told = "activations are computed again for the gradient"
        _release()
        return f"more memory is held than was allowed: from here on {told}"

    def _added_up(self, model: nn.Module, batch: Batch) -> float:
        total = 0.0
        size = len(next(iter(batch.values())))
        parts: list[tuple[Tensor, ...]] = [values.chunk(self.number) for values in batch.values()]
        for at, each in enumerate(zip(*parts, strict=True), 1):
            part = dict(zip(batch, each, strict=True))
            with _held_back(model, wait=at < len(parts[0])):
                with computed_in(self.precision, model):
                    loss = self.loss(model, part) * (len(each[0]) / size)
                loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        return total

    def _can_split(self, model: nn.Module) -> bool:
        norms = any(isinstance(each, _BatchNorm) for each in model.modules())
        return not norms and not self.draws and self.number < self.size

    def _told(self) -> str:
        return f"batches are computed in {self.number} parts, whose gradients are added up"


def computed_in(precision: Precision, network: nn.Module) -> torch.autocast:
    """Return the context in which a network's layers are computed."""
    device = next(network.parameters()).device.type
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16")


def _held_back(model: nn.Module, wait: bool) -> AbstractContextManager[None]:
    """Exchange gradients with the other processes after the last part of a batch alone."""
    if wait and isinstance(model, DistributedDataParallel):
        return model.no_sync()
    hold_back(model, wait)
    return nullcontext()


def _release() -> None:
    """Give back what freed tensors have left in the allocators."""
    release_freed_memory()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
