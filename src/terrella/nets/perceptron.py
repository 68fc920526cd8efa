"""A perceptron over many rows that keeps little: what edges and nodes of a graph compute and send.

One hidden layer with swish, then a layer norm or none. The first layer's matrix is split by operand, as if operands
were concatenated: dense ones have a value for each row (an edge's own), others are products made once for each node
and looked up by rows (an edge's ends). Outputs come row by row, summed over receivers, or both.

To torch, forward and backward pass are one operator each, so that a step can be followed on shapes alone at any
number of chunks.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from terrella.nets.perceptron_costs import register_costs
from terrella.nets.perceptron_gradient import backward, empty_gradients
from terrella.nets.perceptron_kernels import Operands, empty_results, forward

_HIDDEN = (
    "Tensor[] dense, Tensor[] first, Tensor[] nodes, Tensor[] places, Tensor? bias, Tensor last, Tensor last_bias, "
    "Tensor? scale, Tensor? offset, Tensor? receivers"
)
_library: Any = torch.library.Library("terrella", "DEF")  # type: ignore[no-untyped-call]
_library.define(
    f"perceptron({_HIDDEN}, int sums_of, bool rows_wanted, bool add, bool keep, ScalarType rows_dtype, "
    "ScalarType dtype) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)"
)
_library.define(
    f"perceptron_backward({_HIDDEN}, Tensor of_rows, Tensor of_sums, Tensor mean, Tensor deviation, "
    "Tensor hidden, Tensor output, bool add, bool[] wanted, ScalarType dtype) -> Tensor[]"
)


@dataclass(frozen=True)
class Form:
    """How a perceptron is computed."""

    sums_of: int = 0  # receivers whose sums are wanted
    rows_wanted: bool = True
    add: bool = False  # the first dense operand to the rows
    keep: bool = True  # hidden values and outputs for the gradient, else they are computed again
    rows_dtype: torch.dtype = torch.float32
    dtype: torch.dtype = torch.float32  # of products


def perceptron(operands: Operands, form: Form) -> tuple[Tensor, Tensor]:
    """Return outputs of rows (sample, row, output) and their sums (sample, receiver, output), or empty ones."""
    keep = form.keep and torch.is_grad_enabled()
    rows, sums, *_ = _Perceptron.apply(operands, form, keep, *_flat(operands))  # type: ignore[no-untyped-call]
    return rows, sums


class _Perceptron(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, operands: Operands, form: Form, keep: bool, *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        ctx.form, ctx.counts = form, (len(operands.dense), len(operands.nodes))
        rows, sums, *kept = torch.ops.terrella.perceptron(
            *_listed(operands), form.sums_of, form.rows_wanted, form.add, keep, form.rows_dtype, form.dtype
        )
        ctx.save_for_backward(*tensors, operands.receivers, *operands.places, *kept)
        ctx.mark_non_differentiable(*kept)
        ctx.set_materialize_grads(False)
        return rows, sums, *kept

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_rows: Tensor | None, of_sums: Tensor | None, *_: Any) -> tuple[Any, ...]:
        form, (dense, nodes) = ctx.form, ctx.counts
        if of_rows is None and of_sums is None:
            return (None,) * len(ctx.needs_input_grad)
        *saved, mean, deviation, hidden, output = ctx.saved_tensors
        operands = _from_flat(saved, dense, nodes)
        none = mean.new_empty(0)
        wanted = ctx.needs_input_grad[3 : 3 + dense]
        found = torch.ops.terrella.perceptron_backward(
            *_listed(operands),
            none if of_rows is None or not form.rows_wanted else of_rows,
            none if of_sums is None or not form.sums_of else of_sums,
            mean, deviation, hidden, output, form.add and of_rows is not None, wanted, form.dtype,
        )  # fmt: skip
        needed = ctx.needs_input_grad[3:]
        return None, None, None, *(g if yes else None for g, yes in zip(found, needed, strict=True))


def _flat(operands: Operands) -> list[Tensor | None]:
    """Return what has gradients, in the order of `Gradients.flat`."""
    rest = [operands.bias, operands.last, operands.last_bias, operands.scale, operands.offset]
    return [*operands.dense, *operands.first, *operands.nodes, *rest]


def _from_flat(saved: list[Tensor], dense: int, nodes: int) -> Operands:
    ends = (dense, 2 * dense, 2 * dense + nodes)
    return Operands(
        saved[: ends[0]],
        saved[ends[0] : ends[1]],
        saved[ends[1] : ends[2]],
        saved[ends[2] + 6 :],
        *saved[ends[2] : ends[2] + 6],
    )


def _listed(given: Operands) -> tuple[Any, ...]:
    return (
        list(given.dense), list(given.first), list(given.nodes), list(given.places), given.bias, given.last,
        given.last_bias, given.scale, given.offset, given.receivers,
    )  # fmt: skip


def _forward(*arguments: Any) -> tuple[Tensor, ...]:
    given, rest = Operands(*arguments[:10]), arguments[10:]
    with torch.autocast(given.last.device.type, enabled=False):
        return forward(given, *rest)


def _backward(*arguments: Any) -> list[Tensor]:
    given, rest = Operands(*arguments[:10]), arguments[10:]
    with torch.autocast(given.last.device.type, enabled=False):
        return backward(given, *rest).flat()


def _forward_shapes(*arguments: Any) -> tuple[Tensor, ...]:
    sums_of, rows_wanted, _, *rest = arguments[10:]
    return empty_results(Operands(*arguments[:10]), sums_of, rows_wanted, *rest)


def _backward_shapes(*arguments: Any) -> list[Tensor]:
    given, wanted = Operands(*arguments[:10]), arguments[17]
    return empty_gradients(given, wanted).flat()


for _kind in ("CPU", "CUDA"):
    _library.impl("perceptron", _forward, _kind)
    _library.impl("perceptron_backward", _backward, _kind)
torch.library.register_fake("terrella::perceptron", _forward_shapes)
torch.library.register_fake("terrella::perceptron_backward", _backward_shapes)
register_costs()
