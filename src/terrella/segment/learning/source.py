"""Patches of labelled sections to train on and to validate with, as engine `Source`s."""

from collections.abc import Sequence

import numpy as np
import torch

from terrella.errors import InputError
from terrella.segment.data.labelled import LABELLED
from terrella.segment.data.normalise import Scale, section_scales
from terrella.segment.data.sections import Entry, common_dims
from terrella.segment.learning.file_patches import FilePatches
from terrella.segment.learning.patches import Ints, PatchSource
from terrella.segment.settings import PatchSettings

__all__ = ["PatchSource", "fixed_source", "patch_shape", "patch_source"]

_READ_SAMPLES = 1 << 24  # of labels at once
_MARKS = 256  # of the labels read at once that are kept
_NOWHERE = np.zeros((0, 2), np.int64)
_LARGEST = {2: 1024, 3: 128}  # of a patch along each axis, unless the settings say otherwise
_NO_CHANGE = {"flip": 0.0, "polarity": 0.0, "amplitude": 1.0, "noise": 0.0}


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
    made = FilePatches if all(entry.of_file for entry in entries) else PatchSource
    return made(entries, scales, marks, shape, settings.per_section, settings, seed, device, fixed)


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
