"""What a training is fed from."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from terrella.errors import InputError

Batch = dict[str, Tensor]


class Source(Protocol):
    """Where samples live: read a whole array of indices at once, never one sample at a time."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def read(self, indices: Tensor) -> Batch:
        """Return the samples of indices (n,), each tensor with n in front, on the source's device."""
        ...


@runtime_checkable
class Changing(Source, Protocol):
    """A source whose samples change from epoch to epoch, such as windows at random places."""

    def in_epoch(self, epoch: int) -> Source:
        """Return the source of one epoch; it must be a function of its settings and the epoch alone."""
        ...


@runtime_checkable
class Chunked(Source, Protocol):
    """A source whose samples lie in chunks that are best read whole."""

    @property
    def borders(self) -> Tensor:
        """The first sample of each chunk and the number of samples, (chunk + 1,), int64."""
        ...

    def read_chunk(self, chunk: int, out: Batch) -> None:
        """Fill `out`, tensors in RAM of (sample of the chunk, …); several threads may call it at once."""
        ...

    def describe(self, chunk: int) -> str:
        """Return the file and the chunk, as a message names them."""
        ...


@runtime_checkable
class Streaming(Source, Protocol):
    """A source that reads ahead when it is told what comes."""

    def stream(self, order: Iterable[Tensor], open_chunks: int) -> Generator[Batch, None, None]:
        """Yield the samples of each tensor of indices; they are drawn from `open_chunks` chunks by turns.

        Closing it ends its threads.
        """
        ...


@dataclass(frozen=True)
class Held:
    """A source whose samples lie in one tensor per name, (sample, …); batches go to `device`."""

    samples: Batch
    device: torch.device

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.samples.items()}
        if len(set(lengths.values())) != 1:
            raise InputError(f"all tensors of a source need as many samples; got {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self.samples.values())))

    def read(self, indices: Tensor) -> Batch:
        """Return the samples of indices (n,)."""
        return {
            name: values[indices.to(values.device)].to(self.device, non_blocking=True)
            for name, values in self.samples.items()
        }
