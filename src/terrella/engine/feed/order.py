"""The order in which samples are fed: a function of seed and epoch alone."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import torch
from torch import Tensor

from terrella.engine.feed.lanes import Lanes, default_mixed_chunks
from terrella.engine.feed.source import Batch, Changing, Source, Streaming
from terrella.errors import InputError

_AT_ONCE = 1024  # samples whose order is found together, which takes hardly longer than for one batch


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
    _running: dict[tuple[int, int, int], Generator[Batch, None, None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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

    def epoch(self, epoch: int, position: int = 0, until: int | None = None) -> Iterator[Batch]:
        """Return the batches of an epoch from a position on.

        With `until`, a stream that is read to its end reads on into the epochs before that one, and the next call
        goes on with it.
        """
        source = self.source.in_epoch(epoch) if isinstance(self.source, Changing) else self.source
        if not isinstance(source, Streaming):
            return (source.read(share) for share in self._shares(epoch, position))
        return self._stream(source, epoch, position, max(until or 0, epoch + 1))

    def _stream(self, source: Streaming, epoch: int, position: int, until: int) -> Iterator[Batch]:
        if source is not self.source:
            until = epoch + 1  # the next epoch has other samples
        batches = self._running.pop((epoch, position, until), None)
        while self._running:
            self._running.popitem()[1].close()
        if batches is None:
            # Of a copy, so that the threads do not keep this feed alive, with which they end.
            order = replace(self)._orders(epoch, position, until)
            batches = source.stream(order, self._own_chunks())
        ended = False
        try:
            yield from islice(batches, self.batches() - position)
            ended = True
        finally:
            if ended and epoch + 1 < until:
                self._running[epoch + 1, 0, until] = batches
            else:
                batches.close()

    def _orders(self, epoch: int, position: int, until: int) -> Iterator[Tensor]:
        """Yield this process's part of each batch of several epochs."""
        yield from self._shares(epoch, position)
        for later in range(epoch + 1, until):
            yield from self._shares(later, 0)

    def _shares(self, epoch: int, position: int) -> Iterator[Tensor]:
        """Yield this process's part of each batch from a position on."""
        order = self._order(epoch)
        some = max(1, _AT_ONCE // self.batch)
        for first in range(position, self.batches(), some):
            places = [self._places(each) for each in range(first, min(first + some, self.batches()))]
            yield from torch.split_with_sizes(order(torch.cat(places)), [len(each) for each in places])

    def _places(self, position: int) -> Tensor:
        """Return which positions in the epoch this process takes for a batch."""
        first = position * self.batch
        whole = min(self.batch, len(self.source) - first)
        # Equal shares, so that the mean over processes is the mean over the batch.
        even = max(whole - whole % self.world, 1)
        if even < self.world:
            return torch.arange(first, first + even)
        return torch.arange(first + self.rank, first + even, self.world)

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
