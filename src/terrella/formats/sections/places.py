"""Which trace of a file lies where in a section or volume, from which traces may be missing."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Run = tuple[int, tuple[int | slice, ...]]  # the first trace of a run, and its place in a box, along one axis


@dataclass(frozen=True, eq=False)
class Places:
    """Traces of a file as runs that follow each other both in the file and on the grid, the fast axis first.

    A complete and sorted volume, as a section, is one run; each gap, and each turn of the file's order, begins
    another.
    """

    shape: tuple[int, ...]  # of the traces: (trace,) or (inline, crossline)
    fast: int  # axis along which runs go
    cells: (
        Numbers  # (run,): the first place of each run on the grid, counted along the fast axis first, rising
    )
    traces: Numbers  # (run,): the first trace of each run
    lengths: Numbers  # (run,)

    @property
    def n_traces(self) -> int:
        """In the file."""
        return int(self.lengths.sum())

    @property
    def n_missing(self) -> int:
        """Places of the grid without a trace."""
        return int(np.prod(self.shape, dtype=np.int64)) - self.n_traces

    def runs(self, low: tuple[int, ...], high: tuple[int, ...]) -> Iterator[Run]:
        """Yield the runs of traces in the box from one corner up to another, in the grid's order."""
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

    def neighbours(self, most: int) -> Numbers:
        """Return pairs of traces (pair, 2) that are neighbours on the last axis, at most so many, spread evenly."""
        each = -(-self.n_traces // most)
        where = np.arange(0, self.n_traces, each)
        ends = np.cumsum(self.lengths)
        run = np.searchsorted(ends, where, side="right")
        cell = self.cells[run] + where - (ends[run] - self.lengths[run])
        along = self.fast == len(self.shape) - 1
        step = 1 if along else self.shape[self.fast]
        last = cell % self.shape[-1] if along else cell // step
        cell = cell[last < self.shape[-1] - 1]
        pairs = np.stack([self._traces_at(cell), self._traces_at(cell + step)], 1)
        return pairs[(pairs >= 0).all(1)]

    def _traces_at(self, cells: Numbers) -> Numbers:
        """Return the traces at places of the grid, -1 where there is none."""
        run = np.maximum(np.searchsorted(self.cells, cells, side="right") - 1, 0)
        after = cells - self.cells[run]
        return np.where((after >= 0) & (after < self.lengths[run]), self.traces[run] + after, -1)

    def _line(self, begin: int, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """Yield first trace, and first and last place along the line, of the runs from `low` up to `high`."""
        run = max(int(np.searchsorted(self.cells, begin + low, side="right")) - 1, 0)
        while run < len(self.cells) and (cell := int(self.cells[run])) < begin + high:
            first = max(cell, begin + low)
            end = min(cell + int(self.lengths[run]), begin + high)
            if first < end:
                yield int(self.traces[run]) + first - cell, first - begin, end - begin
            run += 1


def complete(shape: tuple[int, ...], fast: int) -> Places:
    """Return the places of traces of which none is missing."""
    return Places(
        shape, fast, np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([np.prod(shape)], np.int64)
    )


def placed(shape: tuple[int, ...], fast: int, cell: Numbers) -> Places:
    """Return the places of traces whose cells (trace,), of which no two are the same, are given."""
    order = np.argsort(cell, kind="stable") if (np.diff(cell) < 1).any() else np.arange(len(cell))
    sorted_cells = cell[order]
    further = (np.diff(sorted_cells) != 1) | (np.diff(order) != 1)
    starts = np.concatenate([[0], np.flatnonzero(further) + 1])
    lengths = np.diff(np.append(starts, len(cell)))
    return Places(shape, fast, sorted_cells[starts], order[starts], lengths)
