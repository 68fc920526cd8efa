"""The order in which samples are fed: a function of seed and epoch alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.engine.feed.source import Batch, Changing, Source
from terrella.errors import InputError


@dataclass(frozen=True)
class Feed:
    """Shuffled batches of a source; each of `world` processes takes its share of every batch."""

    source: Source
    batch: int
    seed: int = 0
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if len(self.source) == 0:
            raise InputError("there are no samples to train on; give a longer training window or more data")

    def batches(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.source) // self.batch)

    def indices(self, epoch: int, position: int) -> Tensor:
        """Return the indices of one batch that this process reads."""
        return self._shares(self._order(epoch), position)

    def epoch(self, epoch: int, position: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch from a position on."""
        order = self._order(epoch)
        source = self.source.in_epoch(epoch) if isinstance(self.source, Changing) else self.source
        for batch in range(position, self.batches()):
            yield source.read(self._shares(order, batch))

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        return torch.randperm(len(self.source), generator=generator)

    def _shares(self, order: Tensor, position: int) -> Tensor:
        whole = order[position * self.batch : (position + 1) * self.batch]
        # Equal shares, so that the mean over processes is the mean over the batch.
        even = whole[: max(len(whole) - len(whole) % self.world, 1)]
        return even[self.rank :: self.world] if len(even) >= self.world else even
