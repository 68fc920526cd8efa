"""Samples held in memory: preloaded in RAM, or resident on the device."""

from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.engine.feed.source import Batch, Source
from terrella.errors import InputError

_FILL = 1024


@dataclass(frozen=True)
class Held:
    """A source whose samples lie in one contiguous tensor per name; batches go to `device`."""

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


def preloaded(source: Source, device: torch.device | str = "cpu") -> Held:
    """Read a source into RAM once; batches are copied to the device as they are asked for."""
    return _fill(source, torch.device("cpu"), torch.device(device))


def resident(source: Source, device: torch.device | str) -> Held:
    """Read a source onto the device once, so that a training waits for nothing."""
    return _fill(source, torch.device(device), torch.device(device))


def _fill(source: Source, store: torch.device, device: torch.device) -> Held:
    samples: Batch = {}
    for first in range(0, len(source), _FILL):
        chunk = source.read(torch.arange(first, min(first + _FILL, len(source))))
        for name, values in chunk.items():
            if first == 0:
                samples[name] = torch.empty(
                    (len(source), *values.shape[1:]), dtype=values.dtype, device=store
                )
            samples[name][first : first + len(values)] = values
    if not samples:
        raise InputError("a source without samples cannot be held in memory")
    return Held(samples, device)
