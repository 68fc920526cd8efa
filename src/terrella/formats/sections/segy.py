"""SEG-Y files of any size as sections and volumes, a piece at a time."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.records.past_cache import read_bytes
from terrella.formats.sections.places import Places
from terrella.formats.sections.section import Corner, NoIntervalError, Section, Unit, checked_interval
from terrella.formats.sections.segy_floats import code_note
from terrella.formats.sections.segy_geometry import LinePlaces, read_geometry
from terrella.formats.sections.segy_layout import TEXT, Layout, read_layout
from terrella.formats.sections.segy_scan import Scan
from terrella.formats.sections.segy_values import FORMATS, numbers

_AT_ONCE = 16 << 20  # bytes
_DEPTH = re.compile(r"\bdepth\b|\bpsdm\b", re.IGNORECASE)
_OTHER_DEPTH = re.compile(
    r"\b(water|source|gun|shot|cable|streamer|receivers?|hydrophones?|charge|tow|hole|casing|time)\b",
    re.IGNORECASE,
)
_TENTHS = 1e-7  # s of a delay
_SHORT_US, _THIN = 16.0, 100.0  # below which an interval may be meant in ms, or in m or ft


def open_segy(
    path: Path, interval: float | None = None, unit: Unit | None = None, lines: LinePlaces | None = None
) -> Section:
    """Return a SEG-Y file as a section (trace, sample), or a volume (inline, crossline, sample) on a regular grid.

    A volume may miss traces, which then read as NaN, or 0 where no NaN is wanted.

    Args:
        interval: between samples, in s or m, in place of what the headers say.
        unit: of the vertical axis, s unless said: SEG-Y has no word for it.
        lines: where inline and crossline numbers lie in the trace headers, in place of the usual bytes.

    Raises:
        InputError: where the format code is none that is read, the size fits no whole number of traces, headers
            contradict each other, delays differ, or several traces lie at one place of a volume.
    """
    layout, text = read_layout(path), text_header(path)
    geometry = read_geometry(path, layout, lines)
    places, found = geometry.places, geometry.found
    if interval is None:
        interval = _interval(path, layout, found, unit or "s")
    notes = [*geometry.notes, *_axis_notes(layout, found, text, unit)]
    if (against := code_note(path, layout)) is not None:
        notes.append(against)
    about = {
        "format": f"SEG-Y, {layout.format_name}" + (", little-endian" if layout.little_endian else ""),
        "geometry": geometry.words,
        "text header": "; ".join(" ".join(line[3:].split()) for line in text[:3] if line[3:].strip())[:200],
    }
    return Section(
        path, (*places.shape, layout.n_samples), checked_interval(interval, path), unit or "s", geometry.spacing_m,
        about, SegySamples(path, layout, places, header_interval(layout, found)),
        places if places.n_missing else None,
        start=None if unit == "m" else _start_s(path, found), lines=geometry.lines, notes=tuple(notes),
    )  # fmt: skip


@dataclass(frozen=True)
class SegySamples:
    """Samples of a SEG-Y file; each read opens the file, so that it can be sent to other processes."""

    path: Path
    layout: Layout
    places: Places
    interval_us: float | None = None  # that the headers agree on

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another; those of missing traces are NaN."""
        size = tuple(b - a for a, b in zip(low, high, strict=True))
        held = np.dtype(FORMATS[self.layout.code].held)
        out = np.empty(size, np.float64 if self.places.n_missing and held.kind != "f" else held)
        if self.places.n_missing:
            out.fill(np.nan)
        try:
            with self.path.open("rb", buffering=0) as file:
                for first, where in self.places.runs(low[:-1], high[:-1]):
                    self._run(file.fileno(), first, (low[-1], high[-1]), out[where])
        except OSError as error:
            raise InputError(f"{self.path} cannot be read ({error.strerror or error})") from error
        return out

    def _run(self, file: int, first: int, span: tuple[int, int], out: npt.NDArray[Any]) -> None:
        """Fill `out` (trace, sample) with traces that follow each other."""
        layout, (begin, end) = self.layout, span
        start, size = layout.first_byte + first * layout.trace_bytes, layout.size
        if 4 * (end - begin) < layout.n_samples:
            # A short stretch of long traces: less is read one by one.
            raw = np.empty((len(out), (end - begin) * size), np.uint8)
            self._fill(file, start + layout.header_bytes + begin * size, raw, first)
            out[:] = numbers(raw, layout.code, layout.little_endian)
            return
        each, part = max(1, _AT_ONCE // layout.trace_bytes), slice(begin * size, end * size)
        for i in range(0, len(out), each):
            raw = np.empty((min(each, len(out) - i), layout.trace_bytes), np.uint8)
            self._fill(file, start + i * layout.trace_bytes, raw, first + i)
            samples = raw[:, layout.header_bytes :][:, part]
            out[i : i + len(raw)] = numbers(samples, layout.code, layout.little_endian)

    def _fill(self, file: int, at: int, out: npt.NDArray[np.uint8], trace: int) -> None:
        """Fill `out` (trace, byte) with as many bytes of each trace, or with whole traces in one read."""
        if out.shape[1] == self.layout.trace_bytes:
            pieces = [(at, out.reshape(-1))]
        else:
            pieces = [(at + i * self.layout.trace_bytes, row) for i, row in enumerate(out)]
            if hasattr(os, "posix_fadvise"):  # so that the disk fetches them together: four times as fast
                for place, row in pieces:
                    os.posix_fadvise(file, place, len(row), os.POSIX_FADV_WILLNEED)
        try:
            for place, piece in pieces:
                read_bytes(file, place, piece)
        except EOFError:
            raise InputError(
                f"{self.path} became shorter while it was read, from trace {trace + 1:,} on"
            ) from None


def text_header(path: Path) -> list[str]:
    """Return the 40 lines of the text header, of EBCDIC or ASCII, without what is no printable character."""
    with path.open("rb") as file:
        raw = file.read(TEXT)
    lines = raw[::80]
    text = raw.decode("cp037" if lines.count(b"\xc3") > lines.count(b"C") else "latin-1")
    clean = "".join(each if each.isprintable() else " " for each in text)
    return [clean[at : at + 80] for at in range(0, TEXT, 80)]


def header_interval(layout: Layout, found: Scan) -> float | None:
    """Return the interval that binary and trace headers agree on, in microseconds; None where there is none."""
    general, own = layout.interval_us, list(found.intervals_us.first)
    if len(own) > 1 or (own and general and round(general) != own[0]):
        return None
    return general or (float(own[0]) if own else None)


def _interval(path: Path, layout: Layout, found: Scan, unit: Unit) -> float:
    """Return the interval that headers agree on, in s or m."""
    general, own = layout.interval_us, found.intervals_us
    if (interval := header_interval(layout, found)) is not None:
        if unit == "s":
            return interval * 1e-6
        if interval < _THIN:
            raise InputError(
                f"{path}: the interval between samples is {interval:g} in the headers, which may be a length or, "
                "as is usual, thousandths of it; say which with --interval METRES"
            )
        return interval * 1e-3 * (layout.length_m or 1.0)
    if len(own.first) > 1:
        raise InputError(
            f"{path}: the interval between samples is {own.words(' µs')}; traces of one interval are read: split "
            "the file, or say --interval where the headers are wrong"
        )
    if own.first:
        raise InputError(
            f"{path}: the interval between samples is {general:,g} µs in the binary header and {own.words(' µs')}; "
            "say which with --interval SECONDS"
        )
    raise NoIntervalError(
        f"{path}: no header names the interval between samples; say it with --interval SECONDS"
    )


def _start_s(path: Path, found: Scan) -> float:
    """Return the time of the first sample, the delay of recording."""
    delays = found.delays.first
    if len(delays) > 1:
        some = list(delays.items())[:3]
        shown = ", ".join(f"{value / 10_000:,g} ms in trace {trace:,}" for value, trace in some)
        raise InputError(
            f"{path}: traces begin at different times (delay of recording, bytes 109-110): {shown}; shift them to "
            "one time and write that"
        )
    return next(iter(delays), 0) * _TENTHS


def _axis_notes(layout: Layout, found: Scan, text: list[str], unit: Unit | None) -> list[str]:
    """Say what headers leave open about the vertical axis."""
    notes = []
    if layout.n_samples <= 0xFFFF and set(found.counts.first) - {0, layout.n_samples}:
        own = next(iter(found.counts.first))
        notes.append(
            f"trace headers say {own:,} samples (bytes 115-116), the binary header {layout.n_samples:,}, which "
            "alone fits the file's size"
        )
    if len(found.intervals_us.first) > 1 or (header_interval(layout, found) is None and layout.interval_us):
        notes.append(
            f"headers contradict the interval that was said: {layout.interval_us:,g} µs in the binary header, "
            f"{found.intervals_us.words(' µs')}"
        )
    if unit == "m":
        if layout.length_m is None:
            notes.append("no system of measurement is given (bytes 3255-3256): depths are taken as metres")
        if any(found.delays.first):
            notes.append("delays of recording (bytes 109-110) are left aside: they are no depth")
        return notes
    if 0 < (header_interval(layout, found) or 0) < _SHORT_US:
        notes.append(
            f"headers say {header_interval(layout, found):g} µs between samples; if milliseconds are meant, say so "
            "with --interval"
        )
    deep = [line[3:] for line in text if _DEPTH.search(line) and not _OTHER_DEPTH.search(line)]
    if unit is None and deep:
        notes.append(
            f"the text header speaks of depth ({' '.join(deep[0].split())[:60]!r}), but SEG-Y has no word for the "
            "vertical axis: it is taken as time; say --unit m if it is a depth"
        )
    return notes
