"""When each block of memory of a training step is born and when it dies, without allocating one.

The real step runs on tensors that have shapes and no values (torch's FakeTensorMode); a dispatch mode sees every
operator and follows the storages of its outputs by weak references.
"""

import weakref
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from terrella.engine.plan.memory.selections import AssumedShares, selected_shares
from terrella.engine.plan.memory.workspace import Hidden, may_hide
from terrella.engine.plan.rehearsal import Rehearsal, rehearse
from terrella.engine.plan.shapes import Operand, asked_device, described, filled, scaled, traced
from terrella.engine.plan.step import Step
from terrella.errors import InputError

# What an operator on such arguments takes beside its outputs.
Scratch = Callable[[Any, tuple[Any, ...]], Hidden]


@dataclass(frozen=True)
class Block:
    """A storage: its bytes, and the category that its peak is reported under."""

    bytes: int
    category: str
    spare: int = 0  # bytes beside these that are allocated and not written to


@dataclass(frozen=True, eq=False)
class Trace:
    """Births and deaths of blocks in the order in which they happen."""

    blocks: list[Block]
    moments: list[int]  # number of a block at its birth, -1 - number at its death
    second_step: int  # index of the moment at which it begins

    def live_peak(self) -> tuple[int, dict[str, int]]:
        """Return the largest number of bytes alive at once, and how they divide by category then."""
        live = peak = at = 0
        for index, moment in enumerate(self.moments):
            live += self.blocks[moment].bytes if moment >= 0 else -self.blocks[-1 - moment].bytes
            if live > peak:
                peak, at = live, index
        found: dict[str, int] = {}
        for moment in self.moments[: at + 1]:
            block = self.blocks[moment if moment >= 0 else -1 - moment]
            found[block.category] = found.get(block.category, 0) + (
                block.bytes if moment >= 0 else -block.bytes
            )
        return peak, {name: size for name, size in found.items() if size}


@dataclass(frozen=True, eq=False)
class _Call:
    """An operator that may hide memory: its last output's block, and the one of its own scratch."""

    function: Any
    arguments: tuple[Any, ...]
    output: int
    scratch: int


@dataclass(frozen=True, eq=False)
class _Recording:
    """A trace whose hidden memory is not known yet, at the size at which the step was traced."""

    sizes: list[int]
    categories: list[str]
    moments: list[int]
    second_step: int
    calls: list[_Call]

    def trace(self, scratch: Scratch, part: int) -> Trace:
        """Return the trace for parts of another number of samples, 0 for that which was traced."""
        sizes = [scaled(size, part) if part else size for size in self.sizes]
        spare: dict[int, int] = {}
        for call in self.calls:
            arguments = scaled(call.arguments, part) if part else call.arguments
            hidden = scratch(call.function, filled(arguments, _bare))
            sizes[call.output] += hidden.kept
            sizes[call.scratch] = hidden.transient
            spare[call.output] = hidden.spare
        born = zip(sizes, self.categories, strict=True)
        blocks = [Block(size, name, spare.get(number, 0)) for number, (size, name) in enumerate(born)]
        return Trace(blocks, self.moments, self.second_step)


def _bare(operand: Operand) -> Tensor:
    return torch.empty_strided(operand.shape, operand.stride, dtype=operand.dtype, device="meta")


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[_Call] = []
        self.phase = "parameters"
        self.sizes: list[int] = []
        self.categories: list[str] = []
        self.moments: list[int] = []
        self.known: dict[int, int] = {}  # storage's address: number of its block

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.prim.device.default:
            return asked_device(args[0])
        result = func(*args, **(kwargs or {}))
        fresh = [self._follow(value) for value in tree_iter(result) if isinstance(value, Tensor)]
        if any(fresh):
            output = len(self.sizes) - 1
            scratch = self._born(0, "workspace")
            self.moments.append(-1 - scratch)
            if may_hide(func):
                self.calls.append(_Call(func, described(args), output, scratch))
        return result

    def _follow(self, tensor: Tensor) -> bool:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self.known:
            return False
        self.known[key] = number = self._born(storage.nbytes(), self.phase)
        weakref.finalize(storage, self._died, key, number).atexit = False
        return True

    def _born(self, size: int, category: str) -> int:
        self.sizes.append(size)
        self.categories.append(category)
        self.moments.append(len(self.sizes) - 1)
        return len(self.sizes) - 1

    def _died(self, key: int, number: int) -> None:
        del self.known[key]
        self.moments.append(-1 - number)

    def name(self, tensor: Tensor, category: str) -> None:
        """Report a tensor's block under a category, whatever it was born as."""
        number = self.known.get(tensor.untyped_storage()._cdata)
        if number is not None:
            self.categories[number] = category


# What is born in a phase is reported as; gradients and the optimiser's state are told apart as they appear.
_CATEGORIES = {
    "network": "parameters",
    "copies": "copies",
    "batch": "batch",
    "forward": "activations",
    "backward": "activations",
    "clip": "workspace",
    "optimiser": "workspace",
    "average": "workspace",
    "end": "workspace",
}


def no_scratch(func: Any, args: tuple[Any, ...]) -> Hidden:
    """Return no hidden memory for any operator."""
    return Hidden()


def record(step: Step, scratch: Scratch = no_scratch, foreach: bool | None = None) -> Trace:
    """Return the births and deaths of the memory of two training steps, from shapes alone.

    Where a mask selects elements, their share is taken from the forward pass on a small real batch.

    Raises:
        InputError: where the network's path depends on values in another way.
    """
    alike, part = traced(step)
    try:
        return _recorded_once(alike, foreach).trace(scratch, part)
    except Exception as error:
        if not _needs_values(error):
            raise
    try:
        return _recorded(step, foreach, selected_shares(step)).trace(scratch, 0)
    except Exception as error:
        if not _needs_values(error):
            raise
        raise InputError(
            "the memory of this step cannot be planned: its path depends on values, not on shapes alone "
            f"({str(error).splitlines()[0]}); use torch.where or masks in place of branches on values"
        ) from error


def _needs_values(error: Exception) -> bool:
    # One of several classes, by torch's version.
    return any(name in type(error).__name__ for name in ("DataDependent", "DynamicOutputShape"))


@lru_cache(maxsize=16)
def _recorded_once(step: Step, foreach: bool | None) -> _Recording:
    return _recorded(step, foreach, ())


def _recorded(step: Step, foreach: bool | None, shares: tuple[float, ...]) -> _Recording:
    second, begun, moments = 0, 0, list[int]()
    assumed = AssumedShares(shares) if shares else nullcontext()
    with FakeTensorMode(allow_non_fake_inputs=True), assumed, _Recorder() as recorder:
        with closing(rehearse(step, 2, foreach)) as phases:  # type: ignore[type-var]
            for now in phases:
                _name_blocks(recorder, now)
                recorder.phase = _CATEGORIES[now.phase]
                begun += now.phase == "batch"
                if now.phase == "batch" and begun == 2:
                    second = len(recorder.moments)
                if now.phase == "end":  # what is alive now stays alive
                    moments = list(recorder.moments)
        return _Recording(recorder.sizes, recorder.categories, moments, second, recorder.calls)


def _name_blocks(recorder: _Recorder, now: Rehearsal) -> None:
    for parameter in now.network.parameters():
        if parameter.grad is not None:
            recorder.name(parameter.grad, "gradients")
    for state in now.optimiser.state.values():
        for value in state.values():
            if isinstance(value, Tensor):
                recorder.name(value, "optimiser")
