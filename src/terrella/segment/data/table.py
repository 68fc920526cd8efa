"""The user's table of sections and their labels, and the files that it names."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.encoding import decoded
from terrella.formats.sections.open import is_segy, open_section
from terrella.formats.sections.section import Floats, NoIntervalError, Section
from terrella.segment.data.labelled import LABELLED, UNLABELLED
from terrella.segment.data.pairing import laid_over

_NEEDED, _KNOWN = ("section", "labels"), ("section", "labels", "group", "split")


@dataclass(frozen=True)
class Row:
    """One section of the table."""

    section: Path
    labels: Path
    group: str | None
    split: str | None


def read_table(path: Path) -> list[Row]:
    """Return the rows of a CSV table; files are sought beside it.

    Raises:
        InputError: where it cannot be read, a column is missing or unknown, a cell empty, or a file not there.
    """
    try:
        text = decoded(path.read_bytes(), str(path)).text
    except FileNotFoundError:
        raise InputError(
            f"{path} is not there; data.sections is synthetic, or a CSV table with columns section, labels, group"
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read as a CSV table: {error}") from None
    lines = list(csv.reader(text.splitlines()))
    header = [name.strip() for name in lines[0]] if lines else []
    missing = [name for name in _NEEDED if name not in header]
    unknown = [name for name in header if name not in _KNOWN]
    if missing or unknown:
        fault = f"no column {missing[0]}" if missing else f"unknown column {unknown[0]!r}"
        raise InputError(f"{path}: {fault}; expected the columns section, labels, group and perhaps split")
    rows = [_row(fields, header, path, number) for number, fields in enumerate(lines[1:], 1) if any(fields)]
    if not rows:
        raise InputError(f"{path}: no row below the header")
    return rows


def open_pair(
    row: Row, interval_s: float | None, lines: tuple[int, int] | None = None
) -> tuple[Section, Section, list[str]]:
    """Return a section and its labels, in the section's order, opened, and what is to be known of them.

    Raises:
        InputError: where a file cannot be read or the two differ in lines, samples or shape.
    """
    section = _open(row.section, interval_s, lines)
    try:
        unit = section.unit if row.labels.suffix == ".npy" else None  # which names none
        labels = open_section(row.labels, interval_s, unit, lines if is_segy(row.labels) else None)
    except NoIntervalError:
        labels = open_section(row.labels, section.interval, unit)
    labels, notes = laid_over(labels, section)
    said = [f"{each.path}: {note}" for each in (section, labels) for note in each.notes]
    return section, labels, [*said, *notes]


def as_mask(labels: Floats, path: Path) -> npt.NDArray[np.uint8]:
    """Return labels as a mask; what is no number is not known.

    Raises:
        InputError: where a value is no label.
    """
    labels = np.where(np.isnan(labels), np.float32(UNLABELLED), labels)
    known = (labels == 0) | (labels == LABELLED) | (labels == UNLABELLED)
    if not known.all():
        at = tuple(int(each[0]) for each in np.nonzero(~known))
        raise InputError(f"{path}: label {labels[at]:g} at {at}; expected 1, 0, or 255 where it is not known")
    return labels.astype(np.uint8)


def _row(fields: Sequence[str], header: Sequence[str], path: Path, number: int) -> Row:
    where = f"{path}, row {number}"
    if len(fields) != len(header):
        raise InputError(f"{where}: {len(fields)} fields where the header has {len(header)}")
    values = {name: field.strip() for name, field in zip(header, fields, strict=True)}
    if empty := [name for name, value in values.items() if not value]:
        raise InputError(f"{where}: {empty[0]} is empty")
    files = [path.parent / values[name] for name in _NEEDED]
    for file in files:
        if not file.exists():
            raise InputError(f"{where}: {file} is not there")
    return Row(files[0], files[1], values.get("group"), values.get("split"))


def _open(path: Path, interval: float | None, lines: tuple[int, int] | None) -> Section:
    if interval is None and path.suffix == ".npy":
        raise InputError(f"{path}: an .npy file names no interval between samples; give data.interval_s")
    return open_section(path, interval, None, lines if is_segy(path) else None)
