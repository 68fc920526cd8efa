"""Where the traces of a SEG-Y file lie: what its binary header says, held against the file's size."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

TEXT, BINARY, TRACE = 3200, 400, 240  # bytes of the headers
# Codes of revisions 1 and 2 that are read, as NumPy has them; an IBM float is taken for its four bytes.
FORMATS = {1: "u4", 2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 10: "u4", 11: "u2", 16: "u1"}
IBM, IEEE = 1, 5
_NAMES = {1: "IBM float", 2: "int32", 3: "int16", 5: "IEEE float", 6: "IEEE double", 8: "int8", 10: "uint32",
          11: "uint16", 16: "uint8"}  # fmt: skip
_OTHER = {4: "fixed point with gain (obsolete)", 7: "int24", 9: "int64", 12: "uint64", 15: "uint24"}
_BYTE_ORDER = 0x01020304  # bytes 3297 to 3300 of revision 2


@dataclass(frozen=True)
class Layout:
    """Sizes and places in a SEG-Y file, from its headers, consistent with its size."""

    n_traces: int
    n_samples: int
    code: int  # of the format of samples
    little_endian: bool
    first_byte: int  # of the first trace's header
    interval_us: float  # of the binary header: microseconds, or millimetres of depth; 0 where not given
    trace_interval_us: float  # of the first trace's header
    metres: bool  # lengths are metres, not feet

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Of one sample as stored."""
        return np.dtype(("<" if self.little_endian else ">") + FORMATS[self.code])

    @property
    def row(self) -> np.dtype[np.void]:
        """Of one trace as stored: its header and its samples."""
        return np.dtype([("header", "V", TRACE), ("samples", self.dtype, self.n_samples)])

    @property
    def trace_bytes(self) -> int:
        """Header and samples of a trace."""
        return TRACE + self.n_samples * self.dtype.itemsize

    @property
    def format_name(self) -> str:
        """In words."""
        return _NAMES[self.code]


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
            little = _little_endian(head, path)
            binary = _Numbers(head[TEXT:], little)
            first_byte = TEXT + BINARY + TEXT * _extended_headers(binary, path)
            file.seek(first_byte)
            trace = _Numbers(file.read(TRACE), little)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error
    code = binary.short(24)
    n_samples, n_traces = _counts(binary, trace, size - first_byte, np.dtype(FORMATS[code]).itemsize, path)
    interval = float(binary.short(16))
    if binary.revision >= 2 and np.isfinite(exact := binary.double(72)) and exact > 0:
        interval = exact
    own = float(trace.short(116))
    return Layout(n_traces, n_samples, code, little, first_byte, interval, own, binary.short(54) != 2)


class _Numbers:
    """Numbers of a header, by their first byte."""

    def __init__(self, header: bytes, little: bool) -> None:
        self.header = header
        self.order = "<" if little else ">"

    def short(self, at: int) -> int:
        return int(struct.unpack_from(self.order + "H", self.header, at)[0])

    def long(self, at: int) -> int:
        return int(struct.unpack_from(self.order + "I", self.header, at)[0])

    def eight_bytes(self, at: int) -> int:
        return int(struct.unpack_from(self.order + "Q", self.header, at)[0])

    def double(self, at: int) -> float:
        return float(struct.unpack_from(self.order + "d", self.header, at)[0])

    @property
    def revision(self) -> int:
        # A byte of its own since revision 2; before it, the high byte of a fixed-point number.
        return self.header[300] if self.order == ">" or self.header[300] else self.header[301]


def _little_endian(head: bytes, path: Path) -> bool:
    """Tell the byte order: by revision 2's constant, or by the format code, which is small in the right one."""
    constant = head[TEXT + 96 : TEXT + 100]
    if constant == _BYTE_ORDER.to_bytes(4, "little"):
        return True
    code, swapped = (int.from_bytes(head[TEXT + 24 : TEXT + 26], order) for order in ("big", "little"))
    if code in FORMATS:
        return False
    if swapped in FORMATS:
        return True
    wrong = f"{code}, {_OTHER[code]}" if code in _OTHER else str(code)
    known = ", ".join(f"{each} ({_NAMES[each]})" for each in FORMATS)
    raise InputError(
        f"{path}: the binary header's format code (bytes 3225-3226) is {wrong}; codes that are read: {known}"
    )


def _extended_headers(binary: _Numbers, path: Path) -> int:
    n = binary.short(304) if binary.revision else 0
    if n > 0x7FFF:
        raise InputError(
            f"{path}: a variable number of extended text headers (bytes 3505-3506) is not read; write the file "
            "with their number"
        )
    return n


def _counts(binary: _Numbers, trace: _Numbers, left: int, sample_bytes: int, path: Path) -> tuple[int, int]:
    """Return samples per trace and traces, such that the file's size fits."""
    stated = binary.short(20)
    if binary.revision >= 2 and binary.long(68):
        stated = binary.long(68)
    if not stated and len(trace.header) == TRACE:
        stated = trace.short(114)
    if not stated:
        raise InputError(f"{path}: neither binary nor trace header names a number of samples per trace")
    size = TRACE + stated * sample_bytes
    if left < size:
        raise InputError(
            f"{path}: {max(left, 0):,} bytes after the headers, less than one trace of {stated:,} samples "
            f"({size:,} bytes); the file is cut short or its header wrong"
        )
    if left % size:
        raise InputError(
            f"{path}: its size fits no whole number of traces of {stated:,} samples: {left // size:,} traces and "
            f"{left % size:,} bytes of {size:,}; the file is cut short, or its number of samples or format code "
            "is wrong"
        )
    named = binary.eight_bytes(112) if binary.revision >= 2 else 0
    if named and named != left // size:
        raise InputError(
            f"{path}: its header names {named:,} traces (bytes 3313-3320) and its size holds {left // size:,}; the "
            "file is cut short or its header wrong"
        )
    return stated, left // size


def native(raw: npt.NDArray[np.generic], layout: Layout) -> npt.NDArray[np.generic]:
    """Return stored samples in this machine's numbers."""
    if layout.code != IBM:
        return raw
    from segyio.tools import native as from_ibm

    in_order = np.ascontiguousarray(raw).view(layout.dtype).astype(">u4")  # as segyio expects them
    return np.asarray(from_ibm(in_order.reshape(-1), IBM, copy=False)).reshape(raw.shape)
