"""What a training is fed from."""

from typing import Protocol

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
