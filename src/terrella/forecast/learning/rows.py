"""A table that grows by a few rows at a time, in one piece of memory.

Small arrays that are kept between large ones that are freed hold the heap open: over thousands of batches a
process would grow by gigabytes.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rows:
    """Rows of numbers, added batch by batch; in double precision, unless told otherwise, indices are exact."""

    dtype: torch.dtype = torch.float64
    _values: bytearray = field(default_factory=bytearray)

    def add(self, *columns: Tensor) -> None:
        """Append rows, given as their columns: (row,) or (row, several) each."""
        flat = [each.reshape(len(each), -1).cpu().to(self.dtype) for each in columns]
        self._values.extend(torch.cat(flat, dim=1).numpy().tobytes())

    def table(self, width: int) -> Tensor:
        """Return all rows, (row, width), where they lie: nothing can be added any more."""
        if not self._values:
            return torch.empty(0, width, dtype=self.dtype)
        return torch.frombuffer(self._values, dtype=self.dtype).view(-1, width)
