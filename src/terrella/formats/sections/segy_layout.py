"""Where the traces of a SEG-Y file lie: what its binary header says, held against the file's size."""

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.records.past_cache import read_bytes
from terrella.formats.sections.segy_values import FORMATS

TEXT, BINARY, TRACE = 3200, 400, 240  # bytes of the headers
_BYTE_ORDER = 0x01020304  # bytes 3297 to 3300 of revision 2
_ENDS = "((SEG:ENDTEXT))"  # in capitals or not, with blanks between: the standard has EndText, too
_MOST_TEXTS = 10_000
_FOOT_M = 0.3048
_MOST_EXTENSIONS = 64
_LOOKED_AT = 16  # traces
SMALL = 4096  # bytes of a trace up to which whole traces are read for their headers


@dataclass(frozen=True)
class Layout:
    """Sizes and places in a SEG-Y file, from its headers, consistent with its size."""

    n_traces: int
    n_samples: int
    code: int  # of the format of samples
    little_endian: bool
    first_byte: int  # of the first trace's header
    header_bytes: int  # of a trace, with extensions
    interval_us: (
        float  # of the binary header: microseconds, or thousandths of a unit of depth; 0 where not given
    )
    length_m: float | None  # of the unit of lengths; None where the file does not name it
    revision: int

    @property
    def row(self) -> np.dtype[np.void]:
        """Of one trace as stored: its header and the bytes of its samples."""
        return np.dtype([("header", "u1", self.header_bytes), ("samples", "u1", self.n_samples * self.size)])

    @property
    def size(self) -> int:
        """Bytes of a sample."""
        return FORMATS[self.code].size

    @property
    def trace_bytes(self) -> int:
        """Header and samples of a trace."""
        return self.header_bytes + self.n_samples * self.size

    @property
    def format_name(self) -> str:
        """In words."""
        return FORMATS[self.code].name


def looks_like_segy(head: bytes, name: str) -> bool:
    """Tell whether a file may be SEG-Y: by the cards of its text header, or by its name."""
    lines = head[:TEXT:80]
    cards = max(lines.count(b"C"), lines.count(b"\xc3"))  # ASCII and EBCDIC
    return cards >= 10 or name.lower().endswith((".sgy", ".segy"))


def read_layout(path: Path) -> Layout:
    """Return where the traces of a file lie.

    Raises:
        InputError: where the file is too short, of a format that is not read, or its size fits no number of traces.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(TEXT + BINARY)
            if len(head) < TEXT + BINARY:
                raise InputError(
                    f"{path}: {size:,} bytes; a SEG-Y file has headers of 3,600 bytes before its traces: it is cut "
                    "short or no SEG-Y"
                )
            return _layout(head, file, size, path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error


def read_headers(file: int, layout: Layout, traces: "npt.NDArray[np.int64] | range") -> npt.NDArray[np.uint8]:
    """Return the headers (trace, byte) of some traces of an open file.

    Raises:
        EOFError: where the file is shorter than it was.
    """
    n, step = len(traces), layout.trace_bytes
    if isinstance(traces, range) and step <= SMALL and n:
        whole = np.empty((n, step), np.uint8)
        read_bytes(file, layout.first_byte + traces.start * step, whole.reshape(-1))
        return whole[:, : layout.header_bytes]
    out = np.empty((n, layout.header_bytes), np.uint8)
    for row, trace in zip(out, traces, strict=True):
        read_bytes(file, layout.first_byte + int(trace) * step, row)
    return out


def field(headers: npt.NDArray[np.uint8], byte: int, little_endian: bool, size: int = 4) -> npt.NDArray[Any]:
    """Return signed numbers of trace headers (trace, byte), whose first byte counts from 1."""
    part = np.ascontiguousarray(headers[:, byte - 1 : byte - 1 + size])
    return part.view(f"{'<' if little_endian else '>'}i{size}")[:, 0]


class _Numbers:
    """Numbers of the binary header, by the first byte as the standard counts it: from 3201 on."""

    def __init__(self, header: bytes, little: bool) -> None:
        self.header = header
        self.order = "<" if little else ">"

    def number(self, byte: int, kind: str) -> Any:
        return struct.unpack_from(self.order + kind, self.header, byte - TEXT - 1)[0]

    @property
    def revision(self) -> int:
        # A byte of its own since revision 2; before it, the high byte of a fixed-point number.
        return self.header[300] if self.order == ">" or self.header[300] else self.header[301]


def _layout(head: bytes, file: BinaryIO, size: int, path: Path) -> Layout:
    little = _little_endian(head, size, path)
    binary = _Numbers(head[TEXT:], little)
    code, new = binary.number(3225, "H"), binary.revision >= 2
    first_byte = TEXT + BINARY + TEXT * _extended_headers(binary, file, path)
    if new and (stated := binary.number(3521, "Q")):
        if stated < first_byte:
            raise InputError(
                f"{path}: its first trace is to begin after {stated:,} bytes (bytes 3521-3528), within the headers "
                f"of {first_byte:,}"
            )
        first_byte = stated
    trailer = _trailer(binary, path) if new else 0
    file.seek(min(first_byte, size))
    trace = file.read(TRACE)
    n_samples = binary.number(3221, "H")
    if new and binary.number(3269, "I"):
        n_samples = binary.number(3269, "I")
    if not n_samples and len(trace) == TRACE:
        n_samples = struct.unpack_from(binary.order + "H", trace, 114)[0]
    interval = float(binary.number(3217, "H"))
    if new and np.isfinite(exact := binary.number(3273, "d")) and exact > 0:
        interval = exact
    length_m = {1: 1.0, 2: _FOOT_M}.get(binary.number(3255, "H"))
    layout = Layout(0, n_samples, code, little, first_byte, TRACE, interval, length_m, binary.revision)
    left = size - first_byte - trailer
    extensions = _extensions(binary)
    if len(extensions) > 1:
        wider = [replace(layout, header_bytes=TRACE * (1 + n)) for n in extensions]
        fits = [each for each in wider if _in_step(each, left, file)]
        return _counted(fits[0] if len(fits) == 1 else wider[0], left, binary, path)
    return _counted(replace(layout, header_bytes=TRACE * (1 + extensions[0])), left, binary, path)


def _little_endian(head: bytes, size: int, path: Path) -> bool:
    """Tell the byte order: by revision 2's constant, or by the format code, which is small in the right one."""
    constant = head[TEXT + 96 : TEXT + 100]
    if constant == _BYTE_ORDER.to_bytes(4, "little"):
        return True
    if constant == bytes([2, 1, 4, 3]):
        raise InputError(
            f"{path}: bytes are swapped in pairs (bytes 3297-3300 say so), which is not read; write it as big- or "
            "little-endian"
        )
    code, swapped = (int.from_bytes(head[TEXT + 24 : TEXT + 26], order) for order in ("big", "little"))
    if code in FORMATS:
        return False
    if swapped not in FORMATS:
        known = ", ".join(f"{each} ({form.name})" for each, form in FORMATS.items())
        raise InputError(
            f"{path}: the binary header's format code (bytes 3225-3226) is {code}; codes that are read: {known}"
        )
    big, little = (int.from_bytes(head[TEXT + 20 : TEXT + 22], order) for order in ("big", "little"))
    each = FORMATS[swapped].size
    # Texts and trailers are multiples of what headers take, which such a file rarely has.
    fits = [bool(n) and (size - TEXT - BINARY) % (TRACE + n * each) == 0 for n in (big, little)]
    if fits == [True, False]:
        raise InputError(
            f"{path}: the binary header's format code (bytes 3225-3226) is {code}, which is {swapped} "
            f"({FORMATS[swapped].name}) with its bytes swapped, while the number of samples is not swapped; "
            "write the code in the order of the other numbers"
        )
    return True


def _extended_headers(binary: _Numbers, file: BinaryIO, path: Path) -> int:
    """Return how many further text headers there are; where their number is not given, the last one says so."""
    n = int(binary.number(3505, "h")) if binary.revision else 0
    if n >= 0:
        return n
    for count in range(1, _MOST_TEXTS):
        block = file.read(TEXT)
        if len(block) < TEXT:
            break
        texts = ("".join(block.decode(each, "replace").split()).upper() for each in ("cp037", "latin-1"))
        if any(text.startswith(_ENDS) for text in texts):
            return count
    raise InputError(
        f"{path}: it has extended text headers of no given number (bytes 3505-3506), and none of them ends with "
        f"{_ENDS}"
    )


def _extensions(binary: _Numbers) -> list[int]:
    """Return how many extensions a trace header may have.

    Revision 2.0 has a number of four bytes, 2.1 one of two bytes and the type of the survey after it.
    """
    if binary.revision < 2:
        return [0]
    long, short = int(binary.number(3507, "I")), int(binary.number(3507, "H"))
    if long == short or not binary.header[301]:
        return [long]
    return [short] if long > _MOST_EXTENSIONS else [short, long]


def _in_step(layout: Layout, left: int, file: BinaryIO) -> bool:
    """Tell whether traces spread over the file have headers where the layout says."""
    n_traces = left // layout.trace_bytes
    if left % layout.trace_bytes or not n_traces or not layout.n_samples:
        return False
    some = np.unique(np.linspace(0, n_traces - 1, min(n_traces, _LOOKED_AT)).astype(np.int64))
    headers = read_headers(file.fileno(), layout, some)
    counts = field(headers, 115, layout.little_endian, 2).astype(np.uint16)
    return bool((counts == layout.n_samples).all())


def _trailer(binary: _Numbers, path: Path) -> int:
    """Return the bytes of records that follow the last trace."""
    if (n := int(binary.number(3529, "i"))) < 0:
        raise InputError(
            f"{path}: records of no given number follow the last trace (bytes 3529-3532), which is not read; write "
            "the file with their number"
        )
    return TEXT * n


def _counted(layout: Layout, left: int, binary: _Numbers, path: Path) -> Layout:
    """Return the layout with the number of traces, such that the file's size fits."""
    n, size = layout.n_samples, layout.trace_bytes
    if not n:
        raise InputError(f"{path}: neither binary nor trace header names a number of samples per trace")
    if left < size:
        raise InputError(
            f"{path}: {max(left, 0):,} bytes after the headers, less than one trace of {n:,} samples "
            f"({size:,} bytes); the file is cut short or its header wrong"
        )
    if left % size:
        raise InputError(
            f"{path}: its size fits no whole number of traces of {n:,} samples: {left // size:,} traces and "
            f"{left % size:,} bytes of {size:,}; the file is cut short or unfinished, or its number of samples, "
            f"format code or byte of the first trace ({layout.first_byte + 1:,}) is wrong"
        )
    named = binary.number(3513, "Q") if binary.revision >= 2 else 0
    if named and named != left // size:
        raise InputError(
            f"{path}: its header names {named:,} traces (bytes 3513-3520) and its size holds {left // size:,}; the "
            "file is cut short or its header wrong"
        )
    return replace(layout, n_traces=left // size)
