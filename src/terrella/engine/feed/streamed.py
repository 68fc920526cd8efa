"""Samples streamed from disk: memory is bounded by the read-ahead, not by the data."""

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from terrella.engine.feed.lanes import record_bytes
from terrella.engine.feed.readahead import ReadAhead
from terrella.engine.feed.room import Room
from terrella.engine.feed.source import Batch, Changing, Chunked
from terrella.errors import InputError

AHEAD_BYTES = 256 << 20
_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Streamed:
    """A chunked source that is read ahead on background threads; batches go to `device`.

    The chunks that are open or read ahead take at most `ahead_bytes`; batches of 64 MiB, at least
    three and at most sixteen, wait beside them.
    """

    source: Chunked
    device: torch.device = _CPU
    readers: int = 4
    ahead_bytes: int = AHEAD_BYTES
    rooms: list[Room] = field(default_factory=list)  # that of the last epoch, for the next

    def __len__(self) -> int:
        return len(self.source)

    @property
    def borders(self) -> Tensor:
        """The borders of the source's chunks."""
        return self.source.borders

    def read(self, indices: Tensor) -> Batch:
        """Return the samples of indices (n,), read at once."""
        return _moved(self.source.read(indices.cpu()), self.device)

    def in_epoch(self, epoch: int) -> "Streamed":
        """Return the source of one epoch."""
        if not isinstance(self.source, Changing):
            return self
        changed = self.source.in_epoch(epoch)
        if not isinstance(changed, Chunked):
            raise InputError("a source that changes must keep its chunks in every epoch")
        return replace(self, source=changed)

    def stream(self, order: Iterable[Tensor], open_chunks: int) -> Generator[Batch, None, None]:
        """Yield the samples of each tensor of indices, reading ahead; `open_chunks` are drawn from by turns.

        Raises:
            InputError: where the open chunks do not fit in `ahead_bytes`; for a chunk that is missing, damaged or
                changed.
            TerrellaError: where a reader thread ends.
        """
        largest = int(self.borders.diff().max())
        chunk_bytes = max(1, largest * record_bytes(self.source))
        chunks = len(self.borders) - 1
        slots = min(self.ahead_bytes // chunk_bytes, chunks)
        # Half for the chunks that are open, half for those that come after them.
        needed = min(2 * open_chunks, chunks)
        if slots < needed:
            raise InputError(
                f"mixing {open_chunks} chunks of {chunk_bytes / 2**20:,.1f} MiB and reading as many ahead takes "
                f"{needed * chunk_bytes / 2**20:,.0f} MiB; {self.ahead_bytes / 2**20:,.0f} MiB are allowed: raise "
                "ahead_bytes, lower mixed_chunks, or write the data in smaller chunks"
            )
        at_once = slots if slots == chunks else slots - open_chunks
        room = self.rooms.pop() if self.rooms else None
        if room is None or (room.slots, room.largest) != (slots, largest):
            room = Room.of(self.source, slots, largest, pinned=self.device.type == "cuda")
        try:
            with closing(ReadAhead(self.source, room, order, at_once, self.readers)) as ahead:
                for batch in ahead.batches():
                    yield _moved(batch, self.device)
                    del batch  # so that its memory is free as soon as whoever asked for it lets go
        finally:
            self.rooms[:] = [room]


def _moved(batch: Batch, device: torch.device) -> Batch:
    # Batches are pinned for CUDA alone: elsewhere their memory could be used again before it is copied.
    pinned = device.type == "cuda"
    return {name: values.to(device, non_blocking=pinned) for name, values in batch.items()}
