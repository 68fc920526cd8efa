"""The order in which samples are fed: a function of seed and epoch alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.engine.feed.lanes import Lanes, default_mixed_chunks
from terrella.engine.feed.source import Batch, Changing, Source, Streaming
from terrella.errors import InputError


@dataclass(frozen=True)
class Feed:
    """Shuffled batches of a source; each of `world` processes takes its share of every batch.

    The samples of a source without chunks are permuted as a whole. Where the source has chunks, `mixed_chunks` of
    them are open at a time (see `Lanes`); by default as many as fill 128 MiB, at least 8 and at most 64. The order
    is the same wherever the samples lie and however many processes share it. When `world` divides both the batch
    and `mixed_chunks`, each process reads its own chunks alone; otherwise several processes read the same ones.
    """

    source: Source
    batch: int
    seed: int = 0
    rank: int = 0
    world: int = 1
    mixed_chunks: int | None = None

    def __post_init__(self) -> None:
        if len(self.source) == 0:
            raise InputError("there are no samples to train on; give a longer training window or more data")
        if self.mixed_chunks is not None and self.mixed_chunks < 1:
            raise InputError(f"mixed_chunks is {self.mixed_chunks}; at least one chunk is open at a time")

    def batches(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.source) // self.batch)

    def indices(self, epoch: int, position: int) -> Tensor:
        """Return the indices of one batch that this process reads."""
        return next(self._shares(epoch, position))

    def epoch(self, epoch: int, position: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch from a position on."""
        source = self.source.in_epoch(epoch) if isinstance(self.source, Changing) else self.source
        shares = self._shares(epoch, position)
        if isinstance(source, Streaming):
            return source.stream(shares, self._own_chunks())
        return (source.read(share) for share in shares)

    def _shares(self, epoch: int, position: int) -> Iterator[Tensor]:
        """Yield this process's part of each batch from a position on."""
        order = self._order(epoch)
        size = len(self.source)
        for first in range(position * self.batch, size, self.batch):
            whole = min(self.batch, size - first)
            # Equal shares, so that the mean over processes is the mean over the batch.
            even = max(whole - whole % self.world, 1)
            if even < self.world:
                yield order(torch.arange(first, first + even))
            else:
                yield order(torch.arange(first + self.rank, first + even, self.world))

    def _order(self, epoch: int) -> Callable[[Tensor], Tensor]:
        """Return the function from positions in an epoch to samples."""
        borders = self._borders()
        if borders is None:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            return torch.randperm(len(self.source), generator=generator).__getitem__
        return Lanes.of(borders, self._mixed(borders), self.seed, epoch).samples

    def _borders(self) -> Tensor | None:
        borders: Tensor | None = getattr(self.source, "borders", None)
        return borders

    def _mixed(self, borders: Tensor) -> int:
        return self.mixed_chunks or default_mixed_chunks(self.source, borders)

    def _own_chunks(self) -> int:
        """Return how many chunks this process draws from by turns."""
        borders = self._borders()
        if borders is None:
            return 1
        lanes = min(self._mixed(borders), len(borders) - 1)
        apart = lanes % self.world == 0 and self.batch % self.world == 0
        return lanes // self.world if apart else lanes
