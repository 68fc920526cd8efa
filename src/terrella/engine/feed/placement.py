"""Samples held in memory: preloaded in RAM, or resident on the device."""

from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.engine.feed.source import Batch, Chunked, Source
from terrella.errors import InputError

_FILL = 1024


@dataclass(frozen=True)
class Held:
    """A source whose samples lie in one contiguous tensor per name; batches go to `device`.

    `borders` are those of the chunks that it was filled from: the order of the batches follows them.
    """

    samples: Batch
    device: torch.device
    borders: Tensor | None = None

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


def preloaded(source: Source, device: torch.device | str = "cpu") -> Held:
    """Read a source into RAM once; batches are copied to the device as they are asked for."""
    return _fill(source, torch.device("cpu"), torch.device(device))


def resident(source: Source, device: torch.device | str) -> Held:
    """Read a source onto the device once, so that a training waits for nothing."""
    return _fill(source, torch.device(device), torch.device(device))


def _fill(source: Source, store: torch.device, device: torch.device) -> Held:
    if len(source) == 0:
        raise InputError("a source without samples cannot be held in memory")
    if isinstance(source, Chunked):
        return _fill_by_chunk(source, store, device)
    samples: Batch = {}
    for first in range(0, len(source), _FILL):
        part = source.read(torch.arange(first, min(first + _FILL, len(source))))
        samples = samples or empty_like(part, len(source), store)
        for name, values in part.items():
            samples[name][first : first + len(values)] = values
    return Held(samples, device)


def _fill_by_chunk(source: Chunked, store: torch.device, device: torch.device) -> Held:
    kind = source.read(torch.zeros(0, dtype=torch.int64))
    samples, borders = empty_like(kind, len(source), store), source.borders
    largest = int(borders.diff().max())
    part = None if store.type == "cpu" else empty_like(kind, largest, torch.device("cpu"))
    for chunk, (first, end) in enumerate(zip(borders.tolist(), borders[1:].tolist(), strict=False)):
        place = {name: values[first:end] for name, values in samples.items()}
        if part is None:
            source.read_chunk(chunk, place)
            continue
        read = {name: values[: end - first] for name, values in part.items()}
        source.read_chunk(chunk, read)
        for name, values in read.items():
            place[name].copy_(values)
    return Held(samples, device, borders)


def empty_like(kind: Batch, samples: int, device: torch.device) -> Batch:
    """Return room for samples of the same names, shapes and types."""
    return {
        name: torch.empty((samples, *values.shape[1:]), dtype=values.dtype, device=device)
        for name, values in kind.items()
    }
