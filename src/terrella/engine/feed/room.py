"""Memory that a stream uses again and again: to fetch new pages from the system takes longer than to fill them."""

import math
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from terrella.engine.feed.source import Batch, Chunked

# Batches that are ready before they are asked for, while other work takes the cores.
_READY_BYTES = 64 << 20
_FEWEST, _MOST = 3, 16


@dataclass(frozen=True, eq=False)
class Room:
    """Memory for a fixed number of chunks, side by side, and for the batches that are gathered from them."""

    samples: Batch  # (slot × largest, …)
    slots: int
    largest: int
    pinned: bool  # whether batches are laid where the device can fetch them
    batches: dict[str, list[npt.NDArray[Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Chunked, slots: int, largest: int, pinned: bool) -> "Room":
        """Return room for `slots` chunks of up to `largest` samples."""
        kind = source.read(torch.zeros(0, dtype=torch.int64))
        samples = {
            # NumPy asks the system for large pages, of which a few are fetched where torch fetches many small ones.
            name: torch.from_numpy(np.empty((slots * largest, *values.shape[1:]), values.numpy().dtype))
            for name, values in kind.items()
        }
        return cls(samples, slots, largest, pinned, {name: [] for name in samples})

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The samples as NumPy has them."""
        return {name: values.numpy() for name, values in self.samples.items()}

    def slot(self, slot: int, size: int) -> Batch:
        """Return the place of a chunk of `size` samples."""
        first = slot * self.largest
        return {name: values[first : first + size] for name, values in self.samples.items()}

    def ready(self, size: int) -> int:
        """Return how many batches of a size are made before they are asked for."""
        batch_bytes = size * sum(values[:1].nbytes for values in self.samples.values())
        return min(_MOST, max(_FEWEST, _READY_BYTES // max(1, batch_bytes)))

    def new_batch(self, size: int) -> Batch:
        """Return memory for a batch, its own for as long as anything holds on to it."""
        if self.pinned:
            return {
                name: torch.empty((size, *values.shape[1:]), dtype=values.dtype, pin_memory=True)
                for name, values in self.samples.items()
            }
        return {name: self._again(name, (size, *values.shape[1:])) for name, values in self.samples.items()}

    def _again(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        kept, needed = self.batches[name], math.prod(shape)
        for number in range(len(kept)):
            # Held by the list and by this call alone: every tensor over these bytes is gone.
            if sys.getrefcount(kept[number]) == 2 and kept[number].size >= needed:
                return torch.from_numpy(kept[number][:needed].reshape(shape))
        made = np.empty(needed, self.samples[name].numpy().dtype)
        # Those in use, ready and in the making, and one to spare.
        if len(kept) < self.ready(shape[0]) + 4:
            kept.append(made)
        return torch.from_numpy(made.reshape(shape))
