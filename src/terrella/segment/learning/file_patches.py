"""Patches of sections in files, in the order in which they lie there, so that neighbours are read at once.

A chunk is a few patches that follow each other in that order: in SEG-Y, windows over the same traces. Chunks are
shuffled and mixed as the engine's streams are, read ahead on threads where the sections are not held in memory, and
fed in the same order where they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from terrella.engine.feed import Batch, Source, Streamed
from terrella.engine.feed.lanes import FEWEST
from terrella.engine.feed.room import Room
from terrella.engine.feed.streamed import AHEAD_BYTES
from terrella.formats.records.record_store import PIECE_BYTES, even_borders
from terrella.segment.data.normalise import Floats
from terrella.segment.data.pieces import Box
from terrella.segment.learning.patches import Ints, Labels, Patches, PatchSource

_BYTES = 5  # of a sample and its label
_READERS = 2
_AT_ONCE = 1 << 24  # samples that are read at once, unless a patch has more
_SPARE = 2.0  # samples read for one that is used, up to which windows are read as one box


@dataclass(frozen=True, eq=False)
class FilePatches(PatchSource):
    """Patches of files; `rooms` is the memory of the last epoch, for the next."""

    rooms: list[Room] = field(default_factory=list)

    @property
    def borders(self) -> Tensor:
        """The first patch of each chunk of about 1 MiB and the number of patches, (chunk + 1,), int64."""
        return torch.from_numpy(even_borders(len(self), PIECE_BYTES // self._patch_bytes))

    def in_epoch(self, epoch: int) -> Source:
        """Return the source of one epoch, which reads ahead where sections are not held."""
        whole = all(entry.held for entry in self.entries)
        if self.fixed or whole or 2 * FEWEST * self._patch_bytes > AHEAD_BYTES:
            return super().in_epoch(epoch)
        made = replace(self, epoch=epoch, device=torch.device("cpu"))
        return Streamed(made, self.device, _READERS, AHEAD_BYTES, self.rooms)

    def read_chunk(self, chunk: int, out: Batch) -> None:
        """Fill `out`, tensors in RAM of (patch of the chunk, …).

        Raises:
            InputError: where a file is damaged, changed since it was opened, or holds what is no label.
        """
        first, end = self.borders[chunk : chunk + 2].tolist()
        for name, values in self.read(torch.arange(first, end)).items():
            out[name].copy_(values)

    def describe(self, chunk: int) -> str:
        """Return the sections of a chunk, as a message names them."""
        first, end = self.borders[chunk : chunk + 2].tolist()
        return ", ".join(dict.fromkeys(self.entries[at].name for at in self.drawn.entry[first:end].tolist()))

    def fill(self, x: Floats, y: Labels, chosen: Ints) -> None:
        """Write the samples and labels of patches (n,); windows that overlap are read as one box."""
        rows = np.argsort(chosen, kind="stable")
        for group, box in self._groups(rows, chosen):
            entry = self.entries[self.drawn.entry[chosen[group[0][0]]]]
            samples, labels = entry.samples(*box), entry.labels(*box)
            for at, where in group:
                inside = tuple(
                    slice(a.start - b.start, a.stop - b.start) for a, b in zip(where, box, strict=True)
                )
                self.put(x[at], y[at], int(chosen[at]), samples[inside], labels[inside])

    def _draw(self) -> Patches:
        """Return all patches by section, and by place within it: block of traces by block of traces."""
        drawn = super()._draw()
        first = drawn.corner // np.array(self.shape)
        first[:, -1] = drawn.corner[:, -1]
        order = np.lexsort((*first.T[::-1], drawn.entry))
        return Patches(
            drawn.entry[order],
            drawn.corner[order],
            drawn.flip[order],
            drawn.factor[order],
            drawn.noise[order],
        )

    @property
    def _patch_bytes(self) -> int:
        return _BYTES * int(np.prod(self.shape))

    def _groups(self, rows: Ints, chosen: Ints) -> Iterator[tuple[list[tuple[int, Box]], Box]]:
        """Yield rows with their windows that are worth reading as one box, and that box."""
        group: list[tuple[int, Box]] = []
        used, of = 0, -1
        box: Box = ()
        for at in rows.tolist():
            where, entry = self.where(int(chosen[at])), int(self.drawn.entry[chosen[at]])
            size = _size(where)
            wider = _around(box, where) if group else where
            if group and (entry != of or _size(wider) > min(_AT_ONCE, _SPARE * (used + size))):
                yield group, box
                group, used, wider = [], 0, where
            group.append((at, where))
            used, box, of = used + size, wider, entry
        if group:
            yield group, box


def _around(one: Box, other: Box) -> Box:
    """Return the smallest box around two."""
    return tuple(slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True))


def _size(box: Box) -> int:
    return int(np.prod([each.stop - each.start for each in box]))
