"""The rows of an input split over processes, each with its own and its neighbours' edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, distributed
from torch.autograd.function import once_differentiable

from terrella.errors import InputError
from terrella.nets.rows import Rows, empty_like
from terrella.nets.unet import UNet, pool

_SEEN = 2  # rows that the two convolutions of a level see to each side
_SEEN_BELOW = 1  # the same, of the coarser level


@dataclass(frozen=True)
class Ranks:
    """The processes of a group, and which of them this one is; one process without a group."""

    group: distributed.ProcessGroup | None
    rank: int
    count: int

    @staticmethod
    def of(group: distributed.ProcessGroup | None) -> "Ranks":
        """Return the processes of a group."""
        if group is None:
            return Ranks(None, 0, 1)
        return Ranks(group, distributed.get_rank(group), distributed.get_world_size(group))

    def share(self, height: int, multiple: int) -> Rows:
        """Return this process's part of so many rows; raise `InputError` where one would have too few."""
        pieces = height // multiple
        if self.count > 1 and pieces < _SEEN * self.count:
            raise InputError(
                f"{height} rows are too few for {self.count} processes: each needs {_SEEN * multiple} of them; "
                "use fewer processes"
            )
        cuts = [multiple * (pieces * rank // self.count) for rank in (self.rank, self.rank + 1)]
        return Rows(*cuts)


def inner_levels(network: UNet, first: int, inputs: Tensor, ranks: Ranks) -> Tensor:
    """Return the features of level `first` from what it takes: down through all coarser levels and up again.

    Each process has its own rows, exchanges the edges that the convolutions of a level see, and computes no row
    twice but those.
    """
    if ranks.count == 1:
        return network.decode(*network.encode(inputs, first), first)
    kept: list[Tensor] = []
    for level in range(first, network.levels):
        (wide,) = exchange(ranks, (inputs, _SEEN))
        features = _own(network.run(level, network.down[level], wide), ranks)
        if level < network.levels - 1:
            kept.append(features)
            inputs = pool(features)
    for level in range(network.levels - 2, first - 1, -1):
        coarse, fine = exchange(ranks, (features, _SEEN_BELOW), (kept.pop(), _SEEN))
        features = _own(network.run(level, network.merged(level), coarse, fine), ranks)
    return features


def exchange(ranks: Ranks, *tensors: tuple[Tensor, int]) -> tuple[Tensor, ...]:
    """Return the tensors with so many rows of the processes above and below; gradients travel back."""
    if ranks.count == 1:
        return tuple(tensor for tensor, _ in tensors)
    margins = [margin for _, margin in tensors]
    return cast(tuple[Tensor, ...], _Exchange.apply(ranks, margins, *(tensor for tensor, _ in tensors)))  # type: ignore[no-untyped-call]


def share_gradients(network: UNet, group: distributed.ProcessGroup) -> None:
    """Add up, in place, the gradients that the processes of a group hold, each of its rows."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    distributed.all_reduce(flat, group=group)
    for gradient, total in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
        gradient.copy_(total.view_as(gradient))


def _own(tensor: Tensor, ranks: Ranks) -> Tensor:
    """Return a tensor without the rows that the neighbours have."""
    above, below = _beside(ranks, _SEEN)
    return tensor.narrow(2, above, tensor.shape[2] - above - below)


def _beside(ranks: Ranks, margin: int) -> tuple[int, int]:
    """Return how many of `margin` rows there are above and below: none where the input ends."""
    return margin if ranks.rank > 0 else 0, margin if ranks.rank + 1 < ranks.count else 0


class _Exchange(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, ranks: Ranks, margins: Sequence[int], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.ranks, ctx.margins = ranks, margins
        ends = [
            (t.narrow(2, 0, m), t.narrow(2, t.shape[2] - m, m)) for t, m in zip(tensors, margins, strict=True)
        ]
        received = _swap(ranks, ends)
        return tuple(
            _joined(above, tensor, below) for tensor, (above, below) in zip(tensors, received, strict=True)
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        ends, own = [], []
        for gradient, margin in zip(gradients, ctx.margins, strict=True):
            above, below = _beside(ctx.ranks, margin)
            rows = gradient.shape[2]
            ends.append((gradient.narrow(2, 0, margin), gradient.narrow(2, rows - margin, margin)))
            own.append(gradient.narrow(2, above, rows - above - below).clone())
        received = _swap(ctx.ranks, ends)
        for gradient, margin, (first, last) in zip(own, ctx.margins, received, strict=True):
            if first is not None:
                gradient.narrow(2, 0, margin).add_(first)
            if last is not None:
                gradient.narrow(2, gradient.shape[2] - margin, margin).add_(last)
        return None, None, *own


def _swap(ranks: Ranks, ends: Sequence[tuple[Tensor, Tensor]]) -> list[tuple[Tensor | None, Tensor | None]]:
    """Send the first rows to the process above and the last to the one below; return what they sent."""
    operations, received = [], []
    for pair in ends:
        come: list[Tensor | None] = []
        for end, neighbour in zip(pair, (ranks.rank - 1, ranks.rank + 1), strict=True):
            if not 0 <= neighbour < ranks.count:
                come.append(None)
                continue
            sent = end.contiguous()
            arriving = torch.empty_like(sent)
            for send, buffer in ((distributed.isend, sent), (distributed.irecv, arriving)):
                operations.append(distributed.P2POp(send, buffer, group=ranks.group, group_peer=neighbour))
            come.append(arriving)
        received.append((come[0], come[1]))
    for work in distributed.batch_isend_irecv(operations):
        work.wait()
    return received


def _joined(above: Tensor | None, own: Tensor, below: Tensor | None) -> Tensor:
    parts = [part for part in (above, own, below) if part is not None]
    joined = empty_like(own, sum(part.shape[2] for part in parts))
    return torch.cat(parts, dim=2, out=joined)
