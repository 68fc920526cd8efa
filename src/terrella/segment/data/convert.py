"""`terrella segment data`: a section of any size becomes zarr, shard by shard; a kill loses one shard at most."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terrella.engine.journal import Journal, alone, room_needed, source_state
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import recover_folder, swap_folder
from terrella.formats.sections.open import open_section
from terrella.formats.sections.section import Section, Unit, as_float32
from terrella.formats.sections.segy import SegySamples
from terrella.formats.sections.segy_write import segy_headers
from terrella.formats.sections.zarr_sections import (
    Box,
    Cut,
    add_headers,
    create_section,
    cut,
    is_own,
    remove_partial,
    section_attributes,
    write_box,
    zarr_module,
)
from terrella.segment.data.unnumbered import rounded, unnumbered, unnumbered_lines


def convert(
    source: Path,
    output: Path,
    report: Report,
    chunk: Sequence[int] | None = None,
    interval: float | None = None,
    unit: Unit | None = None,
    lines: tuple[int, int] | None = None,
) -> list[str]:
    """Write SEG-Y, DAS, .npy or NetCDF as zarr; return lines on what was found.

    The output gets its name when it is whole. Stopped at any moment and called again, it goes on; where the source
    changed meanwhile, it begins anew.

    Raises
    ------
    InputError
        Where the source cannot be read, changes underneath, or the output is something else.
    TerrellaError
        Where the disk is full; what is written stays.
    """
    zarr_module()
    if output.suffix != ".zarr":
        raise InputError(f"{output}: the output is a folder whose name ends in .zarr")
    section = open_section(source, interval, unit, lines)
    chosen = cut(section.shape, chunk)
    state = source_state(source)
    work = {
        "from": state,
        "interval": section.interval,
        "unit": section.unit,
        "chunk": chosen.chunk,
        "lines": lines,
    }
    if output.exists() and not is_own(output):
        raise InputError(f"{output} exists and is no section written here; choose another name")
    journal = Journal(output.with_name(f".{output.name}.journal"), work)
    part = output.with_name(f".{output.name}.part")
    with alone(output):
        recover_folder(output)
        if is_own(output) and section_attributes(output).get("made_from") == journal.work:
            journal.end()
            return [*_lines(section), f"{output} holds it already"]
        if not (part.is_dir() and journal.resume()):
            _begin(part, journal, section, chosen)
        _write(part, journal, section, chosen, report)
        if source_state(source) != state:
            raise InputError(f"{source} changed while it was read; type the same command again to begin anew")
        with room_needed(output):
            swap_folder(part, output)
        journal.end()
    return [*_lines(section), *_found_lines(journal.found.values()), f"written: {output}"]


def _begin(part: Path, journal: Journal, section: Section, chosen: Cut) -> None:
    """Begin anew with an empty output."""
    journal.end()
    shutil.rmtree(part, ignore_errors=True)
    with room_needed(part):
        create_section(part, section, chosen, journal.work)
        if isinstance(section.samples, SegySamples):
            add_headers(part, segy_headers(section))
        journal.begin()


def _write(part: Path, journal: Journal, section: Section, chosen: Cut, report: Report) -> None:
    """Write the shards that the journal does not have."""
    boxes = chosen.shards()
    if journal.found:
        remove_partial(part)
        done = f"{len(journal.found):,} of {len(boxes):,} shards are written already"
        report({"kind": "message", "message": done})
    for number, where in enumerate(boxes):
        if number in journal.found:
            continue
        values, found = _checked(section, where)
        with room_needed(part):
            write_box(part, where, values)
            journal.add(number, found)
        note = f"{where[0].stop:,} of {section.shape[0]:,} {'traces' if len(where) == 2 else 'inlines'}"
        report(
            {"kind": "progress", "stage": "convert", "done": number + 1, "total": len(boxes), "note": note}
        )


def _checked(section: Section, where: Box) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
    """Return a box without what is no number, missing traces as NaN, and what was found in it."""
    exact, absent = section.read_exactly(*where), section.absent(*where)
    values = as_float32(exact)
    found = unnumbered(values, where, section.shape, absent) | rounded(exact)
    values = np.where(np.isfinite(values), values, np.float32(0))
    held = values if absent is None else values[~absent]
    found |= {
        "least": float(held.min(initial=np.inf)), "largest": float(held.max(initial=-np.inf)),
        "squares": float(np.square(held, dtype=np.float64).sum()), "samples": held.size,
    }  # fmt: skip
    if absent is not None:
        values[absent] = np.nan
    return values, found


def _lines(section: Section) -> list[str]:
    """Return what the headers say."""
    axes = ("inlines", "crosslines", "samples") if len(section.shape) == 3 else ("traces", "samples")
    size = " × ".join(f"{n:,} {name}" for n, name in zip(section.shape, axes, strict=True))
    apart = "" if section.spacing_m is None else f", {section.spacing_m:.4g} m apart"
    first = f"{section.path}: {size}, every {section.interval:g} {section.unit}{apart}"
    start = f", from {section.top:g} {section.unit} on" if section.top else ""
    about = (f"{key}: {value}" for key, value in section.about.items())
    return [first + start, *about, *(f"note: {each}" for each in section.notes)]


def _found_lines(found: Iterable[dict[str, Any]]) -> list[str]:
    held = list(found)
    rms = (sum(each["squares"] for each in held) / sum(each["samples"] for each in held)) ** 0.5
    least, largest = min(each["least"] for each in held), max(each["largest"] for each in held)
    return [
        *unnumbered_lines(held),
        f"amplitudes from {least:.4g} to {largest:.4g}, root mean square {rms:.4g}",
    ]
