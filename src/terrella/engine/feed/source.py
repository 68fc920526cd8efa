"""What a training is fed from."""

from typing import Protocol, runtime_checkable

from torch import Tensor

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
