"""Whether a training runs as it was planned: looked at after a few steps, and kept beside the plan."""

import math
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch

from terrella.engine.plan.plan import Measured, Plan, load_plan
from terrella.engine.plan.report import beside

_LOOKED_AT = 3  # steps, after a first one in which kernels are made
_MORE = 0.05  # memory than was predicted and is left free beside it: worth a warning
_SLOWER = 1.5  # than the longest that was predicted: worth a warning
_CPU_SHARE = 0.75  # of the cores: with less, another process takes them
_HELPED = 0.97  # of the memory that was held: with more, giving something up has not helped
_BUSY = 0.5  # processes more than cores that wait for one


@dataclass(eq=False)
class Check:
    """An observer of one stage: call `step()` after each training step, and `end()` at the end.

    Both return lines to report. The run's folder is written to at the end.
    """

    plan: Plan
    stage: str
    folder: Path
    accumulation: int = 1  # that the training really uses
    precision: str = "float32"
    clock: tuple[float, float] = (0.0, 0.0)
    steps: list[tuple[float, float]] = field(default_factory=list)  # seconds, CPU seconds
    begun: int = 0  # steps before the last time that memory was over, since when less is held
    held: float = math.inf  # bytes at that time

    def __post_init__(self) -> None:
        self.pause()

    def step(self) -> list[str]:
        """Note a finished step; after the fourth, return what is not as planned."""
        now = _clocks()
        self.steps.append((now[0] - self.clock[0], now[1] - self.clock[1]))
        self.clock = now
        if self.begun and len(self.steps) == self.begun + 1:  # less is held from the next step on
            _forget_peak()
        return list(self._warnings()) if len(self.steps) == 1 + _LOOKED_AT else []

    def over(self) -> bool:
        """Return whether more memory was held than the plan's limits allow, and giving something up may help.

        Looked at every fourth step, until it is within the limits or the last time has not helped.
        """
        measured, limits = self.measured(), self.plan.limits
        if len(self.steps) - self.begun != 1 + _LOOKED_AT or measured is None:
            return False
        ram, device = measured.ram, measured.device if limits.device_memory else 0
        over = ram > limits.memory or device > (limits.device_memory or 0)
        if not over or ram + device > _HELPED * self.held:
            return False
        self.begun, self.held = len(self.steps), ram + device
        return True

    def pause(self) -> None:
        """Leave out the time since the last step, such as that of validation, and what was before the first one."""
        if not self.steps:
            _forget_peak()
        self.clock = _clocks()

    def end(self) -> list[str]:
        """Write the measured beside the predicted into plan.json; return the lines that say so."""
        measured = self.measured()
        if measured is None:
            return []
        plan = (load_plan(self.folder) or self.plan).with_measured(measured)  # with the stages before
        plan.save(self.folder)
        return [line for line in beside(plan) if line.startswith(f"{self.stage}:")]

    def measured(self) -> Measured | None:
        """Return what was measured so far; None before the second step."""
        if len(self.steps) < 2:
            return None
        seconds, cpu = zip(*(self.steps[self.begun + 1 :] or self.steps[1:]), strict=True)
        device = torch.cuda.max_memory_reserved() if torch.cuda.is_available() else 0
        share = sum(cpu) / max(sum(seconds), 1e-9) / torch.get_num_threads()
        # Of its processes this is one, as large as the others.
        ram = self.plan.stage(self.stage).strategy.processes * peak_ram()
        return Measured(self.stage, statistics.median(seconds), ram, device, share)

    def _warnings(self) -> Iterator[str]:
        stage = self.plan.stage(self.stage)
        measured = self.measured()
        assert measured is not None
        wanted, used = stage.strategy, (self.accumulation, self.precision)
        if used != (wanted.accumulation, wanted.precision):
            yield (
                f"the plan is not what runs: it says {wanted.accumulation} parts in {wanted.precision}, the "
                f"training uses {self.accumulation} in {self.precision}; memory and time will differ"
            )
        if stage.ram and measured.ram > (1 + _MORE + wanted.reserve) * stage.ram:
            yield (
                f"the training holds {measured.ram / 1e9:.2f} GB, the plan said {stage.ram / 1e9:.2f} GB; "
                "something else in it takes memory"
            )
        if measured.step_s > _SLOWER * stage.step_high_s:
            yield self._slow(measured, stage.step_s)

    def _slow(self, measured: Measured, predicted_s: float) -> str:
        slow = f"a step takes {measured.step_s:.3g} s, the plan said {predicted_s:.3g} s"
        waiting = _load() - (os.cpu_count() or 1)
        if self.plan.kind == "cpu" and measured.cpu_share < _CPU_SHARE and waiting > _BUSY:
            return (
                f"{slow}: other processes take the cores (this one gets {measured.cpu_share:.0%} of its threads' "
                "time); the training will last as much longer"
            )
        return f"{slow}: the training will last as much longer"


def peak_ram() -> int:
    """Return the largest RAM in bytes that this process held since `_forget_peak`, elsewhere than on Linux ever."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def _forget_peak() -> None:
    """Have Linux and CUDA measure the peak anew, so that what was before does not count."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
