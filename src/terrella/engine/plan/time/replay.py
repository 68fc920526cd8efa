"""Run operators at their shapes on values made up, and measure how long they take."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from terrella.engine.plan.shapes import Operand, filled
from terrella.engine.plan.time.calibrate import clock
from terrella.engine.plan.time.operators import Operator

_ROUNDS = 7  # at most, of calls; their median counts
_LARGE_S = 0.004  # an operator that takes longer is measured alone
_HOT_CALLS = 10
_POOL = 1 << 18  # random values, repeated as often as needed
# What an operator raises that does not run on values made up.
_FAILURES = (RuntimeError, TypeError, IndexError, ValueError, NotImplementedError, AttributeError)
_RECURRENT_BACKWARD = "aten.mkldnn_rnn_layer_backward"

Call = Callable[[], Any]


@dataclass(frozen=True)
class Replayed:
    """Seconds of one call, and what the repetitions say of their spread."""

    seconds: float
    spread: float  # half the range of the middle half, relative

    def times(self, factor: int) -> "Replayed":
        """Return what is known of an operator that is `factor` times as large."""
        return Replayed(factor * self.seconds, self.spread)


@torch.no_grad()
def replay(
    estimates: Mapping[Operator, float],
    budget_s: float,
    memory: int,
    hot: bool = False,
    device: str = "cpu",
    known: dict[Operator, Replayed] | None = None,
) -> dict[Operator, Replayed]:
    """Return the seconds of one call of each operator; those that cannot be run, or in time, are missing.

    `estimates` are rough seconds of a call. Small operators go first, in turn and in the order given, so that each
    finds the caches as the step leaves them; `hot` calls each several times in a row, as an optimiser does with
    one parameter after the other. Then come large ones, the largest first, each on a part of its samples or rows
    where all of it would take too long or hold more than `memory` bytes. With one thread CPU seconds are measured,
    which other processes do not disturb. `known` are parts that were measured before; new ones are added.
    """
    end = clock() + budget_s
    limit = _limit(list(estimates.values()), budget_s / 4)
    parts = {each: _part_of(each, seconds / limit, memory) for each, seconds in estimates.items()}
    known = {} if known is None else known
    found = {
        each: known[part.operator].times(part.factor)
        for each, part in parts.items()
        if part.operator in known
    }
    parts = {each: part for each, part in parts.items() if each not in found}
    large = sorted((each for each in parts if estimates[each] > _LARGE_S), key=lambda each: -estimates[each])
    small = [each for each in parts if estimates[each] <= _LARGE_S]
    groups = [
        group for some in (small, large) for group in _groups({each: parts[each] for each in some}, memory)
    ]
    weights = [sum(estimates[each] / part.factor for each, part in group.items()) for group in groups]
    for index, group in enumerate(groups):
        left = end - clock()
        if left > 0:
            share = weights[index] / max(sum(weights[index:]), 1e-12)
            new = _in_turn(group, clock() + share * left, hot, device)
            known.update({group[each].operator: one for each, one in new.items()})
            found.update({each: one.times(group[each].factor) for each, one in new.items()})
    return found


@dataclass(frozen=True)
class _Part:
    """An operator on one of `factor` equal parts of its samples or rows."""

    operator: Operator
    factor: int

    @property
    def held(self) -> int:
        return sum(each.bytes for each in (*self.operator.operands, *self.operator.outputs))


def _part_of(operator: Operator, times_too_long: float, memory: int) -> _Part:
    """Return as large a part of an operator as time and memory allow; the whole where it cannot be divided."""
    factor, whole = 1, _Part(operator, 1)
    while factor < times_too_long or whole.held / factor > memory / 2:
        factor *= 2
    while factor > 1:
        smaller = shrunk(operator, factor)
        if smaller is not None:
            return _Part(smaller, factor)
        factor //= 2
    return whole


def _in_turn(
    parts: Mapping[Operator, _Part], until: float, hot: bool, device: str
) -> dict[Operator, Replayed]:
    """Measure operators, one call of each in turn, or several in a row where they are hot."""
    calls = dict(_tried({each: part.operator for each, part in parts.items()}, device))
    times: dict[Operator, list[float]] = {each: [] for each in calls}
    for turn in range(_ROUNDS):
        if turn > 0 and clock() > until:
            break
        outputs: list[Any] = []  # kept until the round ends, as a forward pass keeps them
        for operator, call in calls.items():
            seconds = _timed(call, _HOT_CALLS if hot else 1, device, outputs)
            times[operator].append(seconds)
    return {each: _middle(times[each]) for each in calls}


def _tried(operators: Mapping[Operator, Operator], device: str) -> Iterator[tuple[Operator, Call]]:
    """Return calls of operators on values made up, tried once; without those that fail on them.

    The first calls also prepare the kernels. Their outputs are kept until all have run, as those of the measured
    calls are: these then find their memory in the heap, as all steps but the first do, and clear no pages.
    """
    calls: dict[Operator, Call] = {}
    outputs: list[Any] = []
    for key, operator in operators.items():
        with suppress(*_FAILURES):
            calls[key] = _call(operator, device)
    for key, call in calls.items():
        with suppress(*_FAILURES):
            outputs.append(call())
            yield key, call
    # Small blocks come to lie in holes of the heap: with a spare one, large outputs still find theirs.
    if device == "cpu":
        sizes = [each.bytes for one in operators.values() for each in one.outputs]
        outputs.append(torch.ones(max(sizes, default=0), dtype=torch.uint8))


def _middle(times: list[float]) -> Replayed:
    """Return what repetitions say of an operator."""
    middle, low, high = (sorted(times)[round(share * (len(times) - 1))] for share in (0.5, 0.25, 0.75))
    return Replayed(middle, (high - low) / 2 / max(middle, 1e-9))


def _groups(parts: Mapping[Operator, _Part], memory: int) -> Iterator[dict[Operator, _Part]]:
    """Return operators in groups that hold no more than `memory` bytes together, without those that alone do."""
    group: dict[Operator, _Part] = {}
    held = 0
    for operator, part in parts.items():
        if part.held > memory:
            continue
        if group and held + part.held > memory:
            yield group
            group, held = {}, 0
        group[operator] = part
        held += part.held
    if group:
        yield group


def _limit(estimates: list[float], total: float) -> float:
    """Return the largest duration of one operator with which all of them take no longer than `total`."""
    estimates = sorted(estimates)
    for index, seconds in enumerate(estimates):
        share = total / (len(estimates) - index)
        if seconds > share:
            return max(share, _LARGE_S / 4)
        total -= seconds
    return math.inf


def _call(operator: Operator, device: str) -> Call:
    """Return a call of the operator on values made up."""
    arguments, keywords = _made(operator, device)
    return lambda: operator.function(*arguments, **keywords)


def shrunk(operator: Operator, factor: int) -> Operator | None:
    """Return an operator on a part of the samples or rows, a `factor` smaller; None where that makes no sense.

    The first axis, of samples, is divided where it can be, else the longest one of space.
    """
    full = max((len(each.shape) for each in operator.operands), default=0)
    if full < 2:
        return None
    kept = _weight(operator)
    seen = [each for each in operator.operands if len(each.shape) == full and each is not kept]
    axes = sorted(range(2, full), key=lambda axis: -max(each.shape[axis] for each in seen))
    for axis in (0, *axes):
        sizes = {each.shape[axis] for each in seen}
        if sizes != {1} and all(_divides(size, factor) for size in sizes):
            return _divided(operator, axis, factor, full, kept)
    return None


def _divides(size: int, factor: int) -> bool:
    return size == 1 or (size % factor == 0 and size >= 2 * factor)


def _divided(operator: Operator, axis: int, factor: int, full: int, kept: Operand | None) -> Operator:
    sizes = {each.shape[axis] for each in operator.operands if len(each.shape) == full and each is not kept}

    def smaller(values: Any) -> Any:
        if values is kept:
            return values
        if isinstance(values, Operand):
            return _part(values, axis, factor) if len(values.shape) == full else values
        if isinstance(values, tuple):
            if len(values) == full and all(type(each) is int for each in values) and values[axis] in sizes:
                return (*values[:axis], max(1, values[axis] // factor), *values[axis + 1 :])
            return tuple(smaller(each) for each in values)
        return values

    return replace(
        operator,
        arguments=smaller(operator.arguments),
        keywords=tuple((name, smaller(value)) for name, value in operator.keywords),
        outputs=smaller(operator.outputs),
        flops=operator.flops / factor,
    )


def _part(operand: Operand, axis: int, factor: int) -> Operand:
    """Return an operand with an axis divided, in the same order of axes in memory."""
    shape = tuple(max(1, size // factor) if i == axis else size for i, size in enumerate(operand.shape))
    strides, step = [0] * len(shape), 1
    for i in sorted(range(len(shape)), key=lambda i: (operand.stride[i], -i)):
        if operand.stride[i]:
            strides[i] = step
            step *= shape[i]
    return Operand(shape, tuple(strides), operand.dtype)


def _weight(operator: Operator) -> Operand | None:
    """Return the operand of a convolution that is its kernel, which no part of the samples makes smaller."""
    place = {"aten.convolution": 1, "aten.convolution_backward": 2}.get(operator.name)
    found = operator.arguments[place] if place is not None else None
    return found if isinstance(found, Operand) else None


def _timed(call: Call, repeats: int, device: str, outputs: list[Any]) -> float:
    """Return the seconds of one call, averaged; what the last one returns is added to `outputs`."""
    if device != "cpu":
        torch.cuda.synchronize()
    began = clock()
    for _ in range(repeats):
        made = call()
    if device != "cpu":
        torch.cuda.synchronize()
    seconds = (clock() - began) / repeats
    outputs.append(made)
    return seconds


def _made(operator: Operator, device: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return real arguments for an operator."""
    limit = _largest_index(operator)
    arguments, keywords = filled(
        (operator.arguments, dict(operator.keywords)), lambda each: _random(each, limit, device)
    )
    keywords = {name: torch.device(device) if name == "device" else value for name, value in keywords.items()}
    if operator.name == _RECURRENT_BACKWARD:
        arguments = _with_workspace(arguments)
    return arguments, keywords


def _random(operand: Operand, limit: int, device: str) -> Tensor:
    """Return a tensor of an operand's layout: fractions between 0.5 and 1.5, whole numbers below `limit`."""
    made = torch.empty_strided(operand.shape, operand.stride, dtype=operand.dtype, device=device)
    if made.numel():
        flat = made.as_strided((_span(operand),), (1,))
        pool = _pool(operand.dtype, min(limit, 1 << 15)).to(device)
        whole = len(flat) // _POOL * _POOL
        flat[:whole].view(-1, _POOL).copy_(pool)
        flat[whole:].copy_(pool[: len(flat) - whole])
    return made


@lru_cache(maxsize=32)
def _pool(dtype: torch.dtype, limit: int) -> Tensor:
    if dtype is torch.bool:
        return torch.rand(_POOL) < 0.5
    if dtype.is_floating_point or dtype.is_complex:
        # Away from zero: no infinite logarithm, and no number so small that it is slow.
        return (torch.rand(_POOL) + 0.5).to(dtype)
    return torch.randint(0, limit, (_POOL,)).to(dtype)


def _span(operand: Operand) -> int:
    return 1 + sum((size - 1) * step for size, step in zip(operand.shape, operand.stride, strict=True))


def _largest_index(operator: Operator) -> int:
    """Return a bound on whole numbers that is safe as an index into the operator's other operands."""
    sizes = [each.shape for each in operator.operands if each.dtype.is_floating_point and each.shape]
    if "max_pool" in operator.name:
        return min((math.prod(shape[-2:]) for shape in sizes), default=1)
    return max(1, min((min(shape) for shape in sizes), default=1))


def _with_workspace(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments of a recurrent layer's backward pass with what its forward pass leaves for it."""
    reverse, mode, hidden, layers, biases, train, bidirectional, batch_sizes, first = arguments[13:-1]
    with torch.enable_grad():  # else there is no workspace
        *_, workspace = torch.ops.aten.mkldnn_rnn_layer(
            *(*arguments[:7], reverse, batch_sizes),
            *(mode, hidden, layers, biases, bidirectional, first, train),
        )
    return (*arguments[:-1], workspace)
