"""How long a training step takes, and what bounds it."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import psutil
import torch

from terrella.engine.memory import keep_freed_memory, return_freed_memory
from terrella.engine.plan.devices import Device
from terrella.engine.plan.time.operators import Operator, Work
from terrella.engine.plan.time.replay import Replayed, replay

Bound = Literal["compute", "memory traffic", "data", "communication", "calls"]

_REPLAY_BYTES = 256 << 20  # at most, that a replay holds: far more than a core's cache
_REPLAY_BYTES_CUDA = 2 << 30
_LARGEST = 8  # operators that a duration names
# What the steps of the project's networks differed from their replayed operators, and from a roofline alone.
_REPLAYED_ERROR, _SCALED_ERROR, _ROOFLINE_ERROR = 0.12, 0.4, 0.6


@dataclass(frozen=True)
class Share:
    """The part of a step that the calls of one operator take, at all its shapes."""

    operator: str
    seconds: float
    calls: int


@dataclass(frozen=True)
class Duration:
    """The predicted duration of one training step, and what it is made of."""

    seconds: float
    low: float
    high: float
    flops: float
    bytes: int
    bound: Bound
    shares: tuple[Share, ...]  # largest first
    replayed: float  # share of the seconds that was measured, not calculated


Known = dict[
    tuple[bool, bool], dict[Operator, Replayed]
]  # by whether memory is given back, and calls are hot


def work_seconds(
    work: Work, device: Device, budget_s: float = 2.0, returned: bool = False, known: Known | None = None
) -> Duration:
    """Return the duration of a training step, whose operators are known, on a device.

    At hand, the step's unique operators are run at their shapes on values made up, for about `budget_s` seconds;
    those left over are taken from a roofline (Williams et al. 2009), scaled by what the measured ones needed
    over theirs. On other devices it is the roofline with the device's assumed efficiency. All threads that torch
    uses now count; with one, seconds are CPU seconds. `known` are measurements of other steps on the device,
    which this one's are added to.

    On a CPU they are those of a process that keeps freed memory, or with `returned` of one that gives it back: then
    a step clears its pages anew and takes up to 2.7 times as long. The C library is told so, and the setting stays.
    """
    known = {} if known is None else known
    seconds: list[tuple[Operator, int, float]] = []
    error = measured_s = 0.0
    for counts, hot, part in ((work.counts, False, 0.85), (work.updates, True, 0.15)):
        estimates = {each: roofline(each, device) for each in counts if not each.view}
        kept = known.setdefault((returned, hot), {})
        found = _replayed(estimates, device, budget_s * part, hot, returned, kept) if device.at_hand else {}
        factors = _Factors(found, device)
        for operator, count in counts.items():
            if operator.view:
                each = _called(device)
            elif operator in found:
                each = found[operator].seconds + hot * _called(device)
                measured_s += each * count
                error += each * count * min(_REPLAYED_ERROR + found[operator].spread / 4, 0.5)
            else:
                each = factors.of(operator) * roofline(operator, device)
                error += each * count * (_SCALED_ERROR if found else _ROOFLINE_ERROR)
            seconds.append((operator, count, each * count))
    total = sum(each for _, _, each in seconds)
    return Duration(
        total,
        max(total - error, 0.0),
        total + error,
        work.flops,
        work.bytes,
        _bound(seconds, device),
        _shares(seconds),
        measured_s / total if total else 0.0,
    )


def roofline(operator: Operator, device: Device) -> float:
    """Return the seconds of one call by the device's rates: work or traffic, whichever takes longer, and the call.

    Williams et al. (2009), with the reached share of each rate in place of its peak.
    """
    if operator.view:
        return _called(device)
    work = operator.flops / device.rate(operator.precision, operator.convolution)
    return max(work, operator.traffic(device.kind) / device.traffic) + device.launch_s


def _replayed(
    estimates: Mapping[Operator, float],
    device: Device,
    budget_s: float,
    hot: bool,
    returned: bool,
    known: dict[Operator, Replayed],
) -> dict[Operator, Replayed]:
    if device.kind == "cuda":
        memory = min(torch.cuda.mem_get_info()[0] // 4, _REPLAY_BYTES_CUDA)
        return replay(estimates, budget_s, memory, hot, "cuda", known)
    (return_freed_memory if returned else keep_freed_memory)()
    memory = min(psutil.virtual_memory().available // 4, _REPLAY_BYTES)
    return replay(estimates, budget_s, memory, hot, known=known)


def _called(device: Device) -> float:
    """Return what a call costs the host: nothing beside the kernels on a device that works on its own."""
    return device.launch_s if device.kind == "cpu" else 0.0


class _Factors:
    """Seconds over roofline of the measured operators, for those like them that were not."""

    def __init__(self, found: Mapping[Operator, Replayed], device: Device) -> None:
        ratios: dict[object, list[float]] = defaultdict(list)
        for operator, replayed in found.items():
            ratio = replayed.seconds / roofline(operator, device)
            for key in (operator.name, operator.flops > 0):
                ratios[key].append(ratio)
        self._ratios = {key: statistics.median(values) for key, values in ratios.items()}

    def of(self, operator: Operator) -> float:
        return self._ratios.get(operator.name, self._ratios.get(operator.flops > 0, 1.0))


def _shares(seconds: Iterable[tuple[Operator, int, float]]) -> tuple[Share, ...]:
    names: dict[str, Share] = {}
    for operator, count, each in seconds:
        name = operator.name.removeprefix("aten.")
        known = names.get(name, Share(name, 0.0, 0))
        names[name] = Share(name, known.seconds + each, known.calls + count)
    return tuple(sorted(names.values(), key=lambda each: -each.seconds)[:_LARGEST])


def _bound(seconds: Iterable[tuple[Operator, int, float]], device: Device) -> Bound:
    """Return what takes most of a step's time: arithmetic, memory or the calls themselves."""
    sums: dict[Bound, float] = defaultdict(float)
    for operator, _, each in seconds:
        work = operator.flops / device.rate(operator.precision, operator.convolution)
        traffic = operator.traffic(device.kind) / device.traffic
        parts: dict[Bound, float] = {"compute": work, "memory traffic": traffic, "calls": device.launch_s}
        sums[max(parts, key=lambda name: parts[name])] += each
    return max(sums, key=lambda name: sums[name]) if sums else "compute"
