"""A shuffled order that opens few chunks at a time, and any place of which is found without the places before it.

The chunks are permuted and laid end to end, and so are the samples within each chunk. The line is cut into as many
lanes as chunks are to be mixed, and position p of the epoch takes the next sample of lane p mod lanes: at any time
one chunk per lane is open, every chunk is opened once (those that a cut divides, twice), and any run of as many
positions as there are lanes holds one sample of each.

How well this shuffles, as `tests/engine/test_feed_quality.py` measures it: a store of 4,096 chunks of 16 samples,
batches of 64, means of four epochs. The last column is for a store that is sorted by the very thing that is
learned, the worst that can be: how much more a batch's mean varies than that of independent samples.

    lanes         |rank correlation|   chunks in a batch   pairs of one chunk   variance of means
    8                  0.008                 8.0                11.1 %                7.8
    16                 0.016                16.0                 4.8 %                3.9
    32                 0.007                32.0                 1.6 %                1.9
    64                 0.021                64.0                 0.0 %                0.95
    permutation        0.002                63.5                 0.02 %               0.99

With as many lanes as a batch has samples, batches are as varied as those of a full permutation.
"""

import hashlib
import math
from collections import OrderedDict
from dataclasses import dataclass, field

import torch
from torch import Tensor

from terrella.engine.feed.source import Source

MIXED_BYTES = 128 << 20
FEWEST, MOST = 8, 64


@dataclass(frozen=True, eq=False)
class Lanes:
    """The order of one epoch; its size is that of the list of chunks, not of the samples."""

    lanes: int
    chunks: Tensor  # (chunk,): which chunk lies where on the line
    line: Tensor  # (chunk + 1,): where on the line each of them begins
    borders: Tensor  # (chunk + 1,): the first sample of each chunk in the source
    key: str
    within: "OrderedDict[int, Tensor]" = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, borders: Tensor, lanes: int, seed: int, epoch: int) -> "Lanes":
        """Return the order of an epoch for chunks with the given borders, (chunk + 1,)."""
        key = f"{seed} {epoch}"
        chunks = torch.randperm(len(borders) - 1, generator=_generator(key))
        line = torch.zeros_like(borders)
        torch.cumsum(borders.diff()[chunks], 0, out=line[1:])
        return cls(min(lanes, len(chunks), int(borders[-1])), chunks, line, borders, key)

    def samples(self, positions: Tensor) -> Tensor:
        """Return the samples at positions (n,) of the epoch."""
        each, more = divmod(int(self.borders[-1]), self.lanes)
        lane = positions % self.lanes
        # The first `more` lanes are one sample longer.
        place = lane * each + lane.clamp(max=more) + positions // self.lanes
        rank = torch.searchsorted(self.line, place, right=True) - 1
        ranks, which = torch.unique(rank, return_inverse=True)
        orders = [self._order(chunk) for chunk in self.chunks[ranks].tolist()]
        sizes = self.line[ranks + 1] - self.line[ranks]
        starts = torch.cumsum(sizes, 0) - sizes
        inside = torch.cat(orders)[starts[which] + place - self.line[rank]] if orders else place
        return self.borders[self.chunks[rank]] + inside

    def _order(self, chunk: int) -> Tensor:
        """Return the permutation of a chunk's samples; those of open chunks are kept."""
        found = self.within.pop(chunk, None)
        if found is None:
            size = int(self.borders[chunk + 1] - self.borders[chunk])
            found = torch.randperm(size, generator=_generator(f"{self.key} {chunk}"))
            if len(self.within) > 2 * self.lanes:
                self.within.popitem(last=False)
        self.within[chunk] = found
        return found


def default_mixed_chunks(source: Source, borders: Tensor) -> int:
    """Return how many chunks fill 128 MiB, a power of two from 8 to 64, so that processes can share them evenly."""
    largest = int(borders.diff().max()) * record_bytes(source)
    fits = max(1, MIXED_BYTES // max(1, largest))
    return min(MOST, max(FEWEST, 1 << (fits.bit_length() - 1)))


def record_bytes(source: Source) -> int:
    """Return the bytes of one sample, over all names."""
    nothing = source.read(torch.zeros(0, dtype=torch.int64))
    return sum(values.element_size() * math.prod(values.shape[1:]) for values in nothing.values())


def _generator(key: str) -> torch.Generator:
    number = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")
    return torch.Generator().manual_seed(number)
