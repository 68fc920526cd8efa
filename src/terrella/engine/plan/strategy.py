"""How a training is made to fit: what is tried, in which order, and what is said where nothing fits."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from terrella.engine.feed.streamed import AHEAD_BYTES
from terrella.engine.plan.amounts import duration_text, size_text, typed_size
from terrella.engine.plan.memory.recompute import can_checkpoint, checkpointed
from terrella.engine.plan.memory.spread import gathered_bytes, replicated, spread
from terrella.engine.plan.memory.step_memory import Kind, StepMemory, in_processes, predict_memory
from terrella.engine.plan.memory.workspace import Workspace
from terrella.engine.plan.step import Precision, Step
from terrella.engine.plan.time.duration import Duration
from terrella.errors import DoesNotFitError

Placement = Literal["resident", "preloaded", "streamed"]
Allocator = Literal["keep", "return", "cached"]

_ACCUMULATIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_STREAM_BATCHES = 8  # batches that are ready before they are asked for, or in the making
_SLOWER = 1.5  # times as long as another way to the same results, a way is not taken
_RESERVE = 0.04  # of what is predicted, left free
_RESERVE_KEPT = 0.25  # the same, where holes in the heap are guessed


@dataclass(frozen=True)
class Limits:
    """What a training may take: bytes of RAM for the whole process, of the device's memory, and seconds."""

    memory: float
    device_memory: float | None = None
    deadline_s: float | None = None
    processes: tuple[int, ...] = (1,)  # numbers that may share each batch, preferred first


@dataclass(frozen=True)
class Need:
    """One stage of a training as the planner sees it, before any data are read."""

    name: str
    step: Step
    samples: int  # in an epoch
    epochs: int
    data_bytes: int  # of all samples as they are held in memory
    stored_bytes: int = 0  # of the files that are read; 0 where the samples are made
    placements: tuple[Placement, ...] = (
        "resident",
        "preloaded",
    )  # that the task's feed can do, preferred first
    place: Path | None = None  # a file or folder of the data, whose disk's rate counts
    precisions: tuple[Precision, ...] = ("float32",)  # that the training may use, preferred first
    held_by_others: int = 0  # RAM that the task holds beside the training
    sharded: bool = False  # whether the settings ask for weights that are spread over the processes
    assumed: str = ""  # what was not known, in words
    rollout: int = 1  # steps of the network that follow each other in one step of the training


@dataclass(frozen=True)
class Strategy:
    """One way to run a stage."""

    placement: Placement = "resident"
    allocator: Allocator = "keep"
    accumulation: int = 1
    checkpointing: bool = False
    precision: Precision = "float32"
    processes: int = 1
    sharded: bool = False  # weights spread over the processes (FSDP2) instead of one copy in each (DDP)

    @property
    def reserve(self) -> float:
        """The share of the RAM that is predicted to leave free beside it."""
        return _RESERVE_KEPT if self.allocator == "keep" else _RESERVE

    def words(self) -> str:
        """Return the strategy in a few words."""
        said = [f"data {self.placement}"]
        if self.accumulation > 1:
            said.append(f"batches in {self.accumulation} parts")
        if self.checkpointing:
            said.append("activations computed again")
        if self.allocator == "return":
            said.append("freed memory given back")
        said.append(self.precision)
        if self.processes > 1:
            said.append(f"{self.processes} processes" + ", weights spread over them" * self.sharded)
        return ", ".join(said)


@dataclass(frozen=True)
class Option:
    """A strategy with what it is predicted to take."""

    strategy: Strategy
    memory: StepMemory
    ram: int  # bytes of the whole process, at its peak
    device: int  # bytes of the device; 0 where the processor is the device
    duration: Duration | None = None  # of one step; known where it fits

    @property
    def seconds(self) -> float:
        """Seconds of one step."""
        return self.duration.seconds if self.duration else math.inf

    def over(self, limits: Limits) -> tuple[float, float]:
        """Return the bytes by which RAM and the device's memory are exceeded; negative where they are not."""
        ram = self.ram * (1 + self.strategy.reserve) - limits.memory
        device = self.device * (1 + _RESERVE) - limits.device_memory if limits.device_memory else -1.0
        return ram, device

    def fits(self, limits: Limits) -> bool:
        """Return whether memory suffices."""
        return max(self.over(limits)) <= 0


Timed = Callable[[Step, Strategy], Duration]  # of one step, with what its processes tell each other


@dataclass(frozen=True)
class _Checkpointed:
    """Makes a network with activation checkpointing; equal to others of its kind, so that one trace serves all."""

    make: Callable[[], nn.Module]

    def __call__(self) -> nn.Module:
        return checkpointed(self.make())


def variant(step: Step, strategy: Strategy) -> Step:
    """Return the step of one process as a strategy runs it."""
    made = replace(
        in_processes(step, strategy.processes),
        accumulation=strategy.accumulation,
        precision=strategy.precision,
    )
    if strategy.checkpointing:
        made = replace(made, make_network=_Checkpointed(step.make_network))
    return made


def choose(
    need: Need, limits: Limits, kind: Kind, process_bytes: int, timed: Timed, wanted: int = 3
) -> tuple[Option, list[Option]]:
    """Return the first option that fits, and the next-best ones.

    What changes no result and costs little is given up first: where data lie, how freed memory is held, in how
    many parts a batch is computed; then time, by computing activations again; then precision; then one copy of the
    weights in each process; then more processes.
    Of the first `wanted` that fit, one that takes more than 1.5 times as long as another with the same results is
    not taken.

    Raises:
        DoesNotFitError: where nothing fits, with what would.
        InputError: where the network's path depends on values.
    """
    workspace = Workspace()

    @cache
    def memory(strategy: Strategy) -> StepMemory:
        return predict_memory(variant(need.step, strategy), kind, workspace)

    def priced(strategy: Strategy) -> Option:
        found = memory(replace(strategy, placement="resident", allocator="keep", sharded=False))
        if strategy.sharded:
            found = spread(found, strategy.processes, gathered_bytes(need.step))
        elif strategy.processes > 1:
            found = replicated(found)
        return _option(need, strategy, found, kind, process_bytes)

    @cache
    def duration(strategy: Strategy) -> Duration:
        return timed(variant(need.step, strategy), strategy)

    steps = -(-need.samples // need.step.batch) * need.epochs
    found: list[Option] = []
    tried: list[Option] = []
    too_slow: set[tuple[Precision, int, bool]] = set()  # what comes later of these saves memory, not time
    for strategy in _strategies(need, limits, kind):
        if _results(strategy) in too_slow or (strategy.allocator == "return" and found):
            continue  # to give memory back takes time, and is of no use where there is enough
        option = priced(strategy)
        tried.append(option)
        if not option.fits(limits):
            continue
        option = replace(option, duration=duration(replace(strategy, placement="resident")))
        if limits.deadline_s is not None and option.seconds * steps > limits.deadline_s:
            tried[-1] = option
            if strategy.allocator != "return":  # which is slower than more parts in memory that is kept
                too_slow.add(_results(strategy))
            continue
        found.append(option)
        if len(found) == wanted:
            break
    if not found:
        raise DoesNotFitError(_refusal(need, limits, tried, steps))
    chosen = _preferred(found)
    return chosen, [each for each in found if each is not chosen]


def _preferred(found: list[Option]) -> Option:
    """Return the first option, or the first of those with the same results where it takes far longer than they."""
    alike = [each for each in found if _results(each.strategy) == _results(found[0].strategy)]
    fastest = min(each.seconds for each in alike)
    return next(each for each in alike if each.seconds <= _SLOWER * fastest)


def _results(strategy: Strategy) -> tuple[Precision, int, bool]:
    """Return what strategies with the same results have in common."""
    return strategy.precision, strategy.processes, strategy.sharded


def _strategies(need: Need, limits: Limits, kind: Kind) -> Iterator[Strategy]:
    """Return all strategies, the preferred ones first."""
    # In RAM data are on the processor's own device already.
    placements = [each for each in need.placements if kind != "cpu" or each != "resident"]
    allocators: tuple[Allocator, ...] = ("keep", "return") if kind == "cpu" else ("cached",)
    checkpoints, normed = _kinds(need.step.make_network)
    again = (False, True) if checkpoints else (False,)
    ways = [
        (number, sharded)
        for number in limits.processes
        for sharded in ((True,) if need.sharded else (False, True))
        if number > 1 or not sharded
    ]
    if not ways:  # a single process has nobody to share with
        ways = [(number, False) for number in limits.processes]
    for number, sharded in ways:
        own = max(1, -(-need.step.batch // number) // (2 if normed else 1))  # batch norms need two samples
        parts = [each for each in _ACCUMULATIONS if need.step.accumulation <= each <= own]
        for precision in need.precisions:
            for checkpointing in again:
                for accumulation in parts or [need.step.accumulation]:
                    for allocator in allocators:
                        for placement in placements:
                            yield Strategy(
                                placement, allocator, accumulation, checkpointing, precision, number, sharded
                            )


@lru_cache(maxsize=16)
def _kinds(make_network: Callable[[], nn.Module]) -> tuple[bool, bool]:
    """Return whether a network has parts that can be computed again, and whether it has batch norms."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        network = make_network()
    return can_checkpoint(network), any(isinstance(each, _BatchNorm) for each in network.modules())


def _option(need: Need, strategy: Strategy, memory: StepMemory, kind: Kind, process_bytes: int) -> Option:
    batch = memory.batch or need.data_bytes * need.step.batch // max(need.samples, 1)
    held = need.data_bytes if strategy.placement != "streamed" else _streamed_bytes(need, batch)
    if kind == "cpu":
        own = memory.returned if strategy.allocator == "return" else memory.kept
        each = process_bytes + own + held + need.held_by_others
        return Option(strategy, memory, each * strategy.processes, 0)
    on_device = need.data_bytes if strategy.placement == "resident" else 0
    in_ram = held if strategy.placement != "resident" else 2 * batch
    ram = (process_bytes + in_ram + need.held_by_others) * strategy.processes
    return Option(strategy, memory, ram, memory.reserved + on_device)


def _streamed_bytes(need: Need, batch: int) -> int:
    """Return what a stream holds: batches that wait, and the chunks that threads read ahead from files."""
    ahead = min(AHEAD_BYTES, need.data_bytes) if need.stored_bytes else 0
    return ahead + _STREAM_BATCHES * batch


def _refusal(need: Need, limits: Limits, tried: list[Option], steps: int) -> str:
    """Return what is missing, and what would make it fit."""
    fitting = [each for each in tried if each.fits(limits)]
    if fitting:
        best = min(fitting, key=lambda each: each.seconds)
        total = best.seconds * steps
        assert limits.deadline_s is not None
        epochs = int(need.epochs * limits.deadline_s / total)
        return (
            f"{need.name} takes {duration_text(total)} at best ({best.strategy.words()}), "
            f"{duration_text(total - limits.deadline_s)} longer than the deadline of "
            f"{duration_text(limits.deadline_s)}; "
            + (
                f"it would fit with {epochs} epochs"
                if epochs
                else "allow more time or choose a faster device"
            )
        )
    best = min(tried, key=lambda each: max(each.over(limits)))
    ram, device = best.over(limits)
    what, over, limit = (
        ("RAM", ram, limits.memory) if ram >= device else ("device memory", device, limits.device_memory or 0)
    )
    asked = (
        f"--memory {typed_size(limit + over)}"
        if what == "RAM"
        else f"--device-memory {typed_size(limit + over)}"
    )
    smaller = _smaller_batch(need, best, over)
    return (
        f"{need.name} does not fit {size_text(limit)} of {what}: even with {best.strategy.words()} it lacks "
        f"{size_text(over)}; it would fit with {asked}"
        + (f", or with a batch of {smaller}" if smaller else "")
    )


def _smaller_batch(need: Need, best: Option, over: float) -> int | None:
    """Return the batch that would fit, if what grows with it is what is too much."""
    if best.strategy.accumulation > 1:
        return None  # the part of a batch is as small as it gets
    growing = best.memory.batch + best.memory.activations + best.memory.workspace
    left = growing - over
    size = int(need.step.batch * left / growing) if growing else 0
    return size if size >= 2 else None
