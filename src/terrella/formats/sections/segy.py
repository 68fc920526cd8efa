"""SEG-Y files of any size as sections and volumes: headers by segyio, samples a piece at a time."""

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
from terrella.formats.sections.section import Corner, Section, Unit, checked_interval
from terrella.formats.sections.segy_geometry import other_interval, read_geometry, segyio_module
from terrella.formats.sections.segy_layout import TEXT, TRACE, Layout, native, read_layout

_AT_ONCE = 16 << 20  # bytes
_DEPTH = re.compile(
    r"\bdepth\s*min\b|\bdomain\s*:?\s*depth\b|\bvertical (axis|domain)\s*:?\s*depth\b", re.IGNORECASE
)


def open_segy(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return a SEG-Y file as a section (trace, sample), or a volume (inline, crossline, sample) on a regular grid.

    A volume may miss traces, which then read as NaN, or 0 where no NaN is wanted.

    Args:
        interval: between samples, in s or m, in place of what the headers say.
        unit: of the vertical axis; by default m where the text header says that it is a depth, else s.

    Raises:
        InputError: where segyio is not installed, the format code is none that is read, the size fits no whole
            number of traces, or headers contradict each other on the interval.
    """
    segyio_module()
    layout = read_layout(path)
    text = text_header(path)
    unit = unit or ("m" if _DEPTH.search("\n".join(text)) else "s")
    if interval is None:
        interval = _interval(path, layout) * (1e-6 if unit == "s" else 1e-3)
    geometry = read_geometry(path, layout)
    shape = (*geometry.places.shape, layout.n_samples)
    about = {
        "format": f"SEG-Y, {layout.format_name}" + (", little-endian" if layout.little_endian else ""),
        "geometry": geometry.words,
        "text header": "; ".join(" ".join(line[3:].split()) for line in text[:3] if line[3:].strip())[:200],
    }
    return Section(
        path, shape, checked_interval(interval, path), unit, geometry.spacing_m, about,
        SegySamples(path, layout, geometry.places), geometry.places if geometry.places.n_missing else None,
    )  # fmt: skip


@dataclass(frozen=True)
class SegySamples:
    """Samples of a SEG-Y file; each read opens the file, so that it can be sent to other processes."""

    path: Path
    layout: Layout
    places: Places

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another; those of missing traces are NaN."""
        size = tuple(b - a for a, b in zip(low, high, strict=True))
        out = np.empty(size, np.float32)
        if self.places.n_missing:
            out.fill(np.nan)
        try:
            with self.path.open("rb", buffering=0) as file:
                for first, where in self.places.runs(low[:-1], high[:-1]):
                    self._run(file.fileno(), first, (low[-1], high[-1]), out[where])
        except OSError as error:
            raise InputError(f"{self.path} cannot be read ({error.strerror or error})") from error
        return out

    def _run(self, file: int, first: int, span: tuple[int, int], out: npt.NDArray[np.float32]) -> None:
        """Fill `out` (trace, sample) with traces that follow each other."""
        layout, (begin, end) = self.layout, span
        start, size = layout.first_byte + first * layout.trace_bytes, layout.dtype.itemsize
        if 4 * (end - begin) < layout.n_samples:
            # A short stretch of long traces: less is read one by one.
            raw = np.empty((len(out), (end - begin) * size), np.uint8)
            self._fill(file, start + TRACE + begin * size, raw, first)
            out[:] = native(raw.view(layout.dtype), layout)
            return
        each = max(1, _AT_ONCE // layout.trace_bytes)
        for i in range(0, len(out), each):
            raw = np.empty((min(each, len(out) - i), layout.trace_bytes), np.uint8)
            self._fill(file, start + i * layout.trace_bytes, raw, first + i)
            samples = raw.view(layout.row)["samples"][:, 0]
            out[i : i + len(raw)] = native(samples[:, begin:end], layout)

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


def _interval(path: Path, layout: Layout) -> float:
    """Return the interval that binary and trace headers agree on, in microseconds."""
    general, own = layout.interval_us, layout.trace_interval_us
    remedy = "say which with --interval SECONDS"
    if general and own and round(general) != own:
        raise InputError(
            f"{path}: the interval between samples is {general:,g} µs in the binary header and {own:,g} µs in that "
            f"of the first trace; {remedy}"
        )
    if not (general or own):
        raise InputError(
            f"{path}: no header names the interval between samples; {remedy.replace('which', 'it')}"
        )
    if odd := other_interval(path, layout):
        raise InputError(
            f"{path}: the interval between samples is {own:,g} µs in trace 1 and {odd[1]:,} µs in trace "
            f"{odd[0]:,}; traces of one interval are read"
        )
    return general or own
