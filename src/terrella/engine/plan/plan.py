"""A plan: how a training will run on a device, how much memory it takes and how long it lasts."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from terrella.engine.memory import keep_freed_memory, return_freed_memory
from terrella.engine.plan.devices import Device, this_machine
from terrella.engine.plan.memory.step_memory import StepMemory, few_parts
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Limits, Need, Option, Strategy, choose
from terrella.engine.plan.time.communication import Scheme, device_link, exchange
from terrella.engine.plan.time.disk import data_rate
from terrella.engine.plan.time.duration import Duration, Known, work_seconds
from terrella.engine.plan.time.operators import step_work
from terrella.errors import InputError
from terrella.files import write_text

FILE = "plan.json"

_READ_PER_S = 500e6  # bytes, from a disk that is not at hand


@dataclass(frozen=True)
class Other:
    """A next-best strategy."""

    strategy: Strategy
    ram: int
    device: int
    seconds: float  # of all epochs


@dataclass(frozen=True)
class StagePlan:
    """One stage as it is planned; bytes and seconds."""

    name: str
    strategy: Strategy
    memory: StepMemory
    ram: int  # of the process, at its peak
    device: int  # of the device's memory; 0 where the processor is the device
    batch: int
    steps: int  # in an epoch
    epochs: int
    step_s: float
    step_low_s: float
    step_high_s: float
    bytes_read: int  # from files, in all epochs
    bound: str  # what takes most of a step's time
    waits_s: float  # of a step, for its data
    others: tuple[Other, ...] = ()
    assumed: str = ""  # what was not known of the data, in words
    rollout: int = 1  # steps of the network in a step of the training

    @property
    def epoch_s(self) -> float:
        """Seconds of an epoch."""
        return self.steps * (self.step_s + self.waits_s)

    @property
    def total_s(self) -> float:
        """Seconds of all epochs."""
        return self.epochs * self.epoch_s


@dataclass(frozen=True)
class Measured:
    """What a stage took when it ran."""

    stage: str
    step_s: float
    ram: int
    device: int
    cpu_share: float  # CPU time over time passed and threads: below 1 where others take the cores


@dataclass(frozen=True)
class Plan:
    """A plan of all stages of a training."""

    task: str
    device: str
    kind: str
    limits: Limits
    process: int  # bytes of RAM that the process holds before it begins
    stages: tuple[StagePlan, ...]
    measured: tuple[Measured, ...] = ()

    @property
    def total_s(self) -> float:
        """Seconds of all stages."""
        return sum(stage.total_s for stage in self.stages)

    def stage(self, name: str) -> StagePlan:
        """Return a stage by its name; KeyError where there is none."""
        return next((each for each in self.stages if each.name == name), None) or _missing(name)

    def with_measured(self, measured: Measured) -> "Plan":
        """Return the plan with what a stage took; an earlier measurement of the stage is replaced."""
        kept = tuple(each for each in self.measured if each.stage != measured.stage)
        return replace(self, measured=(*kept, measured))

    def set_allocator(self) -> None:
        """Have the C library treat freed memory as the plan says; call it before the data are read."""
        returned = any(stage.strategy.allocator == "return" for stage in self.stages)
        (return_freed_memory if returned else keep_freed_memory)()

    def save(self, folder: Path) -> None:
        """Write plan.json into a run's folder, in one step."""
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / FILE, json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def plan(
    task: str,
    needs: Sequence[Need],
    limits: Limits | None = None,
    device: Device | None = None,
    wanted: int = 3,
) -> Plan:
    """Return the plan of a training's stages on a device, by default the machine at hand; nothing is allocated.

    Without limits, a training may take the RAM that is available and the device's memory. Of the strategies that
    fit, the first so many as are `wanted` are compared.

    Raises:
        DoesNotFitError: where a stage fits in no way.
        InputError: where a network's path depends on values.
    """
    device = device or this_machine()
    limits = _limits(limits, device)
    process = psutil.Process().memory_info().rss

    known: Known = {}

    def timed(step: Step, strategy: Strategy) -> Duration:
        return _step_duration(step, device, strategy, known)

    chosen = [(need, *choose(need, limits, device.kind, process, timed, wanted)) for need in needs]
    stages = [_staged(need, option, others, device) for need, option, others in chosen]
    return Plan(task, device.title, device.kind, limits, process, tuple(stages))


def load_plan(folder: Path) -> Plan | None:
    """Return the plan in a run's folder; None where there is none.

    Raises:
        InputError: where plan.json is none.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return _read(json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no plan ({error}); delete it, it is made again") from None


def available_memory() -> float:
    """Return the bytes of RAM that a new training may take: what is free now, and what this process holds."""
    return float(psutil.virtual_memory().available + psutil.Process().memory_info().rss)


def _limits(limits: Limits | None, device: Device) -> Limits:
    limits = limits or Limits(available_memory())
    if device.kind != "cpu" and limits.device_memory is None:
        limits = replace(limits, device_memory=device.memory)
    return limits


def _staged(need: Need, chosen: Option, others: list[Option], device: Device) -> StagePlan:
    strategy, duration = chosen.strategy, chosen.duration
    assert duration is not None
    steps = -(-need.samples // need.step.batch)
    passes = need.epochs if strategy.placement == "streamed" else 1
    read_s = need.stored_bytes / steps / _read_rate(need, device) if strategy.placement == "streamed" else 0.0
    waits = max(0.0, read_s - chosen.seconds)
    return StagePlan(
        name=need.name,
        strategy=strategy,
        memory=chosen.memory,
        ram=chosen.ram,
        device=chosen.device,
        batch=need.step.batch,
        steps=steps,
        epochs=need.epochs,
        step_s=chosen.seconds,
        step_low_s=duration.low,
        step_high_s=duration.high,
        bytes_read=need.stored_bytes * passes,
        bound="data" if waits > chosen.seconds else duration.bound,
        waits_s=waits,
        others=tuple(
            Other(each.strategy, each.ram, each.device, each.seconds * steps * need.epochs) for each in others
        ),
        assumed=need.assumed,
        rollout=need.rollout,
    )


def _read_rate(need: Need, device: Device) -> float:
    """Return the bytes per second at which the samples of a batch are read, where they lie."""
    if not device.at_hand or need.place is None:
        return _READ_PER_S
    return data_rate(need.place, need.stored_bytes // max(need.samples, 1)) or _READ_PER_S


def _step_duration(step: Step, device: Device, strategy: Strategy, known: Known) -> Duration:
    """Return the duration of one process's step, with what it tells the others and does not hide."""
    few = few_parts(step) if step.accumulation > 2 else step
    work = step_work(few, foreach=None if device.kind == "cpu" else True)
    found = work_seconds(work, device, returned=strategy.allocator == "return", known=known)
    factor = step.accumulation / few.accumulation
    scheme: Scheme = "sharded" if strategy.sharded else "replicated"
    seconds = found.seconds * factor
    told = exchange(work, seconds, strategy.processes, device_link(device), step.accumulation, scheme)
    return replace(
        found,
        seconds=told.step_s,
        low=found.low * factor + told.exposed_s,
        high=found.high * factor + told.exposed_s,
        flops=found.flops * factor,
        bytes=round(found.bytes * factor),
        bound="communication" if told.exposed_s > seconds else found.bound,
    )


def _read(values: dict[str, Any]) -> Plan:
    stages = []
    for each in values["stages"]:
        others = tuple(
            Other(**{**other, "strategy": Strategy(**other["strategy"])}) for other in each["others"]
        )
        made = {"strategy": Strategy(**each["strategy"]), "memory": StepMemory(**each["memory"])}
        stages.append(StagePlan(**{**each, **made, "others": others}))
    limits = Limits(**{**values["limits"], "processes": tuple(values["limits"]["processes"])})
    made = {
        "limits": limits,
        "stages": tuple(stages),
        "measured": tuple(Measured(**each) for each in values["measured"]),
    }
    return Plan(**{**values, **made})


def _missing(name: str) -> StagePlan:
    raise KeyError(name)
