"""SEG-Y files in the geometry of another: its headers, and other samples."""

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isclose, prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError, TerrellaError
from terrella.files import replace_file
from terrella.formats.sections.places import Places
from terrella.formats.sections.section import Section
from terrella.formats.sections.segy import SegySamples
from terrella.formats.sections.segy_layout import TEXT, TRACE, read_headers
from terrella.formats.sections.segy_values import IEEE

Bytes = npt.NDArray[np.uint8]
_TRACES_AT_ONCE = 256
_SAMPLES_AT_ONCE = 1 << 16
_FORMAT, _SAMPLES, _INTERVAL, _EXACT, _REVISION, _TRAILER = (TEXT + at for at in (24, 20, 16, 72, 300, 328))
_OF_TRACE = {"samples": 114, "interval": 116}
_MOST = 0xFFFF  # samples, and microseconds, that a trace header can name


@dataclass(frozen=True)
class SegyHeaders:
    """All of a SEG-Y file that is not samples."""

    opening: bytes  # text, binary and extended text headers
    little_endian: bool
    shape: tuple[int, ...]  # of the section, with samples
    places: Places  # of the file's traces in the section
    read: Callable[[int, int], Bytes]  # headers (trace, byte) from one trace of the file up to another
    header_bytes: int = TRACE  # of a trace
    interval: float | None = None  # that the headers agree on, in the section's unit
    per_unit: float = 1e6  # how headers count it: microseconds of a second, or thousandths of a length

    @property
    def n_traces(self) -> int:
        """In the file."""
        return self.places.n_traces


def segy_headers(section: Section) -> SegyHeaders:
    """Return the headers of an open SEG-Y file.

    Raises
    ------
    InputError
        Where it is no SEG-Y.
    """
    samples = section.samples
    if not isinstance(samples, SegySamples):
        raise InputError(f"{section.path} has no SEG-Y headers to copy; write .zarr instead")
    layout = samples.layout
    with section.path.open("rb") as file:
        opening = file.read(layout.first_byte)

    def read(first: int, end: int) -> Bytes:
        with section.path.open("rb", buffering=0) as file:
            try:
                return read_headers(file.fileno(), layout, range(first, end))
            except EOFError:
                raise InputError(f"{section.path} became shorter while its headers were read") from None

    per_unit = 1e6 if section.unit == "s" else 1e3 / (layout.length_m or 1.0)
    stated = None if samples.interval_us is None else samples.interval_us / per_unit
    return SegyHeaders(
        opening,
        layout.little_endian,
        section.shape,
        samples.places,
        read,
        layout.header_bytes,
        stated,
        per_unit,
    )


def write_segy(path: Path, headers: SegyHeaders, section: Section) -> None:
    """Write a section's samples as IEEE floats (format 5) under the headers of a file of the same shape.

    Headers name the section's interval. A few traces are held at once. The file gets its name when it is whole.

    Raises
    ------
    InputError
        Where the shapes differ, or headers cannot name the interval.
    TerrellaError
        Where it cannot be written.
    """
    if tuple(section.shape) != tuple(headers.shape):
        raise InputError(
            f"{section.path} has the shape {section.shape}; the SEG-Y headers are for {headers.shape}"
        )
    interval = new_interval(headers, section.interval, path)
    replace_file(path, lambda temporary: _write(temporary, headers, section, interval))


def new_interval(headers: SegyHeaders, interval: float, path: Path) -> float | None:
    """Return the interval as headers are to name it; None where they do so already.

    Raises
    ------
    InputError
        Where they cannot.
    """
    if headers.interval is not None and isclose(headers.interval, interval, rel_tol=1e-6):
        return None
    number = round(interval * headers.per_unit, 6)
    if (not number.is_integer() or number > _MOST) and headers.opening[_REVISION] < 2:
        raise InputError(
            f"{path}: an interval of {interval:g} is {number:,g} in the units of SEG-Y's headers, which take whole "
            f"numbers up to {_MOST:,}; name the output .zarr"
        )
    return number


def _write(path: Path, headers: SegyHeaders, section: Section, interval: float | None) -> None:
    n_samples = headers.shape[-1]
    number = np.dtype("<f4" if headers.little_endian else ">f4")
    row = np.dtype([("header", "u1", headers.header_bytes), ("samples", number, n_samples)])
    opening = _opening(headers, interval)
    with path.open("wb", buffering=0) as file:
        _whole(file.fileno(), opening, 0)
        for first, where in _boxes(headers.places):
            n = prod(each.stop - each.start for each in where)
            rows = np.empty(n, row) if n_samples <= _SAMPLES_AT_ONCE else None
            traces = _traces(headers, first, n, interval)
            at = len(opening) + first * row.itemsize
            if rows is not None:
                rows["header"] = traces
                rows["samples"] = section.read(*where, slice(None)).reshape(n, n_samples)
                _whole(file.fileno(), rows.tobytes(), at)
                continue
            for i in range(n):
                _whole(file.fileno(), traces[i].tobytes(), at + i * row.itemsize)
            for begin in range(0, n_samples, _SAMPLES_AT_ONCE):
                part = (
                    section.read(*where, slice(begin, begin + _SAMPLES_AT_ONCE)).reshape(n, -1).astype(number)
                )
                for i in range(n):
                    _whole(
                        file.fileno(),
                        part[i].tobytes(),
                        at + i * row.itemsize + headers.header_bytes + begin * 4,
                    )


def _boxes(places: Places) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """Yield the first trace of the file, and the place in the section, of a few traces that follow each other."""
    for first, run in places.runs((0,) * len(places.shape), places.shape):
        whole = next(each for each in run if isinstance(each, slice))
        for begin in range(whole.start, whole.stop, _TRACES_AT_ONCE):
            part = slice(begin, min(begin + _TRACES_AT_ONCE, whole.stop))
            where = (part if isinstance(each, slice) else slice(each, each + 1) for each in run)
            yield first + begin - whole.start, tuple(where)


def _opening(headers: SegyHeaders, interval: float | None) -> bytes:
    order = "<" if headers.little_endian else ">"
    out = bytearray(headers.opening)
    struct.pack_into(order + "H", out, _FORMAT, IEEE)
    if headers.shape[-1] <= _MOST:
        struct.pack_into(order + "H", out, _SAMPLES, headers.shape[-1])
    new = out[_REVISION] >= 2
    if new:
        struct.pack_into(order + "i", out, _TRAILER, 0)
    if interval is not None:
        struct.pack_into(order + "H", out, _INTERVAL, _whole_interval(interval))
        if new:
            struct.pack_into(order + "d", out, _EXACT, interval)
    return bytes(out)


def _whole_interval(interval: float) -> int:
    """Return what a field of two bytes says of an interval, 0 where it cannot."""
    return round(interval) if interval <= _MOST else 0


def _traces(headers: SegyHeaders, first: int, n: int, interval: float | None) -> Bytes:
    """Return trace headers that name number and interval of the samples which the traces have."""
    traces, order = headers.read(first, first + n).copy(), "<u2" if headers.little_endian else ">u2"
    said = {"samples": headers.shape[-1]} if headers.shape[-1] <= _MOST else {}
    if interval is not None:
        said["interval"] = _whole_interval(interval)
    for name, number in said.items():
        traces[:, _OF_TRACE[name] : _OF_TRACE[name] + 2] = np.array([number], order).view(np.uint8)
    return traces


def _whole(file: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        n = os.pwrite(file, view, at)
        if n == 0:
            raise TerrellaError("the disk takes no more bytes")
        view, at = view[n:], at + n
