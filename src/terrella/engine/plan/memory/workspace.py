"""Memory that an operator takes for itself: reordered copies and scratch that no tensor of the step shows.

On a CPU it depends on the kernel that oneDNN chooses for a shape, so it is measured: the operator runs on two
small batches, its allocations are counted, and what they say is a straight line in the number of samples or rows.
"""

import ctypes
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd import ProfilerConfig, ProfilerState
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import tree_leaves, tree_map

from terrella.engine.memory import release_freed_memory
from terrella.nets.costs import OPERATORS, own_cost

_PAGE, _HUGE = 4096, 2 << 20  # bytes of a page, and of a huge one
_SMALL = 1 << 16  # bytes: an operator whose largest tensor is smaller has no scratch worth knowing
_ELEMENTS = 1 << 20  # of the largest tensor of a measurement, about
_FEWEST = 2  # samples: single ones go other ways
_RECURRENT, _RECURRENT_BACKWARD = "aten.mkldnn_rnn_layer", "aten.mkldnn_rnn_layer_backward"
# Element-wise operators write their results and nothing else; these have inner copies or scratch.
_MEASURED = {
    "aten.convolution",
    "aten.convolution_backward",
    _RECURRENT,
    _RECURRENT_BACKWARD,
    "aten.native_batch_norm",
    "aten.native_batch_norm_backward",
    "aten.native_group_norm",
    "aten.native_group_norm_backward",
    "aten.native_layer_norm",
    "aten.native_layer_norm_backward",
    "aten._log_softmax",
    "aten._log_softmax_backward_data",
    "aten._softmax",
    "aten._softmax_backward_data",
    "aten.max_pool2d_with_indices",
    "aten.max_pool2d_with_indices_backward",
    "aten.max_pool3d_with_indices_backward",
    "aten.upsample_nearest1d_backward",
    "aten.upsample_nearest2d_backward",
    "aten.upsample_nearest3d_backward",
    "aten.upsample_linear1d_backward",
    "aten.upsample_bilinear2d_backward",
    "aten.upsample_trilinear3d_backward",
    "aten._scaled_dot_product_flash_attention_for_cpu",
    "aten._scaled_dot_product_flash_attention_for_cpu_backward",
}


@cache
def may_hide(function: Any) -> bool:
    """Return whether an operator may hide memory."""
    name = str(function.overloadpacket)
    return name in _MEASURED or name in OPERATORS


@dataclass(frozen=True)
class Hidden:
    """Bytes that an operator takes while it runs, and those that stay with its last output.

    `spare` bytes beside those that stay are allocated and not written to: they count where memory is used again.
    """

    transient: int = 0
    kept: int = 0
    spare: int = 0


@dataclass(frozen=True)
class _Shape:
    """A tensor without values."""

    shape: tuple[int, ...]
    order: tuple[int, ...]  # axes from the slowest to the fastest in memory
    dtype: torch.dtype


@dataclass(eq=False)
class Workspace:
    """Answers what operators hide, measured once per shape."""

    known: dict[Any, Hidden] = field(default_factory=dict)
    runs: dict[Any, "_Found"] = field(
        default_factory=dict
    )  # of small batches, which many sizes have in common

    def __call__(self, func: Any, args: tuple[Any, ...]) -> Hidden:
        """Return the hidden memory of an operator on a CPU; none where it cannot be measured."""
        name = str(func.overloadpacket)
        if own := own_cost(name, args, "cpu"):
            return Hidden(transient=own.held)
        if name not in _MEASURED:
            return Hidden()
        described = _described(args)
        tensors = [leaf for leaf in tree_leaves(described) if isinstance(leaf, _Shape)]
        largest = max((math.prod(each.shape) * each.dtype.itemsize for each in tensors), default=0)
        if largest < _SMALL and "rnn" not in name:  # whose workspace is far larger than its input
            return Hidden()
        key = (func, _frozen(described))
        if key not in self.known:
            with _disable_current_modes(), torch.enable_grad():  # without, recurrent layers keep nothing
                self.known[key] = self._measured(func, name, described)
        return self.known[key]

    def _measured(self, func: Any, name: str, args: tuple[Any, ...]) -> Hidden:
        """Return the straight line through two small measurements, at the full size."""
        first, second, full = _sizes(name, args)
        try:
            small = self._run(func, name, _resized(name, args, *first))
            large = small if first == second else self._run(func, name, _resized(name, args, *second))
        except (RuntimeError, IndexError, ValueError, TypeError):
            return Hidden()
        low, high = math.prod(first), math.prod(second)

        def at(one: int, two: int) -> int:
            slope = (two - one) / max(high - low, 1)
            return max(0, round(two + slope * (full - high)))

        transient = at(small.transient, large.transient)
        if "rnn" not in name:
            return Hidden(transient, at(small.kept, large.kept))
        workspace = at(small.workspace, large.workspace)
        written = large.written(workspace)
        if name == _RECURRENT_BACKWARD:
            return Hidden(transient + written)
        return Hidden(transient, written, workspace - written)

    def _run(self, func: Any, name: str, args: tuple[Any, ...]) -> "_Found":
        key = (func, _frozen(args))
        if key not in self.runs:
            self.runs[key] = _run(func, name, args)
        return self.runs[key]


@dataclass(frozen=True)
class _Found:
    """What one measurement saw."""

    transient: int  # bytes
    kept: int  # bytes
    workspace: int = 0  # bytes of a recurrent layer's, as they are allocated
    before: bytes = b""  # of each page of the workspace: 1 where it was written to before the call
    after: bytes = b""

    def written(self, workspace: int) -> int:
        """Return the bytes that a call writes to for the first time in a workspace of another size."""
        return _in_pages(self.after, workspace) - _in_pages(self.before, workspace)


def _in_pages(written: bytes, size: int) -> int:
    """Return the bytes in use of a block of a size that is written to in the same places.

    Torch asks for huge pages where freed memory is given back. They lie whole within a block, here from half of one
    on; before the first and after the last there are small ones.
    """
    if not written:
        return 0
    scale = len(written) / max(size, 1)
    huge = max(0, (size - _HUGE // 2) // _HUGE)
    edges = [round(scale * (_HUGE // 2 + each * _HUGE)) for each in range(huge + 1)] if huge else [0]
    whole = sum(any(written[low:high]) for low, high in pairwise(edges))
    outside = sum(written[: edges[0]]) + sum(written[edges[-1] :])
    return min(size, whole * _HUGE + round(outside / scale))


def _sizes(name: str, args: tuple[Any, ...]) -> tuple[tuple[int, int], tuple[int, int], int]:
    """Return samples and rows of two measurements, and their product at the full size."""
    data = [each for each in _data(name, args) if len(each.shape) == _rank(name, args)]
    largest = max(data, key=lambda each: math.prod(each.shape))
    axis = _batch_axis(name, largest)
    samples = largest.shape[axis]
    spatial = len(largest.shape) > 3 and "rnn" not in name
    rows = max(each.shape[2] for each in data) if spatial else 1
    per_sample = math.prod(largest.shape) // samples
    fit = _ELEMENTS // max(per_sample, 1)
    if samples <= max(fit, 2 * _FEWEST) and samples * per_sample <= 4 * _ELEMENTS:
        return (samples, rows), (samples, rows), samples * rows
    if fit >= 2 * _FEWEST or not spatial:
        many = min(max(fit, 2 * _FEWEST), samples)
        return (max(many // 2, min(_FEWEST, samples - 1)), rows), (many, rows), samples * rows
    few = min(samples, _FEWEST)
    strip = max(16, 1 << int(math.log2(max(1, rows * _ELEMENTS // (few * per_sample)))))
    if strip >= rows:
        return (few, rows), (few, rows), samples * rows
    return (few, strip // 2), (few, strip), samples * rows


def _data(name: str, args: tuple[Any, ...]) -> list[_Shape]:
    """Return the tensors that grow with the batch."""
    places = {"aten.convolution": (0,), "aten.convolution_backward": (0, 1)}.get(name)
    chosen = [args[place] for place in places] if places else tree_leaves(args)
    if "rnn" in name:  # behind the input come four weights, whose sizes may be equal to the batch's
        chosen = tree_leaves((args[0], args[5:]))
    return [each for each in chosen if isinstance(each, _Shape)]


def _rank(name: str, args: tuple[Any, ...]) -> int:
    return max(len(each.shape) for each in _data(name, args))


def _batch_axis(name: str, tensor: _Shape) -> int:
    return 1 if "rnn" in name and len(tensor.shape) == 3 else 0


def _resized(name: str, args: tuple[Any, ...], samples: int, rows: int) -> tuple[Any, ...]:
    """Return arguments for fewer samples and rows."""
    data, rank = _data(name, args), _rank(name, args)
    full = next(each for each in data if len(each.shape) == rank)
    batch = full.shape[_batch_axis(name, full)]
    most = max((each.shape[2] for each in data if len(each.shape) > 3), default=1)

    def smaller(value: Any) -> Any:
        if not isinstance(value, _Shape) or not any(value is each for each in data):
            return value
        shape = list(value.shape)
        axis = _batch_axis(name, value)
        if "rnn" in name or len(shape) == rank:
            if shape and shape[axis] == batch and ("rnn" not in name or len(shape) > 1):
                shape[axis] = samples
            if len(shape) > 3 and rows < most:
                shape[2] = max(1, shape[2] * rows // most)
        return _Shape(tuple(shape), value.order, value.dtype)

    resized = tree_map(smaller, args, is_leaf=lambda each: isinstance(each, _Shape))
    if name == "aten.convolution_backward" and rows < most:
        resized = _with_fitting_gradient(resized)
    if "group_norm" in name:
        resized = _with_group_sizes(resized, name)
    return tuple(resized)


def _with_fitting_gradient(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a convolution's backward arguments with the gradient's rows that the input's rows give."""
    gradient, x, weight, _, stride, padding, dilation, transposed, extra, *_ = args
    reach = dilation[0] * (weight.shape[2] - 1)
    rows = x.shape[2]
    if transposed:
        rows = (rows - 1) * stride[0] - 2 * padding[0] + reach + extra[0] + 1
    else:
        rows = (rows + 2 * padding[0] - reach - 1) // stride[0] + 1
    shape = (*gradient.shape[:2], rows, *gradient.shape[3:])
    return (_Shape(shape, gradient.order, gradient.dtype), *args[1:])


def _with_group_sizes(args: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    """Return a group norm's arguments with samples and pixels as its tensors have them."""
    shape = args[0].shape
    at = 5 if name.endswith("backward") else 3
    return (*args[:at], shape[0], shape[1], math.prod(shape[2:]), *args[at + 3 :])


def _run(func: Any, name: str, args: tuple[Any, ...]) -> _Found:
    """Return what an operator hides at the sizes of its arguments."""
    made = tree_map(_made, args, is_leaf=lambda each: isinstance(each, _Shape))
    func(
        *(_with_workspace(made) if name == _RECURRENT_BACKWARD else made)
    )  # kernels are made in the first call
    # Of a recurrent layer's workspace, what is written to is told by its pages: none is to be an earlier block's.
    release_freed_memory()
    before = b""
    if name == _RECURRENT_BACKWARD:
        made = _with_workspace(made)
        before = _written(made[-1])
    results: list[Any] = []
    changes = _allocations(lambda: results.append(func(*made)))
    live = peak = 0
    for change in changes:
        live += change
        peak = max(peak, live)
    tensors = [leaf for leaf in tree_leaves(results) if isinstance(leaf, Tensor)]
    shown = sum({leaf.untyped_storage()._cdata: leaf.untyped_storage().nbytes() for leaf in tensors}.values())
    transient = max(peak - live, 0)
    if name == _RECURRENT:  # its last output has no size on shapes alone
        return _Found(transient, 0, tensors[-1].nbytes, after=_written(tensors[-1]))
    if name == _RECURRENT_BACKWARD:  # it writes to parts of the workspace that the forward pass left alone
        return _Found(transient, 0, made[-1].nbytes, before, _written(made[-1]))
    return _Found(transient, max(live - shown, 0))


def _written(tensor: Tensor) -> bytes:
    """Return 1 for each page of a tensor that was written to; for all of them where it cannot be told."""
    first = tensor.data_ptr() // _PAGE * _PAGE
    pages = -(-(tensor.data_ptr() + tensor.nbytes - first) // _PAGE)
    found = (ctypes.c_ubyte * pages)()
    if (
        sys.platform != "linux"
        or ctypes.CDLL(None).mincore(ctypes.c_void_p(first), ctypes.c_size_t(pages * _PAGE), found) != 0
    ):
        return bytes([1]) * pages
    return bytes(each & 1 for each in found)


def _allocations(call: Callable[[], None]) -> list[int]:
    """Return the bytes that torch allocates (and, negative, frees) on the CPU during a call, in order."""
    config = ProfilerConfig(
        ProfilerState.CPU, False, True, False, False, False, torch._C._profiler._ExperimentalConfig()
    )
    torch.autograd._enable_profiler_legacy(config)
    try:
        call()
    finally:
        records = torch.autograd._disable_profiler_legacy()
    found = (record for thread in records for record in thread if str(record.kind()) == "memory_alloc")
    return [record.cpu_memory_usage() for record in found]


def _with_workspace(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a recurrent layer's backward arguments with what its forward pass leaves for it."""
    x, w1, w2, w3, w4, hx, cx, _, _, _, _, _, _, *settings, _ = args
    reverse, mode, hidden, layers, biases, train, bidirectional, batch_sizes, first = settings
    *_, workspace = torch.ops.aten.mkldnn_rnn_layer(
        x, w1, w2, w3, w4, hx, cx, reverse, batch_sizes, mode, hidden, layers, biases, bidirectional, first,
        train,
    )  # fmt: skip
    return (*args[:-1], workspace)


def _described(values: Any) -> Any:
    def describe(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        order = sorted(range(value.ndim), key=lambda axis: (-value.stride()[axis], axis))
        return _Shape(tuple(value.shape), tuple(order), value.dtype)

    return tree_map(describe, values)


def _frozen(values: Any) -> Any:
    if isinstance(values, list | tuple):
        return tuple(_frozen(each) for each in values)
    return values


def _made(value: Any) -> Any:
    if not isinstance(value, _Shape):
        return value
    strides, step = [0] * len(value.shape), 1
    for axis in reversed(value.order):
        strides[axis] = step
        step *= max(value.shape[axis], 1)
    return torch.empty_strided(value.shape, strides, dtype=value.dtype).fill_(0)
