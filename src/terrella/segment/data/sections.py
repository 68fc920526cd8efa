"""Labelled sections, split by group: made on the way or the user's files, held or read as they are asked for."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.errors import InputError
from terrella.formats.sections.open import line_bytes
from terrella.formats.sections.section import Section
from terrella.segment.data.labelled import UNLABELLED, LabelledSection
from terrella.segment.data.normalise import Floats
from terrella.segment.data.onsets import arrivals_of_mask
from terrella.segment.data.split import check_splits, split_sections
from terrella.segment.data.table import Row, as_mask, open_pair, read_table
from terrella.segment.settings import DataSettings

if TYPE_CHECKING:
    from terrella.segment.synthetic.real_noise import RealNoise

SYNTHETIC = "synthetic"

_Mask = npt.NDArray[np.uint8]
_AT_HAND = 4  # whole sections kept where not all are
_SEEDS_APART = 1_000_003  # between the surveys of two seeds


@dataclass(frozen=True, eq=False)
class Entry:
    """A labelled section: as a whole, or samples and labels of one slice per axis."""

    name: str
    group: str
    split: str
    shape: tuple[int, ...]
    load: Callable[[], LabelledSection]
    samples: Callable[..., Floats]
    labels: Callable[..., _Mask]
    of_file: bool = False  # the user's, not made on the way
    held: bool = True  # read once and kept, or read as it is asked for


def open_sections(settings: DataSettings, report: Report | None = None) -> list[Entry]:
    """Return all labelled sections of the settings with their splits; what is to be known of them is reported.

    Raises:
        InputError: where the table or a file is at fault, or the split would part a group.
    """
    if settings.sections == SYNTHETIC:
        return _synthetic(settings)
    return _files(settings, Path(settings.sections), report)


def of_split(entries: Sequence[Entry], split: str) -> list[Entry]:
    """Return the sections of a split."""
    return [entry for entry in entries if entry.split == split]


def common_dims(entries: Sequence[Entry]) -> int:
    """Return the number of axes of all sections.

    Raises:
        InputError: where sections and volumes are mixed.
    """
    dims = {len(entry.shape) for entry in entries}
    if len(dims) != 1 or not dims <= {2, 3}:
        raise InputError(
            f"{entries[0].name} and others have {sorted(dims)} axes; give sections (trace, sample), or volumes "
            "(inline, crossline, sample), not both"
        )
    return dims.pop()


def data_mark(entries: Sequence[Entry]) -> str:
    """Return a fingerprint of all sections: names, groups, splits, shapes, and their first and last traces."""
    parts: list[Any] = []
    for entry in entries:
        parts.append([entry.name, entry.group, entry.split, list(entry.shape)])
        rest = (*(slice(0, 1) for _ in entry.shape[1:-1]), slice(None))
        for at in sorted({0, entry.shape[0] // 2, entry.shape[0] - 1}):
            where = (slice(at, at + 1), *rest)
            parts += [entry.samples(*where).tobytes(), entry.labels(*where).tobytes()]
    return fingerprint(*parts)


def _synthetic(settings: DataSettings) -> list[Entry]:
    names = [(survey, number) for survey in range(settings.surveys) for number in range(settings.per_survey)]
    groups = [f"survey {survey}" for survey, _ in names]
    splits = split_sections(groups, settings.split, settings.shares, settings.seed, "synthetic surveys")
    held = _fit([settings.shape] * len(names), settings)
    make = lru_cache(None if held else _AT_HAND)(
        partial(_make, settings.seed, settings.shape, settings.noise)
    )
    entries = []
    for (survey, number), group, split in zip(names, groups, splits, strict=True):
        load = partial(make, survey, number)
        entries.append(_whole(f"{group}, section {number}", group, split, settings.shape, load))
    return entries


def _make(seed: int, shape: tuple[int, int], noise: str | None, survey: int, number: int) -> LabelledSection:
    from terrella.segment.synthetic.section import make_section
    from terrella.segment.synthetic.survey import make_survey

    real = _noise(noise) if noise is not None and number % 2 else None
    return make_section(make_survey(seed * _SEEDS_APART + survey), number, shape, real=real)


@lru_cache(1)
def _noise(folder: str) -> "RealNoise":
    from terrella.formats.sections.open import open_section
    from terrella.segment.synthetic.real_noise import find_records, load_noise

    records = find_records(Path(folder))
    if not records:
        raise InputError(f"--data.noise {folder}: no records in HDF5 there (those of events are left out)")
    return load_noise([open_section(path) for path in records])


def _files(settings: DataSettings, path: Path, report: Report | None) -> list[Entry]:
    rows = read_table(path)
    groups = [row.group for row in rows]
    if rows[0].split is not None:
        splits = [row.split or "" for row in rows]
        check_splits(splits, groups, str(path))
    else:
        splits = split_sections(groups, settings.split, settings.shares, settings.seed, str(path))
    lines = line_bytes(settings.inline_byte, settings.crossline_byte)
    pairs = [open_pair(row, settings.interval_s, lines) for row in rows]
    if report is not None:
        for note in dict.fromkeys(note for *_, notes in pairs for note in notes):
            report({"kind": "message", "message": note})
    held = _fit([section.shape for section, *_ in pairs], settings)
    entries = []
    for row, split, (section, labels, _) in zip(rows, splits, pairs, strict=True):
        name, group = row.section.name, row.group or row.section.name
        load = partial(_read_whole, row, group, section, labels, settings)
        if held:
            whole = _whole(name, group, split, section.shape, lru_cache(1)(load))
            entries.append(replace(whole, of_file=True))
        else:
            mask = partial(_read_mask, section, labels)
            entries.append(
                Entry(name, group, split, section.shape, load, section.read, mask, of_file=True, held=False)
            )
    return entries


def _fit(shapes: Sequence[tuple[int, ...]], settings: DataSettings) -> bool:
    """Return whether all sections, in float32 with a label each, may be held in memory."""
    return sum(5e-6 * math.prod(shape) for shape in shapes) <= settings.hold_mb


def _whole(
    name: str, group: str, split: str, shape: tuple[int, ...], load: Callable[[], LabelledSection]
) -> Entry:
    """Return the entry of a section whose pieces are cut from the whole."""
    return Entry(name, group, split, shape, load, partial(_cut, load, "samples"), partial(_cut, load, "mask"))


def _cut(load: Callable[[], LabelledSection], field: str, *where: slice) -> Any:
    return getattr(load(), field)[where]


def _read_mask(section: Section, labels: Section, *where: slice) -> _Mask:
    """Return the labels of a box; missing traces have none."""
    mask = as_mask(labels.read_as_stored(*where), labels.path)
    if (absent := section.absent(*where)) is not None:
        mask[absent] = UNLABELLED
    return mask


def _read_whole(
    row: Row, group: str, section: Section, labels: Section, settings: DataSettings
) -> LabelledSection:
    everything = tuple(slice(0, size) for size in section.shape)
    spacing_m = section.spacing_m or settings.spacing_m or math.nan
    read = LabelledSection(
        section.read(*everything),
        _read_mask(section, labels, *everything),
        section.interval,
        spacing_m,
        None,
        group,
    )
    onsets = settings.onsets and len(section.shape) == 2 and section.unit == "s"
    return replace(read, arrivals=arrivals_of_mask(read)) if onsets else read
