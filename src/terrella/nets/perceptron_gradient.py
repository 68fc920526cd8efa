"""The gradient of `perceptron_kernels.forward`, chunk by chunk."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.nets.perceptron_kernels import Buffers, Chunk, Operands, of_sample

_silu_backward = torch.ops.aten.silu_backward.grad_input
_layer_norm_backward = torch.ops.aten.native_layer_norm_backward


@dataclass(frozen=True, eq=False)
class Gradients:
    """What a perceptron's operands get; empty where it is not wanted."""

    dense: list[Tensor]
    first: list[Tensor]
    nodes: list[Tensor]
    bias: Tensor
    last: Tensor
    last_bias: Tensor
    scale: Tensor
    offset: Tensor

    def flat(self) -> list[Tensor]:
        """Return them in the order of the operands."""
        rest = [self.bias, self.last, self.last_bias, self.scale, self.offset]
        return [*self.dense, *self.first, *self.nodes, *rest]


def backward(
    given: Operands,
    of_rows: Tensor,
    of_sums: Tensor,
    mean: Tensor,
    deviation: Tensor,
    hidden: Tensor,
    output: Tensor,
    add: bool,
    wanted: Sequence[bool],
    dtype: torch.dtype,
) -> Gradients:
    """Return the gradients of all operands from those of the rows and of the sums, empty where there are none.

    `mean`, `deviation`, `hidden` and `output` are those that were kept; `wanted` says which dense operands get one.
    """
    into, cast = empty_gradients(given, wanted), given.cast(dtype)
    buffers, of_sums = Buffers(given.last), of_sums.to(dtype)
    for part in given.chunks():
        for sample in range(given.samples):
            chunk = Chunk(cast, buffers, part, sample, dtype)
            before = hidden[sample, part] if hidden.numel() else chunk.hidden_again()
            activated = chunk.activated(before)
            inner = _outer(chunk, of_rows, of_sums)
            if given.scale is not None:
                out = output[sample, part] if output.numel() else chunk.output_again(activated)
                inner = _through_norm(chunk, inner, out, mean[sample, part], deviation[sample, part], into)
            _add_product(into.last, inner, activated)
            _add_sum(into.last_bias, inner)
            back = torch.mm(inner, cast.last, out=chunk.buffer("back", before.shape[1]))
            _silu_backward(back, before, grad_input=back)
            _to_operands(chunk, back, into)
            _to_dense(chunk, back, of_rows if add else None, into)
    return into


def empty_gradients(given: Operands, wanted: Sequence[bool]) -> Gradients:
    """Return gradients of nought."""
    none = given.last.new_empty(0)
    kind = given.statistics_dtype
    return Gradients(
        [_room(each, given.samples) if yes else none for each, yes in zip(given.dense, wanted, strict=True)],
        [torch.zeros_like(each) for each in given.first],
        [torch.zeros_like(each, dtype=kind) for each in given.nodes],
        none if given.bias is None else torch.zeros_like(given.bias),
        torch.zeros_like(given.last),
        torch.zeros_like(given.last_bias),
        none if given.scale is None else torch.zeros_like(given.scale),
        none if given.offset is None else torch.zeros_like(given.offset),
    )


def _room(operand: Tensor, samples: int) -> Tensor:
    return torch.zeros_like(operand) if len(operand) < samples else torch.empty_like(operand)


def _outer(chunk: Chunk, of_rows: Tensor, of_sums: Tensor) -> Tensor:
    """Return the gradient of a chunk's outputs."""
    given, width = chunk.given, len(chunk.given.last)
    if not of_sums.numel():
        return chunk.cast("outer", of_rows[chunk.sample, chunk.rows])
    assert given.receivers is not None
    outer = chunk.buffer("outer", width)
    torch.index_select(of_sums[chunk.sample], 0, given.receivers[chunk.rows], out=outer)
    return outer.add_(of_rows[chunk.sample, chunk.rows]) if of_rows.numel() else outer


def _through_norm(
    chunk: Chunk, outer: Tensor, output: Tensor, mean: Tensor, deviation: Tensor, into: Gradients
) -> Tensor:
    """Return the gradient of what a layer norm reads."""
    given, sample, width = chunk.given, chunk.sample, outer.shape[1]
    assert given.scale is not None
    assert given.offset is not None
    scale, offset = of_sample(given.scale, sample), of_sample(given.offset, sample)
    inner, of_scale, of_offset = _layer_norm_backward(
        outer, output, [width], mean, deviation, scale, offset, [True, True, True]
    )
    of_sample(into.scale, sample).add_(of_scale)
    of_sample(into.offset, sample).add_(of_offset)
    found: Tensor = inner
    return found


def _to_operands(chunk: Chunk, back: Tensor, into: Gradients) -> None:
    """Add the gradient of hidden values to those of what they were made of."""
    given, sample, rows = chunk.given, chunk.sample, chunk.rows
    for number in range(len(given.first)):
        _add_product(into.first[number], back, chunk.dense(number))
    for nodes, places in zip(into.nodes, given.places, strict=True):
        of_sample(nodes, sample).index_add_(0, places[rows], chunk.single(back))
    if given.bias is not None:
        _add_sum(into.bias, back)


def _to_dense(chunk: Chunk, back: Tensor, of_rows: Tensor | None, into: Gradients) -> None:
    """Give dense operands their gradient: added up where one stands for all samples, else written."""
    given, sample, rows = chunk.given, chunk.sample, chunk.rows
    for number, weight in enumerate(given.first):
        if not into.dense[number].numel():
            continue
        own = of_sample(into.dense[number], sample)[rows]
        more = of_rows[sample, rows] if of_rows is not None and number == 0 else None
        direct = own.dtype == back.dtype and len(into.dense[number]) == given.samples
        if direct and more is not None:
            torch.addmm(more, back, weight, out=own)
        elif direct:
            torch.mm(back, weight, out=own)
        else:
            found = torch.mm(back, weight, out=chunk.buffer("own", weight.shape[1]))
            summed = len(into.dense[number]) < given.samples
            own.add_(found) if summed else own.copy_(found)
            if more is not None:
                own.add_(more)


def _add_product(into: Tensor, left: Tensor, right: Tensor) -> None:
    """Add the product over rows."""
    if into.dtype == left.dtype:
        into.addmm_(left.T, right)
    else:
        into.add_(torch.mm(left.T, right))


def _add_sum(into: Tensor, values: Tensor) -> None:
    """Add the sum over rows."""
    if into.dtype == values.dtype:
        into.add_(values.sum(0))
    else:  # as a product, whose inner sums are in single precision
        into.add_(torch.mm(values.new_ones(1, len(values)), values)[0])
