"""What a section or volume on disk looks like to those who read it, a piece at a time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class SectionFile(Protocol):
    """A section (trace, sample) or volume (inline, crossline, sample) that need not fit in memory."""

    @property
    def path(self) -> Path:
        """Of the file or folder."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the samples."""
        ...

    @property
    def interval(self) -> float:
        """Between samples, in `unit`."""
        ...

    @property
    def unit(self) -> str:
        """s, or m where the vertical axis is a depth."""
        ...

    @property
    def spacing_m(self) -> float | None:
        """Between traces, where the file says so."""
        ...

    @property
    def about(self) -> Mapping[str, str]:
        """What else is shown to the user: format, survey, gauge length."""
        ...

    def read(self, *where: slice) -> Floats:
        """Return the samples of one slice per axis, as float32, in the axes' order."""
        ...
