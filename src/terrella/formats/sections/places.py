"""Which trace of a file lies where in a section or volume, from which traces may be missing."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Run = tuple[int, tuple[int | slice, ...]]  # the first trace of a run, and its place in a box, along one axis


@dataclass(frozen=True, eq=False)
class Places:
    """Traces of a file in its order, as runs that follow each other on the grid, the fast axis first.

    A complete volume, as a section, is one run; each gap begins another.
    """

    shape: tuple[int, ...]  # of the traces: (trace,) or (inline, crossline)
    fast: int  # axis along which the file goes first
    cells: Numbers  # (run,): the first place of each run on the grid, counted along the fast axis first
    traces: Numbers  # (run + 1,): the first trace of each run, and the number of traces

    @property
    def n_traces(self) -> int:
        """In the file."""
        return int(self.traces[-1])

    @property
    def n_missing(self) -> int:
        """Places of the grid without a trace."""
        return int(np.prod(self.shape, dtype=np.int64)) - self.n_traces

    def runs(self, low: tuple[int, ...], high: tuple[int, ...]) -> Iterator[Run]:
        """Yield the runs of traces in the box from one corner up to another, in the file's order."""
        if len(self.shape) == 1:
            yield low[0], (slice(0, high[0] - low[0]),)
            return
        fast, slow = self.fast, 1 - self.fast
        for line in range(low[slow], high[slow]):
            for trace, first, end in self._line(line * self.shape[fast], low[fast], high[fast]):
                along = slice(first - low[fast], end - low[fast])
                yield trace, ((line - low[slow], along) if fast == 1 else (along, line - low[slow]))

    def absent(self, low: tuple[int, ...], high: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Return which places of a box have no trace."""
        found = np.ones([b - a for a, b in zip(low, high, strict=True)], bool)
        for _, where in self.runs(low, high):
            found[where] = False
        return found

    def _line(self, begin: int, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """Yield first trace, and first and last place along the line, of the runs from `low` up to `high`."""
        run = max(int(np.searchsorted(self.cells, begin + low, side="right")) - 1, 0)
        while run < len(self.cells) and (cell := int(self.cells[run])) < begin + high:
            first = max(cell, begin + low)
            end = min(cell + int(self.traces[run + 1] - self.traces[run]), begin + high)
            if first < end:
                yield int(self.traces[run]) + first - cell, first - begin, end - begin
            run += 1


def complete(shape: tuple[int, ...], fast: int) -> Places:
    """Return the places of traces of which none is missing."""
    return Places(shape, fast, np.zeros(1, np.int64), np.array([0, np.prod(shape, dtype=np.int64)]))
