"""Patches at random places of labelled sections, a whole batch at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from terrella.engine.feed import Batch, Source
from terrella.segment.data.labelled import UNLABELLED
from terrella.segment.data.normalise import Floats, normalised
from terrella.segment.data.sections import Entry
from terrella.segment.settings import PatchSettings

Ints = npt.NDArray[np.int64]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Patches:
    """Where each patch of an epoch lies, and how it is changed: one row per patch."""

    entry: npt.NDArray[np.int64]
    corner: npt.NDArray[np.int64]  # (patch, axis)
    flip: npt.NDArray[np.bool_]  # (patch, axis without the last)
    factor: npt.NDArray[np.float32]  # amplitude, negative where the polarity is changed
    noise: npt.NDArray[np.float32]  # standard deviation


@dataclass(frozen=True, eq=False)
class PatchSource:
    """Patches of sections at random places that change from epoch to epoch, normalised, with their labels.

    A batch holds x (patch, 1, …) and y (patch, …); what lies beyond a small section is 0 and unlabelled. The
    patches of an epoch depend on seed and epoch alone, whatever batches they are read in.
    """

    entries: Sequence[Entry]
    scales: Sequence[Floats]  # of each entry's traces
    marks: Sequence[Ints]  # (mark, axis) of each entry: some of its labelled samples
    shape: tuple[int, ...]
    per_entry: int
    changes: PatchSettings
    seed: int
    device: torch.device
    fixed: bool  # the same patches in every epoch
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.entries) * self.per_entry

    def in_epoch(self, epoch: int) -> Source:
        """Return the source of one epoch."""
        return self if self.fixed else replace(self, epoch=epoch)

    def read(self, indices: Tensor) -> Batch:
        """Return the patches of indices (n,)."""
        drawn, chosen = self.drawn, indices.cpu().numpy()
        x = np.zeros((len(chosen), *self.shape), np.float32)
        y = np.full((len(chosen), *self.shape), UNLABELLED, np.uint8)
        self.fill(x, y, chosen)
        samples, labels = torch.from_numpy(x).to(self.device), torch.from_numpy(y).to(self.device)
        return _changed(samples, labels, drawn, chosen, self._noise(drawn, chosen))

    def fill(self, x: Floats, y: Labels, chosen: Ints) -> None:
        """Write the samples and labels of patches (n,), without changes but that of their amplitude."""
        # Section by section, so that one that is made on the way is made once for neighbours in the batch.
        for at in np.argsort(self.drawn.entry[chosen], kind="stable"):
            patch = int(chosen[at])
            entry = self.entries[self.drawn.entry[patch]]
            where = self.where(patch)
            self.put(x[at], y[at], patch, entry.samples(*where), entry.labels(*where))

    def put(self, x: Floats, y: Labels, patch: int, samples: Floats, labels: Labels) -> None:
        """Write what was read of one patch where it belongs, normalised."""
        inside = tuple(slice(0, size) for size in samples.shape)
        levels = self.scales[self.drawn.entry[patch]][self.where(patch)[:-1]]
        x[inside] = normalised(samples, levels / abs(self.drawn.factor[patch]))
        y[inside] = labels

    def where(self, patch: int) -> tuple[slice, ...]:
        """Return the part of its section that a patch lies over."""
        low, whole = self.drawn.corner[patch].tolist(), self.entries[self.drawn.entry[patch]].shape
        return tuple(
            slice(a, min(a + size, end)) for a, size, end in zip(low, self.shape, whole, strict=True)
        )

    @cached_property
    def drawn(self) -> Patches:
        """All patches of the epoch."""
        return self._draw()

    def _draw(self) -> Patches:
        draw, changes, n = np.random.default_rng([self.seed, self.epoch]), self.changes, len(self)
        entry, corner = self._places(draw, n)
        axes = len(self.shape) - 1
        sign = np.where(draw.random(n) < changes.polarity, -1, 1)
        return Patches(
            entry=entry,
            corner=corner,
            flip=draw.random((n, axes)) < changes.flip,
            factor=(sign * changes.amplitude ** draw.uniform(-1, 1, n)).astype(np.float32),
            noise=draw.uniform(0, changes.noise, n).astype(np.float32),
        )

    def _places(self, draw: np.random.Generator, n: int) -> tuple[Ints, Ints]:
        """Return the entry and the corner of each patch: anywhere, or over one of an entry's labels."""
        entry = np.repeat(np.arange(len(self.entries)), self.per_entry)
        marked = np.flatnonzero([len(each) for each in self.marks])
        over = np.flatnonzero(draw.random(n) < self.changes.labelled) if len(marked) else np.zeros(0, int)
        entry[over] = draw.choice(marked, len(over)) if len(marked) else 0
        room = np.maximum(np.array([each.shape for each in self.entries])[entry] - self.shape, 0)
        corner = np.floor(draw.random(room.shape) * (room + 1)).astype(np.int64)
        for patch in over.tolist():
            mark = draw.choice(self.marks[entry[patch]])
            corner[patch] = np.clip(mark - draw.integers(0, self.shape), 0, room[patch])
        return entry, corner

    def _noise(self, drawn: Patches, chosen: npt.NDArray[np.int64]) -> Tensor | None:
        """Return the white noise of each patch, the same in whatever batch it is read."""
        if not self.changes.noise or not len(chosen):
            return None
        each = [
            np.random.default_rng([self.seed, self.epoch, patch]).standard_normal(self.shape, np.float32)
            for patch in chosen.tolist()
        ]
        return torch.from_numpy(np.stack(each)).to(self.device)


def _changed(
    samples: Tensor, labels: Tensor, drawn: Patches, chosen: npt.NDArray[np.int64], noise: Tensor | None
) -> Batch:
    """Return a batch with polarity, noise and flips applied to all its patches."""
    each = (len(chosen), *[1] * (samples.ndim - 1))
    samples = samples * torch.from_numpy(np.sign(drawn.factor[chosen])).to(samples.device).view(each)
    if noise is not None:
        deviation = torch.from_numpy(drawn.noise[chosen]).to(samples.device).view(each)
        samples = samples + deviation * noise
    for axis in range(drawn.flip.shape[1]):
        turned = torch.from_numpy(drawn.flip[chosen, axis]).to(samples.device).view(each)
        samples = torch.where(turned, samples.flip(1 + axis), samples)
        labels = torch.where(turned, labels.flip(1 + axis), labels)
    return {"x": samples[:, None], "y": labels}
