"""miniSEED 2 by byte ranges: where a file's seconds lie, and those bytes alone, whatever its length."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

# What was found, and where.
Found = Callable[[str, str], None]
# Network, station, location, channel.
Code = tuple[str, str, str, str]
Integers = npt.NDArray[np.int64]

_GROUP = 256  # records whose times are kept as one range
_SECOND = 10**9
_LONGEST_S = 1e7  # a record of more is damaged
# The fixed part of a record's header, without what is not looked at.
_FIELDS = {
    "quality": ("S1", 6), "year": ("u2", 20), "day": ("u2", 22), "hour": ("u1", 24), "minute": ("u1", 25),
    "second": ("u1", 26), "fraction": ("u2", 28), "samples": ("u2", 30), "factor": ("i2", 32),
    "multiplier": ("i2", 34), "flags": ("u1", 36), "correction": ("i4", 40),
}  # fmt: skip
_HEADER = 48
_MOST_BLOCKETTES = 8
_QUALITIES = (b"D", b"R", b"Q", b"M")
_LENGTHS = tuple(2**power for power in range(7, 21))


@dataclass(frozen=True)
class Range:
    """Bytes of a file with the records of one channel between two times, perhaps among others."""

    code: Code
    first_byte: int
    end_byte: int
    first_ns: int
    end_ns: int


@dataclass(frozen=True, eq=False)
class Headers:
    """What the headers of records say, (record,)."""

    good: npt.NDArray[np.bool_]  # those that are headers
    codes: list[Code]
    number: Integers  # of each record's code
    first_ns: Integers
    end_ns: Integers
    samples: Integers
    rate_hz: npt.NDArray[np.float64]
    big_endian: npt.NDArray[np.bool_]


def is_miniseed(path: Path) -> bool:
    """Return whether a file begins as miniSEED 2 does."""
    with path.open("rb") as file:
        start = file.read(_HEADER)
    return len(start) == _HEADER and _plausible_start(start)


def scan(path: Path, found: Found) -> list[Range]:
    """Return the ranges of a file, by groups of records, after a look at every header; what is damaged is found.

    Raises:
        InputError: where there is no record that can be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = _record_length(file, path)
        if size % length:
            found("miniSEED files end inside a record (truncated); all before it is read", path.name)
        ranges: list[Range] = []
        last: dict[Code, int] = {}
        backwards: set[Code] = set()
        for at, block in _blocks(file, length):
            heads = headers(block)
            good, first, end = heads.good, heads.first_ns, heads.end_ns
            if not good.all():
                found("miniSEED files hold bytes that are no records; these are passed over", path.name)
            for i, code in enumerate(heads.codes):
                mine = np.flatnonzero(good & (heads.number == i))
                if not len(mine):
                    continue
                begins = np.concatenate([[last.get(code, first[mine[0]])], first[mine]])
                if (np.diff(begins) < 0).any():
                    backwards.add(code)
                last[code] = int(first[mine[-1]])
                byte, after = at + int(mine[0]) * length, at + (int(mine[-1]) + 1) * length
                ranges.append(Range(code, byte, after, int(first[mine].min()), int(end[mine].max())))
    for code in sorted(backwards):
        found(
            "channels have records that go back in time; they are put in order",
            f"{'.'.join(code)} in {path.name}",
        )
    if not ranges:
        raise InputError(f"{path.name}: no whole miniSEED record")
    return ranges


def read_records(path: Path, ranges: list[Range]) -> bytes:
    """Return the whole records of some ranges of a file; what is no record is left out."""
    spans = sorted({(each.first_byte, each.end_byte) for each in ranges})
    parts = []
    with path.open("rb") as file:
        length = _record_length(file, path)
        done = 0
        for first, end in spans:
            first = max(first, done)
            if first >= end:
                continue
            file.seek(first)
            block = _whole(file.read(end - first), length)
            parts.append(block[headers(block).good].tobytes())
            done = end
    return b"".join(parts)


def split_records(data: bytes) -> npt.NDArray[np.uint8]:
    """Return the records of `read_records`, (record, byte)."""
    with io.BytesIO(data) as file:
        return _whole(data, _record_length(file, Path()))


def _blocks(file: BinaryIO, length: int) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield groups of whole records, (record, byte), with the byte at which each group begins."""
    at = 0
    file.seek(0)
    while len(block := _whole(file.read(_GROUP * length), length)):
        yield at, block
        at += block.size


def _whole(data: bytes, length: int) -> npt.NDArray[np.uint8]:
    number = len(data) // length
    return np.frombuffer(data, np.uint8, number * length).reshape(number, length)


def _record_length(file: BinaryIO, path: Path) -> int:
    """Return the length of a file's records, by the next header or, in a file of one, its blockette 1000."""
    file.seek(0)
    start = file.read(2 * _LENGTHS[-1])
    for length in _LENGTHS:
        if len(start) >= length + _HEADER and _plausible_start(start[length : length + _HEADER]):
            return length
    order = ">" if _big_endian(start) else "<"
    at = _number(start, 46, order)
    for _ in range(_MOST_BLOCKETTES):
        if not _HEADER <= at <= len(start) - 8:
            break
        if _number(start, at, order) == 1000:
            power = start[at + 6]
            if 2**power in _LENGTHS and len(start) >= 2**power:
                return int(2**power)
        at = _number(start, at + 2, order)
    raise InputError(f"{path.name}: no whole miniSEED record")


def _number(start: bytes, at: int, order: str) -> int:
    return int(np.frombuffer(start, f"{order}u2", 1, at)[0]) if len(start) >= at + 2 else 0


def headers(block: npt.NDArray[np.uint8]) -> Headers:
    """Return what the headers of records (record, byte) say."""
    start = np.ascontiguousarray(block[:, :_HEADER])
    each = [start.view(_layout(order))[:, 0] for order in "><"]
    big = _plausible_years(each[0])
    header = {name: np.where(big, each[0][name], each[1][name]) for name in _FIELDS}
    good = (big | _plausible_years(each[1])) & np.isin(header["quality"], _QUALITIES)
    days = (
        (header["year"].astype(np.int64) - 1970)
        .astype("datetime64[Y]")
        .astype("datetime64[D]")
        .astype(np.int64)
    )
    seconds = ((days + header["day"] - 1) * 24 + header["hour"]) * 60 + header["minute"]
    first = (seconds * 60 + header["second"]) * _SECOND + header["fraction"].astype(np.int64) * 100_000
    # Bit 1 of the flags says that the correction is in the time already.
    first += np.where(header["flags"] & 2, 0, header["correction"]).astype(np.int64) * 100_000
    rate = _rates(header["factor"].astype(float), header["multiplier"].astype(float))
    seconds_long = header["samples"] / np.where(rate > 0, rate, 1)
    good &= (header["samples"] > 0) & (rate > 0) & (seconds_long < _LONGEST_S)
    end = first + (np.minimum(seconds_long, _LONGEST_S) * _SECOND).astype(np.int64)
    # Station, location, channel and network, side by side in the header.
    names, number = np.unique(np.ascontiguousarray(start[:, 8:20]).view("S12")[:, 0], return_inverse=True)
    codes = [_code(name) for name in names.tolist()]
    samples = header["samples"].astype(np.int64)
    return Headers(good, codes, number.reshape(-1), first, end, samples, rate, big)


def _code(name: bytes) -> Code:
    text = name.ljust(12, b" ").decode("ascii", "replace")
    station, location, channel, network = (
        text[a:b].strip(" \0") for a, b in ((0, 5), (5, 7), (7, 10), (10, 12))
    )
    return network, station, location, channel


def _rates(factor: npt.NDArray[np.float64], multiplier: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return samples per second from factor and multiplier: negative ones divide."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(factor > 0, factor, -1 / factor) * np.where(
            multiplier > 0, multiplier, -1 / multiplier
        )
    return np.where(np.isfinite(rate), rate, 0)


def _layout(order: str) -> np.dtype:
    return np.dtype(
        {
            "names": list(_FIELDS),
            "formats": [kind if kind[0] == "S" else order + kind for kind, _ in _FIELDS.values()],
            "offsets": [offset for _, offset in _FIELDS.values()],
            "itemsize": _HEADER,
        }
    )


def _plausible_years(header: npt.NDArray) -> npt.NDArray[np.bool_]:
    return (
        (header["year"] >= 1900) & (header["year"] <= 2100) & (header["day"] >= 1) & (header["day"] <= 366)
        & (header["hour"] < 24) & (header["minute"] < 60) & (header["second"] <= 60)
    )  # fmt: skip


def _plausible_start(start: bytes) -> bool:
    digits = all(byte in b"0123456789 \0" for byte in start[:6])
    return digits and start[6:7] in _QUALITIES and (_big_endian(start) or _years(start, "<"))


def _big_endian(start: bytes) -> bool:
    return len(start) >= _HEADER and _years(start, ">")


def _years(start: bytes, order: str) -> bool:
    return bool(_plausible_years(np.frombuffer(start, _layout(order), 1))[0])
