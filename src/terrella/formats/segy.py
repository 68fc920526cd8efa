"""SEG-Y files of any size as sections and volumes: headers by segyio, samples a piece at a time."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.section import Corner, Section, Unit, checked_interval
from terrella.formats.segy_geometry import other_interval, read_geometry, segyio_module
from terrella.formats.segy_layout import TEXT, TRACE, Layout, native, read_layout

_AT_ONCE = 16 << 20  # bytes
_DEPTH = re.compile(
    r"\bdepth\s*min\b|\bdomain\s*:?\s*depth\b|\bvertical (axis|domain)\s*:?\s*depth\b", re.IGNORECASE
)


def open_segy(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return a SEG-Y file as a section (trace, sample), or a volume (inline, crossline, sample) on a regular grid.

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
    shape = (*geometry.shape, layout.n_samples)
    about = {
        "format": f"SEG-Y, {layout.format_name}" + (", little-endian" if layout.little_endian else ""),
        "geometry": geometry.words,
        "text header": "; ".join(" ".join(line[3:].split()) for line in text[:3] if line[3:].strip())[:200],
    }
    return Section(
        path, shape, checked_interval(interval, path), unit, geometry.spacing_m, about,
        SegySamples(path, layout, geometry.strides),
    )  # fmt: skip


@dataclass(frozen=True)
class SegySamples:
    """Samples of a SEG-Y file; each read opens the file, so that it can be sent to other processes."""

    path: Path
    layout: Layout
    strides: tuple[int, ...]  # traces between neighbours along each axis but the last

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        size = tuple(b - a for a, b in zip(low, high, strict=True))
        out = np.empty(size, np.float32)
        try:
            with self.path.open("rb", buffering=0) as file:
                if len(size) == 2:
                    self._run(file.fileno(), low[0], (low[1], high[1]), out)
                elif self.strides[-1] == 1:
                    for i in range(size[0]):
                        first = (low[0] + i) * self.strides[0] + low[1]
                        self._run(file.fileno(), first, (low[2], high[2]), out[i])
                else:
                    for j in range(size[1]):
                        first = low[0] + (low[1] + j) * self.strides[1]
                        self._run(file.fileno(), first, (low[2], high[2]), out[:, j])
        except OSError as error:
            raise InputError(f"{self.path} cannot be read ({error.strerror or error})") from error
        return out

    def _run(self, file: int, first: int, span: tuple[int, int], out: npt.NDArray[np.float32]) -> None:
        """Fill `out` (trace, sample) with traces that follow each other."""
        layout, (begin, end) = self.layout, span
        if 4 * (end - begin) < layout.n_samples:
            # A short stretch of long traces: less is read one by one.
            for i in range(len(out)):
                at = (
                    layout.first_byte
                    + (first + i) * layout.trace_bytes
                    + TRACE
                    + begin * layout.dtype.itemsize
                )
                out[i] = self._numbers(file, at, (end - begin) * layout.dtype.itemsize, first + i)
            return
        each = max(1, _AT_ONCE // layout.trace_bytes)
        for i in range(0, len(out), each):
            n = min(each, len(out) - i)
            raw = self._bytes(
                file, layout.first_byte + (first + i) * layout.trace_bytes, n * layout.trace_bytes, first
            )
            traces = np.frombuffer(raw, np.uint8).reshape(n, layout.trace_bytes)[:, TRACE:]
            part = np.ascontiguousarray(traces).view(layout.dtype)[:, begin:end]
            out[i : i + n] = native(part, layout)

    def _numbers(self, file: int, at: int, n_bytes: int, trace: int) -> npt.NDArray[Any]:
        raw = np.frombuffer(self._bytes(file, at, n_bytes, trace), self.layout.dtype)
        return native(raw, self.layout)

    def _bytes(self, file: int, at: int, n_bytes: int, trace: int) -> bytes:
        raw = os.pread(file, n_bytes, at)
        while len(raw) < n_bytes:  # the kernel gives at most 2 GB, and nothing at the end
            more = os.pread(file, n_bytes - len(raw), at + len(raw))
            if not more:
                raise InputError(f"{self.path} became shorter while it was read, from trace {trace + 1:,} on")
            raw += more
        return raw


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
