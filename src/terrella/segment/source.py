"""Patches of labelled sections, a whole batch at once, as an engine `Source`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from terrella.engine.feed import Batch
from terrella.errors import InputError
from terrella.segment.data import Entry, common_dims
from terrella.segment.labelled import LABELLED, UNLABELLED
from terrella.segment.normalise import Floats, Scale, normalised, section_scales
from terrella.segment.settings import PatchSettings

Ints = npt.NDArray[np.int64]

_READ_SAMPLES = 1 << 24  # of labels at once
_MARKS = 256  # of the labels read at once that are kept
_NOWHERE = np.zeros((0, 2), np.int64)
_LARGEST = {2: 1024, 3: 128}  # of a patch along each axis, unless the settings say otherwise
_NO_CHANGE = {"flip": 0.0, "polarity": 0.0, "amplitude": 1.0, "noise": 0.0}


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

    def in_epoch(self, epoch: int) -> "PatchSource":
        """Return the source of one epoch."""
        return self if self.fixed else replace(self, epoch=epoch)

    def read(self, indices: Tensor) -> Batch:
        """Return the patches of indices (n,)."""
        drawn, chosen = self._drawn, indices.cpu().numpy()
        x = np.zeros((len(chosen), *self.shape), np.float32)
        y = np.full((len(chosen), *self.shape), UNLABELLED, np.uint8)
        # Section by section, so that a file is read once for neighbours in the batch.
        for at in np.argsort(drawn.entry[chosen], kind="stable"):
            self._fill(x[at], y[at], drawn, int(chosen[at]))
        samples, labels = torch.from_numpy(x).to(self.device), torch.from_numpy(y).to(self.device)
        return _changed(samples, labels, drawn, chosen, self._noise(drawn, chosen))

    def _fill(self, x: Floats, y: npt.NDArray[np.uint8], drawn: Patches, patch: int) -> None:
        """Write the samples and labels of one patch."""
        entry = self.entries[drawn.entry[patch]]
        low = drawn.corner[patch].tolist()
        where = tuple(
            slice(a, min(a + size, whole))
            for a, size, whole in zip(low, self.shape, entry.shape, strict=True)
        )
        inside = tuple(slice(0, part.stop - part.start) for part in where)
        scales = self.scales[drawn.entry[patch]][where[:-1]] / abs(drawn.factor[patch])
        x[inside] = normalised(entry.samples(*where), scales)
        y[inside] = entry.labels(*where)

    @cached_property
    def _drawn(self) -> Patches:
        """Return all patches of the epoch."""
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
        if not self.changes.noise:
            return None
        each = [
            np.random.default_rng([self.seed, self.epoch, patch]).standard_normal(self.shape, np.float32)
            for patch in chosen.tolist()
        ]
        return torch.from_numpy(np.stack(each)).to(self.device)


def patch_source(
    entries: Sequence[Entry], settings: PatchSettings, scale: Scale, seed: int, device: torch.device
) -> PatchSource:
    """Return the patches to train on.

    Raises:
        InputError: where there are no sections, or the patch has another number of axes than they.
    """
    return _source(entries, settings, scale, seed, device, patch_shape(settings, entries), fixed=False)


def fixed_source(
    entries: Sequence[Entry],
    settings: PatchSettings,
    scale: Scale,
    seed: int,
    device: torch.device,
    shape: tuple[int, ...],
) -> PatchSource:
    """Return the patches to validate with: as rich in labels, unchanged, and the same in every epoch."""
    still = settings.model_copy(update=_NO_CHANGE)
    return _source(entries, still, scale, seed, device, shape, fixed=True)


def patch_shape(settings: PatchSettings, entries: Sequence[Entry]) -> tuple[int, ...]:
    """Return the size of a patch: that of the settings, or the largest section's, up to a limit.

    Raises:
        InputError: where the settings' patch has another number of axes than the sections.
    """
    dims = common_dims(entries)
    if settings.shape is None:
        sizes = np.array([entry.shape for entry in entries]).max(axis=0)
        return tuple(int(min(size, _LARGEST[dims])) for size in sizes)
    if len(settings.shape) != dims:
        raise InputError(
            f"patch.shape has {len(settings.shape)} axes, but {entries[0].name} has {dims}; give "
            f"{'inlines, crosslines and samples' if dims == 3 else 'traces and samples'}"
        )
    return settings.shape


def _source(
    entries: Sequence[Entry],
    settings: PatchSettings,
    scale: Scale,
    seed: int,
    device: torch.device,
    shape: tuple[int, ...],
    fixed: bool,
) -> PatchSource:
    scales = [section_scales(entry.samples, entry.shape, scale) for entry in entries]
    marks = [_some_labels(entry, seed) if settings.labelled else _NOWHERE for entry in entries]
    return PatchSource(entries, scales, marks, shape, settings.per_section, settings, seed, device, fixed)


def _some_labels(entry: Entry, seed: int) -> Ints:
    """Return some labelled samples of an entry, (mark, axis), whose labels are read a few traces at once."""
    rest = tuple(slice(None) for _ in entry.shape[1:])
    at_once = max(1, _READ_SAMPLES // int(np.prod(entry.shape[1:])))
    found, draw = [np.zeros((0, len(entry.shape)), np.int64)], np.random.default_rng(seed)
    for first in range(0, entry.shape[0], at_once):
        labels = entry.labels(slice(first, min(first + at_once, entry.shape[0])), *rest)
        marks = np.argwhere(labels == LABELLED)
        if len(marks) > _MARKS:
            marks = marks[np.sort(draw.choice(len(marks), _MARKS, replace=False))]
        found.append(marks + np.array([first, *[0] * (labels.ndim - 1)]))
    return np.concatenate(found)


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
