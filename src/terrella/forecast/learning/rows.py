"""A table that grows by a few rows at a time, in one piece of memory.

Small arrays that are kept between large ones that are freed hold the heap open: over thousands of batches a
process would grow by gigabytes.
"""

from array import array
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Rows:
    """Rows of numbers, added batch by batch; double precision, so that indices are exact."""

    _values: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, *columns: Tensor) -> None:
        """Append rows, given as their columns: (row,) or (row, several) each."""
        flat = [each.reshape(len(each), -1).cpu().double() for each in columns]
        self._values.frombytes(torch.cat(flat, dim=1).numpy().tobytes())

    def table(self, width: int) -> Tensor:
        """Return all rows, (row, width)."""
        return torch.from_numpy(np.array(self._values).reshape(-1, width))
