"""A store on disk as a source, a chunk at a time."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from terrella.engine.feed.placement import empty_like
from terrella.engine.feed.source import Batch
from terrella.formats.records.record_store import RecordStore


@dataclass(frozen=True, eq=False)
class Stored:
    """The records of a store; each of its variables is a name in the batch."""

    store: RecordStore

    def __len__(self) -> int:
        return int(self.store.borders[-1])

    @property
    def borders(self) -> Tensor:
        """The first sample of each chunk and the number of samples, (chunk + 1,), int64."""
        return torch.from_numpy(self.store.borders)

    def describe(self, chunk: int) -> str:
        """Return the file and the chunk, as a message names them."""
        return f"{self.store.path}, chunk {chunk}"

    def read_chunk(self, chunk: int, out: Batch) -> None:
        """Fill `out`, tensors in RAM of (sample of the chunk, …).

        Raises:
            InputError: where the chunk is missing or damaged, or its file changed since it was opened.
        """
        self.store.read_chunk(chunk, {name: values.numpy() for name, values in out.items()})

    def read(self, indices: Tensor) -> Batch:
        """Return the samples of indices (n,); each chunk that holds some of them is read once."""
        if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < len(self):
            raise IndexError(f"{self.store.path} holds {len(self)} records; asked for {int(indices.max())}")
        samples = empty_like(self._kind(), len(indices), torch.device("cpu"))
        borders = self.borders
        chunks = torch.searchsorted(borders, indices, right=True) - 1
        for chunk in torch.unique(chunks).tolist():
            first, end = borders[chunk : chunk + 2].tolist()
            part = empty_like(samples, end - first, torch.device("cpu"))
            self.read_chunk(chunk, part)
            here = torch.nonzero(chunks == chunk)[:, 0]
            for name, values in samples.items():
                values[here] = part[name][indices[here] - first]
        return samples

    def _kind(self) -> Batch:
        """Return no samples, of the right shapes and types."""
        kinds = self.store.variables.items()
        return {
            name: torch.empty((0, *kind.shape), dtype=torch.from_numpy(np.empty(0, kind.dtype)).dtype)
            for name, kind in kinds
        }
