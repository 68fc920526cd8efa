"""SEG-Y files in the geometry of another: its headers, and other samples."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError, TerrellaError
from terrella.files import replace_file
from terrella.formats.sections.places import Places
from terrella.formats.sections.section import Section
from terrella.formats.sections.segy import SegySamples
from terrella.formats.sections.segy_layout import IEEE, TEXT, TRACE

Bytes = npt.NDArray[np.uint8]
_TRACES_AT_ONCE = 256
_SAMPLES_AT_ONCE = 1 << 16
_FORMAT, _SAMPLES = TEXT + 24, TEXT + 20
_MOST = 0xFFFF  # samples that a trace header can name


@dataclass(frozen=True)
class SegyHeaders:
    """All of a SEG-Y file that is not samples."""

    opening: bytes  # text, binary and extended text headers
    little_endian: bool
    shape: tuple[int, ...]  # of the section, with samples
    places: Places  # of the file's traces in the section
    read: Callable[[int, int], Bytes]  # headers (trace, 240) from one trace of the file up to another

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
            rows = [
                os.pread(file.fileno(), TRACE, layout.first_byte + i * layout.trace_bytes)
                for i in range(first, end)
            ]
        if any(len(row) < TRACE for row in rows):
            raise InputError(f"{section.path} became shorter while its headers were read")
        return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, TRACE)

    return SegyHeaders(opening, layout.little_endian, section.shape, samples.places, read)


def write_segy(path: Path, headers: SegyHeaders, section: Section) -> None:
    """Write a section's samples as IEEE floats (format 5) under the headers of a file of the same shape.

    A few traces are held at once. The file gets its name when it is whole.

    Raises
    ------
    InputError
        Where the shapes differ.
    TerrellaError
        Where it cannot be written.
    """
    if tuple(section.shape) != tuple(headers.shape):
        raise InputError(
            f"{section.path} has the shape {section.shape}; the SEG-Y headers are for {headers.shape}"
        )
    replace_file(path, lambda temporary: _write(temporary, headers, section))


def _write(path: Path, headers: SegyHeaders, section: Section) -> None:
    n_samples = headers.shape[-1]
    number = np.dtype("<f4" if headers.little_endian else ">f4")
    row = np.dtype([("header", "u1", TRACE), ("samples", number, n_samples)])
    opening = _opening(headers)
    with path.open("wb", buffering=0) as file:
        _whole(file.fileno(), opening, 0)
        for first, where in _boxes(headers.places):
            n = prod(each.stop - each.start for each in where)
            rows = np.empty(n, row) if n_samples <= _SAMPLES_AT_ONCE else None
            traces = _traces(headers, first, n)
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
                    _whole(file.fileno(), part[i].tobytes(), at + i * row.itemsize + TRACE + begin * 4)


def _boxes(places: Places) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """Yield the first trace of the file, and the place in the section, of a few traces that follow each other."""
    for first, run in places.runs((0,) * len(places.shape), places.shape):
        whole = next(each for each in run if isinstance(each, slice))
        for begin in range(whole.start, whole.stop, _TRACES_AT_ONCE):
            part = slice(begin, min(begin + _TRACES_AT_ONCE, whole.stop))
            where = (part if isinstance(each, slice) else slice(each, each + 1) for each in run)
            yield first + begin - whole.start, tuple(where)


def _opening(headers: SegyHeaders) -> bytes:
    order = "little" if headers.little_endian else "big"
    out = bytearray(headers.opening)
    out[_FORMAT : _FORMAT + 2] = IEEE.to_bytes(2, order)  # type: ignore[arg-type]
    if headers.shape[-1] <= _MOST:
        out[_SAMPLES : _SAMPLES + 2] = headers.shape[-1].to_bytes(2, order)  # type: ignore[arg-type]
    return bytes(out)


def _traces(headers: SegyHeaders, first: int, n: int) -> Bytes:
    """Return trace headers that name the number of samples which the traces have."""
    traces = headers.read(first, first + n).copy()
    if headers.shape[-1] <= _MOST:
        count = np.array([headers.shape[-1]], "<u2" if headers.little_endian else ">u2").view(np.uint8)
        traces[:, 114:116] = count
    return traces


def _whole(file: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        n = os.pwrite(file, view, at)
        if n == 0:
            raise TerrellaError("the disk takes no more bytes")
        view, at = view[n:], at + n
