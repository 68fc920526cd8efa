"""The operators of one training step: shapes, layouts, counts, floating-point operations and bytes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from terrella.engine.plan.memory.selections import AssumedShares, selected_shares
from terrella.engine.plan.rehearsal import Phase, rehearse
from terrella.engine.plan.shapes import Operand, asked_device, described, scaled, traced
from terrella.engine.plan.step import Step, at_rollouts
from terrella.errors import InputError
from terrella.nets.costs import own_cost

_CLIP = 1.0
# Bookkeeping that no kernel belongs to.
_FREE = {
    "profiler::_record_function_enter_new",
    "profiler::_record_function_exit",
    "aten::detach",
    "aten::is_same_size",
    "aten::sym_size",
    "aten::set_",
}


@dataclass(frozen=True)
class Operator:
    """One operator at its shapes, dtypes, layouts and arguments.

    `arguments` and `keywords` hold an `Operand` in place of each tensor, nested as they were given.
    """

    function: Any  # torch._ops.OpOverload
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]
    outputs: tuple[Operand, ...]
    flops: float  # of matrix products, convolutions and attention; 0 for element-wise work

    @property
    def name(self) -> str:
        """The operator's name, such as aten.convolution."""
        return str(self.function.overloadpacket)

    @cached_property
    def operands(self) -> tuple[Operand, ...]:
        """The tensors that it reads."""
        leaves = tree_leaves((self.arguments, tuple(value for _, value in self.keywords)))
        return tuple(leaf for leaf in leaves if isinstance(leaf, Operand))

    @property
    def view(self) -> bool:
        """Whether it only looks at memory in another way."""
        return bool(self.function.is_view)

    @property
    def convolution(self) -> bool:
        """Whether it is a convolution or its gradient."""
        return "convolution" in self.name

    @property
    def bytes(self) -> int:
        """Bytes read and written: all operands once, as if nothing stayed in a cache."""
        return 0 if self.view else sum(each.bytes for each in (*self.operands, *self.outputs))

    def traffic(self, kind: str) -> int:
        """Return the bytes between a kind of device and its memory, with those within our own operators."""
        own = own_cost(self.name, self.arguments, kind)
        return self.bytes + (own.traffic if own else 0)

    @property
    def precision(self) -> str:
        """The precision of its floating-point operands, such as float32; the lowest where they differ."""
        found = {each.dtype for each in (*self.operands, *self.outputs) if each.dtype.is_floating_point}
        lowest = min(found, key=lambda dtype: dtype.itemsize, default=torch.float32)
        return str(lowest).removeprefix("torch.")


@dataclass(frozen=True)
class Work:
    """What a training step executes: each operator with its count, in the order of first use."""

    counts: dict[Operator, int]  # of loss, gradients and clipping
    updates: dict[Operator, int]  # of the optimiser and the average of the weights, parameter by parameter
    parameters: int
    batch_bytes: int  # of the whole batch, all accumulated parts

    @property
    def flops(self) -> float:
        """Floating-point operations of the step."""
        return sum(each.flops * count for each, count in self.all())

    @property
    def bytes(self) -> int:
        """Bytes that the step's operators read and write."""
        return sum(each.bytes * count for each, count in self.all())

    @property
    def calls(self) -> int:
        """Operators executed."""
        return sum(count for _, count in self.all())

    def all(self) -> Iterator[tuple[Operator, int]]:
        """Return all operators with their counts; one that serves both purposes comes twice."""
        yield from self.counts.items()
        yield from self.updates.items()


def step_work(step: Step, foreach: bool | None = None) -> Work:
    """Return the operators of one training step; nothing is allocated.

    The step is that of `engine.fit`: every accumulated part forward and backward, the gradient's norm clipped,
    the optimiser, the average of the weights. It runs on shapes alone (torch's FakeTensorMode), once to make the
    optimiser's state and once to be recorded.

    `foreach` sets how the optimiser walks through the parameters, as on a GPU; None leaves it to torch.
    Where a mask selects elements, their share is taken from the forward pass on a small real batch.

    Raises:
        InputError: where the network's path depends on values, which shapes alone do not tell.
    """
    if rolled := at_rollouts(step):
        short, longer, more = rolled
        return _extended(step_work(short, foreach), step_work(longer, foreach), more)
    alike, part = traced(step)
    try:
        return _scaled(_recorded_once(alike, foreach), part)
    except Exception as error:
        if not _needs_values(error):
            raise
    try:
        return _recorded(step, foreach, selected_shares(step))
    except Exception as error:
        if not _needs_values(error):
            raise
        reason = str(error).splitlines()[0]
        raise InputError(
            f"the step cannot be planned: its path depends on values, not on shapes alone ({reason}); "
            "use torch.where or masks in place of branches on values"
        ) from error


def flop_count(function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], out: Any) -> float:
    """Return the floating-point operations that torch counts for an operator, 0 where it knows none."""
    if function.name() in _RECURRENT:
        return _RECURRENT[function.name()] * _recurrent_products(arguments)
    count = flop_registry.get(function.overloadpacket)
    return 0.0 if count is None else float(count(*arguments, **keywords, out_val=out))


def _extended(short: Work, longer: Work, more: int) -> Work:
    """Return the work of a roll-out that is `more` steps longer than the second of two that differ by one."""
    added = {each: max(0, count - short.counts.get(each, 0)) for each, count in longer.counts.items()}
    counts = {each: count + more * added[each] for each, count in longer.counts.items()}
    batch = longer.batch_bytes + more * (longer.batch_bytes - short.batch_bytes)
    return replace(longer, counts=counts, batch_bytes=batch)


def _needs_values(error: Exception) -> bool:
    """Whether a branch on a value raised this: one of several classes, by torch's version."""
    return any(name in type(error).__name__ for name in ("DataDependent", "DynamicOutputShape"))


@lru_cache(maxsize=16)
def _recorded_once(step: Step, foreach: bool | None) -> Work:
    return _recorded(step, foreach, ())


def _scaled(work: Work, part: int) -> Work:
    """Return the work of a step whose parts have another number of samples; 0 for that which was traced."""
    if not part:
        return work
    counts = Counter[Operator]()
    for operator, count in work.counts.items():
        counts[
            replace(
                operator,
                arguments=scaled(operator.arguments, part),
                keywords=scaled(operator.keywords, part),
                outputs=scaled(operator.outputs, part),
                flops=float(scaled(int(operator.flops), part)),
            )
        ] += count
    return replace(work, counts=counts, batch_bytes=scaled(work.batch_bytes, part))


def _recorded(step: Step, foreach: bool | None, shares: tuple[float, ...]) -> Work:
    recorder = _Recorder()
    begun = parameters = 0
    with FakeTensorMode(allow_non_fake_inputs=True), ExitStack() as second:
        size = sum(values.nbytes for values in step.make_batch(step.batch).values())
        with AssumedShares(shares) if shares else nullcontext():
            for now in rehearse(step, 2, foreach):
                begun += now.phase == "batch"
                if begun == 2 and now.phase == "batch":
                    second.enter_context(recorder)
                recorder.phase = now.phase
                if now.phase == "clip" and begun == 2:
                    recorder.phase = "backward"
                    _clip([each.grad for each in now.network.parameters() if each.grad is not None])
                    recorder.phase = "clip"
                if now.phase == "end":
                    parameters = sum(parameter.numel() for parameter in now.network.parameters())
                    second.close()
    return Work(recorder.passes, recorder.updates, parameters, size)


# Weights see each frame once on the way forward, and twice on the way back.
_RECURRENT = {"aten::mkldnn_rnn_layer": 2.0, "aten::mkldnn_rnn_layer_backward": 4.0}


def _recurrent_products(arguments: tuple[Any, ...]) -> float:
    """Return the multiplications of one recurrent layer in one direction: weights × frames × batch."""
    frames, batch = arguments[0].shape[:2]
    return float((arguments[1].numel() + arguments[2].numel()) * frames * batch)


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operators that are executed while it is active."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.phase: Phase = "batch"
        self.passes: Counter[Operator] = Counter()
        self.updates: Counter[Operator] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.prim.device.default:
            return asked_device(args[0])
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        recorded = self.phase in ("forward", "backward", "optimiser", "average")
        if recorded and func.name().partition(".")[0] not in _FREE:
            written = tuple(leaf for leaf in tree_leaves(described(out)) if isinstance(leaf, Operand))
            operator = Operator(
                func,
                described(args),
                tuple((name, described(value)) for name, value in kwargs.items()),
                written,
                flop_count(func, args, kwargs, out),
            )
            counts = self.passes if self.phase in ("forward", "backward") else self.updates
            counts[operator] += 1
        return out


def _clip(gradients: list[Tensor]) -> None:
    """Clip as `clip_grad_norm_` does on real tensors; on those without values it takes a slower path."""
    total = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, (_CLIP / (total + 1e-6)).clamp(max=1.0))
