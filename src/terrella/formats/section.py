"""What a section or volume on disk looks like to those who read it, a piece at a time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class SectionFile(Protocol):
    """A section (trace, sample) or volume (inline, crossline, sample) that need not fit in memory."""

    path: Path
    shape: tuple[int, ...]
    interval: float  # between samples, in `unit`
    unit: str  # "s", or "m" where the vertical axis is a depth
    spacing_m: float | None  # between traces, where the file says so
    about: Mapping[str, str]  # what else is shown to the user: format, survey, gauge length

    def read(self, *where: slice) -> Floats:
        """Return the samples of one slice per axis, as float32, in the axes' order."""
        ...
