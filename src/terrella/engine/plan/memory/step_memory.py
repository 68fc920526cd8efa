"""How much memory a training step takes, from shapes alone."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_leaves

from terrella.engine.plan.memory.allocators import cached_peak, kept_peak, returned_peak
from terrella.engine.plan.memory.trace import record
from terrella.engine.plan.memory.workspace import Hidden, Workspace
from terrella.engine.plan.step import Step, at_rollouts
from terrella.nets.costs import own_cost

Kind = Literal["cpu", "cuda", "tpu"]

# Beside the step's tensors: buffers of the matrix library, Python's own objects, kernels as they are compiled.
_PROCESS_EXTRA = 5 << 20
# Of the heap, where freed memory is kept: copies inside operators leave holes that are not followed one by one.
# Over the project's networks it came to 1.1 to 1.7 times what is alive.
_FRAGMENTED = 1.35
# A single volume is convolved by copies of its neighbourhoods, whose holes came to 3 to 4.5 times what is alive.
_FRAGMENTED_VOLUME = 5.0
# Of a CUDA context with the libraries' kernels, and cuBLAS's workspace: assumed, they differ by driver and card.
_CONTEXT = 450 << 20
_CUBLAS = 32 << 20


@dataclass(frozen=True)
class StepMemory:
    """The predicted memory of a training step in bytes: what lives at its peak, and what allocators make of it."""

    parameters: int
    copies: int
    gradients: int
    optimiser: int
    batch: int
    activations: int
    workspace: int
    returned: int  # peak of RAM, where freed memory is given back at once
    kept: int  # peak of RAM, where it is kept for the next step
    reserved: int  # peak of a CUDA device, with its context


def predict_memory(step: Step, kind: Kind = "cpu", workspace: Workspace | None = None) -> StepMemory:
    """Return the memory of a training step: forward, loss, backward, clip and optimiser, run on shapes alone.

    On a CPU, what operators hide is measured on small batches (`Workspace`; pass one to use its measurements
    again). For CUDA it is assumed: a convolution copies its largest tensor into another layout, a recurrent layer
    keeps six numbers per hidden value and step.

    Raises:
        InputError: where the network's path depends on values.
    """
    if rolled := at_rollouts(step):
        short, longer, more = rolled
        return _extended(_remembered(short, kind), _remembered(longer, kind), more)
    if step.accumulation > 2:
        return _in_many_parts(step, kind, workspace)
    on_cpu = kind == "cpu"
    trace = record(step, (workspace or Workspace()) if on_cpu else _assumed, None if on_cpu else True)
    alive, parts = trace.live_peak()
    return StepMemory(
        **{name: parts.get(name, 0) for name in _PARTS},
        returned=returned_peak(trace) + _PROCESS_EXTRA,
        kept=max(kept_peak(trace), round(_holes(step) * returned_peak(trace))) + _PROCESS_EXTRA,
        # What runs on a TPU is laid out before it runs, without holes.
        reserved=alive if kind == "tpu" else cached_peak(trace) + _CONTEXT + _CUBLAS,
    )


def _holes(step: Step) -> float:
    """Return how many times what is alive a heap takes that keeps freed memory."""
    if -(-step.batch // step.accumulation) > 1:
        return _FRAGMENTED
    with FakeTensorMode():
        volumes = any(values.ndim == 5 for values in step.make_batch(1).values())
    return _FRAGMENTED_VOLUME if volumes else _FRAGMENTED


def few_parts(step: Step) -> Step:
    """Return the step with two of its parts alone: from the second one on they are alike."""
    part = -(-step.batch // step.accumulation)
    return replace(step, batch=2 * part, accumulation=2)


def in_processes(step: Step, processes: int) -> Step:
    """Return the step of one of several processes that share each batch evenly."""
    return replace(step, batch=max(1, -(-step.batch // processes)))


@lru_cache(maxsize=16)
def _remembered(step: Step, kind: Kind) -> StepMemory:
    """Return the memory of a step that long roll-outs have in common."""
    return predict_memory(step, kind)


def _extended(short: StepMemory, longer: StepMemory, more: int) -> StepMemory:
    """Return the memory of a roll-out that is `more` steps longer than the second of two that differ by one."""
    ends = {name: (getattr(short, name), getattr(longer, name)) for name in vars(longer)}
    return StepMemory(**{name: max(0, end + more * (end - start)) for name, (start, end) in ends.items()})


def _in_many_parts(step: Step, kind: Kind, workspace: Workspace | None) -> StepMemory:
    few = few_parts(step)
    found = predict_memory(few, kind, workspace)
    rest = found.batch * (step.batch - few.batch) // few.batch  # the other parts wait for their turn
    larger = {name: getattr(found, name) + rest for name in ("batch", "returned", "kept", "reserved")}
    return replace(found, **larger)


_PARTS = ("parameters", "copies", "gradients", "optimiser", "batch", "activations", "workspace")


def _assumed(func: Any, args: tuple[Any, ...]) -> Hidden:
    """Return what an operator is assumed to hide on a CUDA device."""
    name = str(func.overloadpacket)
    if own := own_cost(name, args, "cuda"):
        return Hidden(transient=own.held)
    tensors = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
    if name in ("aten.convolution", "aten.convolution_backward"):
        return Hidden(transient=max(each.nbytes for each in tensors))
    if name == "aten.mkldnn_rnn_layer":
        steps, samples = tensors[0].shape[:2]
        return Hidden(kept=6 * steps * samples * tensors[2].shape[1] * torch.float32.itemsize)
    return Hidden()
