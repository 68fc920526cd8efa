"""Windows of traces on disk: cut from chunks that threads read ahead, and finished a batch at once."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from terrella.engine.feed import Batch, Streamed
from terrella.engine.feed.room import Room
from terrella.engine.feed.streamed import AHEAD_BYTES
from terrella.pick.feed.buffers import Waves
from terrella.pick.feed.from_disk import Reader, cut_from_disk, reader
from terrella.pick.feed.source import Spans, WindowSource
from terrella.pick.feed.windows import Samples

_READERS = 4


@dataclass(frozen=True, eq=False)
class StreamedWindows:
    """The windows of a source in its order; `rooms` is the memory of the last epoch, for the next."""

    source: WindowSource
    readers: tuple[Reader, ...]  # of the stores
    rooms: list[Room] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def borders(self) -> Tensor:
        """The borders of the source's chunks."""
        return self.source.borders

    def in_epoch(self, epoch: int) -> "StreamedWindows":
        """Return the windows of an epoch."""
        return replace(self, source=self.source.in_epoch(epoch))

    def read(self, indices: Tensor) -> Batch:
        """Return the windows of indices (n,), read at once."""
        return self._finished(indices, _Cut(self.source, self.readers).read(indices))

    def stream(self, order: Iterable[Tensor], open_chunks: int) -> Generator[Batch, None, None]:
        """Yield the windows of each tensor of indices, reading ahead; `open_chunks` are drawn from by turns.

        Raises:
            InputError: for a file that is cut short or was changed.
        """
        asked: deque[Tensor] = deque()
        cut = Streamed(_Cut(self.source, self.readers), self.source.device, _READERS, AHEAD_BYTES, self.rooms)
        with closing(cut.stream(_noted(order, asked), open_chunks)) as batches:
            for batch in batches:
                yield self._finished(asked.popleft(), batch)
                del batch

    def _finished(self, indices: Tensor, cut: Batch) -> Batch:
        numbers, device = indices.numpy(), self.source.device
        at = self.source.spans(numbers)
        first = cut["first"].to(device)
        second = cut["second"][torch.from_numpy(at.rows)].to(device) if len(at.rows) else first[:0]
        return self.source.finished(numbers, at, first, second)


def streamed(learned: WindowSource, checked: WindowSource) -> tuple[StreamedWindows, StreamedWindows]:
    """Return sources of the same stores with their traces on disk; one at a time reads ahead, in the same memory.

    Raises:
        InputError: where a file is gone.
    """
    readers, rooms = tuple(reader(store) for store in learned.traces.stores), list[Room]()
    return StreamedWindows(learned, readers, rooms), StreamedWindows(checked, readers, rooms)


@dataclass(frozen=True, eq=False)
class _Cut:
    """The windows of a source as they lie in the traces, `first`, and those with second events, `second`."""

    source: WindowSource
    readers: tuple[Reader, ...]

    def __len__(self) -> int:
        return len(self.source)

    @property
    def borders(self) -> Tensor:
        return self.source.borders

    def describe(self, chunk: int) -> str:
        first, end = self.borders[chunk : chunk + 2].tolist()
        store = self.source.traces.stores[int(self.source.traces.store[first // self.source.per_trace])]
        return f"{store.name}, windows {first:,} to {end - 1:,}"

    def read(self, indices: Tensor) -> Batch:
        shape = (len(indices), len(self.source.architecture.components), self.source.architecture.window)
        names = ("first", "second") if self.source.shares.superpose else ("first",)
        out = {name: torch.empty(shape) for name in names}
        self._fill(indices.numpy(), out)
        return out

    def read_chunk(self, chunk: int, out: Batch) -> None:
        self._fill(np.arange(*self.borders[chunk : chunk + 2].tolist()), out)

    def _fill(self, numbers: Samples, out: Batch) -> None:
        at = self.source.spans(numbers)
        self._cut(at.trace, at.start, out["first"].numpy())
        if len(at.rows):
            out["second"].numpy()[at.rows] = self._seconds(at)

    def _seconds(self, at: Spans) -> Waves:
        architecture = self.source.architecture
        made = np.empty((len(at.rows), len(architecture.components), architecture.window), np.float32)
        self._cut(at.other, at.other_start, made)
        return made

    def _cut(self, trace: Samples, start: Samples, out: Waves) -> None:
        cut_from_disk(self.readers, self.source.traces, trace, start, self.source.architecture, out)


def _noted(order: Iterable[Tensor], asked: deque[Tensor]) -> Iterator[Tensor]:
    for indices in order:
        asked.append(indices)
        yield indices
