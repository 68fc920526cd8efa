"""The perceptron of `perceptron.py` and its gradient, a chunk of rows after the other.

A chunk's intermediate values stay in the processor's cache and in buffers that all chunks share. For
the gradient a row keeps two vectors, from before the swish and before the layer norm, where torch's own layers
keep five; or none, and they are computed again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

_EPSILON = 1e-5  # of the layer norm, as in torch and Haiku
# Hidden values of a chunk: in bfloat16 half of a core's second-level cache; products of fewer rows are slower.
_CHUNK_ELEMENTS = {"cpu": 1 << 19}
_CHUNK_ELEMENTS_ELSEWHERE = 1 << 26
_silu_out = torch.ops.aten.silu.out
_layer_norm = torch.ops.aten.native_layer_norm


@dataclass(frozen=True, eq=False)
class Operands:
    """What a perceptron reads; samples come first, and one stands for all where there is one alone."""

    dense: Sequence[Tensor]  # (sample, row, input)
    first: Sequence[Tensor]  # (hidden, input), one for each of the dense ones
    nodes: Sequence[Tensor]  # (sample, node, hidden): their part of the hidden values, found at `places`
    places: Sequence[Tensor]  # (row)
    bias: Tensor | None  # (hidden)
    last: Tensor  # (output, hidden)
    last_bias: Tensor  # (output)
    scale: Tensor | None  # (sample, output), of the layer norm; None for none
    offset: Tensor | None
    receivers: Tensor | None  # (row): whose sums are wanted

    @property
    def samples(self) -> int:
        """The number of samples."""
        several = [*self.dense, *self.nodes, *([] if self.scale is None else [self.scale])]
        return max(each.shape[0] for each in several)

    @property
    def statistics_dtype(self) -> torch.dtype:
        """The precision of layer norms and sums: that of the weights, single at least."""
        return torch.float64 if self.last_bias.dtype == torch.float64 else torch.float32

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.dense[0].shape[1]

    def chunks(self) -> Iterator[slice]:
        """Give the rows in chunks."""
        rows = rows_of_chunk(self.last.shape[1], self.last.device.type)
        for start in range(0, self.rows, rows):
            yield slice(start, min(start + rows, self.rows))

    def cast(self, dtype: torch.dtype) -> "Operands":
        """Return the operands with their matrices in the precision of products."""
        first = [each.to(dtype) for each in self.first]
        nodes = [each.to(dtype) for each in self.nodes]
        bias = None if self.bias is None else self.bias.to(dtype)
        rest = self.last.to(dtype), self.last_bias.to(dtype)
        return Operands(
            self.dense, first, nodes, self.places, bias, *rest, self.scale, self.offset, self.receivers
        )


def rows_of_chunk(width: int, kind: str) -> int:
    """Return the rows that are computed together on a kind of device."""
    return max(64, _CHUNK_ELEMENTS.get(kind, _CHUNK_ELEMENTS_ELSEWHERE) // width)


def of_sample(tensor: Tensor, sample: int) -> Tensor:
    """Return a sample's part."""
    return tensor[sample if tensor.shape[0] > 1 else 0]


@dataclass(eq=False)
class Buffers:
    """Tensors that all chunks share, made when they are first asked for."""

    like: Tensor
    _held: dict[tuple[str, int, torch.dtype], Tensor] = field(default_factory=dict)

    def get(self, name: str, rows: int, width: int, dtype: torch.dtype) -> Tensor:
        """Return a tensor (row, width), whose values are those of an earlier chunk."""
        key = name, width, dtype
        held = self._held.get(key)
        if held is None or held.shape[0] < rows:  # `len` of a tensor takes ten times as long
            held = self._held[key] = self.like.new_empty(rows, width, dtype=dtype)
        return held[:rows]


class Chunk:
    """One chunk of one sample as it is computed."""

    def __init__(
        self, given: Operands, buffers: Buffers, rows: slice, sample: int, dtype: torch.dtype
    ) -> None:
        self.given, self.buffers, self.rows, self.sample, self.dtype = given, buffers, rows, sample, dtype
        self.number = rows.stop - rows.start

    def buffer(self, name: str, width: int, dtype: torch.dtype | None = None) -> Tensor:
        return self.buffers.get(name, self.number, width, dtype or self.dtype)

    def dense(self, number: int) -> Tensor:
        """Return the rows of a dense operand in the precision of products."""
        return self.cast(f"dense {number}", of_sample(self.given.dense[number], self.sample)[self.rows])

    def cast(self, name: str, values: Tensor) -> Tensor:
        """Return values in the precision of products."""
        return values if values.dtype == self.dtype else self.buffer(name, values.shape[1]).copy_(values)

    def hidden(self, hidden: Tensor) -> Tensor:
        """Write the hidden values before their swish, and return them."""
        given, width = self.given, self.given.last.shape[1]
        for number, (nodes, places) in enumerate(zip(given.nodes, given.places, strict=True)):
            found = self.buffer("found", width) if number else hidden
            torch.index_select(of_sample(nodes, self.sample), 0, places[self.rows], out=found)
            if number:
                hidden.add_(found)
        begun = hidden if given.nodes else given.bias
        for number, weight in enumerate(given.first):
            assert begun is not None
            torch.addmm(begun, self.dense(number), weight.T, out=hidden)
            begun = hidden
        return hidden

    def activated(self, hidden: Tensor) -> Tensor:
        out: Tensor = _silu_out(hidden, out=self.buffer("activated", hidden.shape[1]))
        return out

    def output(self, activated: Tensor, out: Tensor) -> Tensor:
        """Write the outputs before their layer norm, and return them."""
        return torch.addmm(self.given.last_bias, activated, self.given.last.T, out=out)

    def hidden_again(self) -> Tensor:
        """Return hidden values that were not kept."""
        return self.hidden(self.buffer("hidden", self.given.last.shape[1]))

    def output_again(self, activated: Tensor) -> Tensor:
        """Return outputs that were not kept."""
        return self.output(activated, self.buffer("output", len(self.given.last)))

    def single(self, values: Tensor) -> Tensor:
        """Return values in the precision of sums."""
        kind = self.given.statistics_dtype
        return values if values.dtype == kind else self.buffer("single", values.shape[1], kind).copy_(values)


def forward(
    given: Operands,
    sums_of: int,
    rows_wanted: bool,
    add: bool,
    keep: bool,
    rows_dtype: torch.dtype,
    dtype: torch.dtype,
) -> tuple[Tensor, ...]:
    """Return outputs of all rows (sample, row, output) and sums over receivers (sample, receiver, output).

    What is not wanted is empty. With `add` the first dense operand is added to the rows, not to the sums. Then
    comes what the gradient needs: means and inverse deviations of the layer norm (sample, row, 1) and, with `keep`,
    the hidden values and the outputs before the layer norm (sample, row, any).
    """
    made = empty_results(given, sums_of, rows_wanted, keep, rows_dtype, dtype)
    rows, sums, mean, deviation, hidden, output = made
    sums.zero_()
    given, buffers = given.cast(dtype), Buffers(rows)
    for part in given.chunks():
        for sample in range(given.samples):
            chunk = Chunk(given, buffers, part, sample, dtype)
            widths = given.last.shape[1], given.last.shape[0]
            places = [
                kept[sample, part] if kept.numel() else chunk.buffer(name, width)
                for name, kept, width in zip(("hidden", "output"), (hidden, output), widths, strict=True)
            ]
            out = chunk.output(chunk.activated(chunk.hidden(places[0])), places[1])
            if given.scale is not None:
                out = _normalised(chunk, out, mean[sample, part], deviation[sample, part])
            if given.receivers is not None:
                sums[sample].index_add_(0, given.receivers[part], chunk.single(out))
            if rows_wanted:
                _laid(chunk, out, rows[sample, part], add)
    return made


def empty_results(
    given: Operands, sums_of: int, rows_wanted: bool, keep: bool, rows_dtype: torch.dtype, dtype: torch.dtype
) -> tuple[Tensor, ...]:
    """Return room for what `forward` returns."""
    kind, make = given.statistics_dtype, given.last.new_empty
    output, hidden = given.last.shape
    each, normed = (given.samples, given.rows), given.scale is not None
    return (
        make((*each, output) if rows_wanted else 0, dtype=rows_dtype),
        make((given.samples, sums_of, output) if given.receivers is not None else 0, dtype=kind),
        *(make((*each, 1) if normed else 0, dtype=kind) for _ in range(2)),
        make((*each, hidden) if keep else 0, dtype=dtype),
        make((*each, output) if keep and normed else 0, dtype=dtype),
    )


def _laid(chunk: Chunk, out: Tensor, rows: Tensor, add: bool) -> None:
    """Put outputs in their place, with `add` on top of the first dense operand."""
    if not add:
        rows.copy_(out)
        return
    below = of_sample(chunk.given.dense[0], chunk.sample)[chunk.rows]
    if out.dtype == below.dtype == rows.dtype:
        torch.add(out, below, out=rows)
    else:  # sums of two kinds are slow
        rows.copy_(out).add_(below)


def _normalised(chunk: Chunk, output: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    given, width = chunk.given, output.shape[1]
    assert given.scale is not None
    assert given.offset is not None
    scale, offset = of_sample(given.scale, chunk.sample), of_sample(given.offset, chunk.sample)
    out: Tensor
    # Its form with given outputs makes them anew all the same, and copies them.
    out, own_mean, own_deviation = _layer_norm(output, [width], scale, offset, _EPSILON)
    mean.copy_(own_mean)
    deviation.copy_(own_deviation)
    return out
