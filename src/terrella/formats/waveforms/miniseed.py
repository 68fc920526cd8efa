"""miniSEED 2 and 3 by byte ranges: where a file's seconds lie, and the samples of those bytes alone."""

import io
import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

# pymseed is imported where it is used: its import takes 0.03 s, which only those who read miniSEED pay.

# What was found, and where.
Found = Callable[[str, str], None]
# Network, station, location, channel.
Code = tuple[str, str, str, str]

_GROUP = 2**17  # bytes of records, about, whose times are kept as one range
_APART_NS = 10**10  # of a channel's records that are not kept as one
_BLOCK = 2**17  # bytes looked at at once
_LONGEST_HEAD = 2**13  # bytes at a file's beginning, or end, in which a record is looked for
_LONGEST = 2**24  # bytes; no record has more
_LONGEST_S = 1e7  # a record of more is damaged
_TIMES_NS = range(-2_208_988_800 * 10**9, 4_133_980_800 * 10**9)  # 1900 to 2100; others are damaged
# Sequence number, quality and reserved byte of version 2 or the letters of version 3; hour, minute, second.
_HEADER = re.compile(
    rb"(?:[0-9 \x00]{6}[DRQM][ \x00].{16}|MS\x03.{9})[\x00-\x17][\x00-\x3b][\x00-\x3c]", re.DOTALL
)
_HEADER_BYTES = 27
# Begins a next record, which tells the length of one without blockette 1000.
_NEXT = b"000000D ".ljust(64, b"\0")
_MOST_MESSAGES = 10  # that pymseed keeps

_NO_RECORDS = "miniSEED files hold bytes that are no records; these are passed over"
TRUNCATED = "miniSEED files end inside a record (truncated); all before it is read"
BACKWARDS = "channels have records that go back in time; they are put in order"
_NO_CODES = "miniSEED files hold records whose codes cannot be decoded; these are left out"
_EMPTY = "miniSEED files hold records without samples, rate or plausible time; these are left out"
_DAMAGED = "miniSEED files hold records that cannot be decoded; these are left out"


@dataclass(frozen=True)
class Range:
    """Bytes of a file with the records of one channel between two times, perhaps among others."""

    code: Code
    first_byte: int
    end_byte: int
    first_ns: int
    end_ns: int


@dataclass(frozen=True, eq=False)
class Segment:
    """Consecutive samples of one channel, as they were recorded."""

    code: Code
    first_ns: int
    rate_hz: float
    samples: npt.NDArray[np.generic]  # (sample,) integers or floating-point numbers


def is_miniseed(path: Path) -> bool:
    """Return whether a file begins as miniSEED does."""
    with path.open("rb") as file:
        return _HEADER.match(file.read(_HEADER_BYTES)) is not None


def first_and_last(path: Path) -> tuple[Range, Range] | None:
    """Return the first and the last record of a file, from their headers alone.

    None where the records are not all of one length, or these two cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        first = next(_ranges(file.read(_LONGEST_HEAD), 0), None)
        if first is None or size % first.end_byte:
            return None
        file.seek(size - first.end_byte)
        last = list(_ranges(file.read(), size - first.end_byte))[-1:]
    return (first, last[0]) if last and last[0].end_byte == size else None


def _ranges(data: bytes, begin: int) -> Iterator[Range]:
    """Yield the records of some bytes up to the first that cannot be read."""
    from pymseed import MiniSEEDError, MS3Record

    at = begin
    with suppress(MiniSEEDError):
        for record in MS3Record.from_buffer(data):
            code, (samples, rate_hz, first_ns) = _code(record), _numbers(record)
            if code is None or not _has_samples(samples, rate_hz, first_ns):
                break
            end_ns = first_ns + int(samples / rate_hz * 1e9)
            yield Range(code, at, at + record.reclen, first_ns, end_ns)
            at += record.reclen


def _numbers(record: Any) -> tuple[int, float, int]:
    """Return a record's number of samples, rate and first time; each look at one takes microseconds."""
    return record.samplecnt, record.samprate, record.starttime


def _has_samples(samples: int, rate_hz: float, first_ns: int) -> bool:
    """Return whether a record has samples, a rate and a plausible time."""
    return 0 < samples / _LONGEST_S < rate_hz < math.inf and first_ns in _TIMES_NS


def scan(path: Path, found: Found, begin: int = 0) -> list[Range]:
    """Return the ranges of a file from a byte on, by groups of records; what is damaged is found.

    Every header is looked at. `begin` is where a record begins, or may begin.

    Raises:
        InputError: where there is no record that can be read, in a file that is looked at from its beginning.
    """
    ranges: list[Range] = []
    group: dict[Code, list[int]] = {}  # fields of a range
    last: dict[Code, int] = {}
    odd: set[tuple[str, str]] = set()
    begun = after = 0
    with path.open("rb") as file:
        for at, end_byte, record in _records(file, lambda what: odd.add((what, path.name)), begin):
            if at - begun >= _GROUP or at != after:
                ranges += [Range(code, *each) for code, each in group.items()]
                group.clear()
                begun = at
            after = end_byte
            if (code := _code(record)) is None:
                odd.add((_NO_CODES, path.name))
                continue
            samples, rate_hz, first_ns = _numbers(record)
            if not _has_samples(samples, rate_hz, first_ns):
                odd.add((_EMPTY, path.name))
                continue
            if first_ns < last.get(code, first_ns):
                odd.add((BACKWARDS, f"{'.'.join(code)} in {path.name}"))
            last[code] = first_ns
            end_ns = first_ns + int(samples / rate_hz * 1e9)
            byte, until, first, end = group.get(code, (at, after, first_ns, end_ns))
            if first_ns > end + _APART_NS or end_ns < first - _APART_NS:
                ranges.append(Range(code, byte, until, first, end))
                byte, first, end = at, first_ns, end_ns
            group[code] = [byte, after, min(first, first_ns), max(end, end_ns)]
    ranges += [Range(code, *each) for code, each in group.items()]
    for what, where in sorted(odd):
        found(what, where)
    if not ranges and begin == 0:
        raise InputError(f"{path.name}: no miniSEED record that can be read")
    return ranges


def read_records(path: Path, ranges: list[Range]) -> bytes:
    """Return the records of some ranges of a file."""
    parts = []
    with path.open("rb") as file:
        done = 0
        for first, end in sorted({(each.first_byte, each.end_byte) for each in ranges}):
            first = max(first, done)
            if first < end:
                file.seek(first)
                parts.append(file.read(end - first))
                done = end
    return b"".join(parts)


def read_samples(data: bytes, first_ns: int, end_ns: int, found: Found, name: str) -> list[Segment]:
    """Return what records of `read_records` hold between two times, and what else is in those that reach over them.

    Records are joined where less than half a sample lies between them; what is damaged is found and left out.
    """
    from pymseed import MiniSEEDError, MS3TraceList, get_error_messages, nstime2timestr

    start, end = nstime2timestr(first_ns), nstime2timestr(end_ns)

    def added(traces: MS3TraceList, data: bytes) -> bool:
        """Add records; return whether all can be decoded to the last sample that they should have."""
        try:
            traces.add_buffer(data + _NEXT, unpack_data=True, starttime=start, endtime=end)
        except MiniSEEDError:
            return False
        messages = get_error_messages()
        return len(messages) < _MOST_MESSAGES and not any("integrity" in each for each in messages)

    lists = [MS3TraceList()]
    if not added(lists[0], data):
        lists = [MS3TraceList()]
        for at, after, _ in _records(io.BytesIO(data + _NEXT), lambda what: None):
            one = data[at:after]
            if not added(MS3TraceList(), one):
                found(_DAMAGED, name)
            elif not added(lists[-1], one):  # its samples are of another type
                lists.append(MS3TraceList())
                added(lists[-1], one)
    return [
        Segment(code, part.starttime, part.samprate, part.take_np_datasamples())
        for traces in lists
        for trace in traces
        if (code := _code(trace)) is not None
        for part in trace
        if part.samprate > 0 and part.sampletype in ("i", "f", "d")
    ]


def _records(
    file: BinaryIO, lost: Callable[[str], object], begin_byte: int = 0
) -> Iterator[tuple[int, int, Any]]:
    """Yield the first byte, the byte after the last, and each record, which is valid until the next.

    What is no record is passed over up to the next header; `lost` is called with what it was.
    """
    from pymseed import MiniSEEDError, MS3Record, clibmseed

    at, size, astray, before = begin_byte, _BLOCK, "", 0
    while True:
        file.seek(at)
        block = memoryview(file.read(size))
        ended = len(block) < size
        if astray:
            header = _HEADER.search(block)
            if header is None and ended:
                break
            skipped = header.start() if header else len(block) - _HEADER_BYTES + 1
            at, block = at + skipped, block[skipped:]
            if header is None:
                continue
        begin = at
        try:
            for record in MS3Record.from_buffer(block):
                length = record.reclen
                if 0 < before < length and _HEADER.match(block, at - begin + before):
                    at, astray = at + before, _NO_RECORDS  # its length is wrong, since it would hold the next
                    break
                if astray:
                    lost(_NO_RECORDS)
                    astray = ""
                yield at, at + length, record
                at, before = at + length, length
        except MiniSEEDError as error:
            cut = error.status_code == clibmseed.MS_ENDOFFILE
            if cut and not ended and at == begin and size < _LONGEST:
                size *= 2  # a record longer than the block
                continue
            if not cut or ended or at == begin:
                astray = astray or (TRUNCATED if cut else _NO_RECORDS)
                at += 1
        size = _BLOCK
        if ended and not astray:
            break
    if astray:
        lost(astray)


def _code(named: Any) -> Code | None:
    """Return the SEED codes of a record or trace; None where they are no text."""
    try:
        return _seed_codes(named.sourceid)
    except ValueError:
        return None


@lru_cache
def _seed_codes(name: str) -> Code:
    """Return the codes of FDSN:NET_STA_LOC_BAND_SOURCE_POSITION, of which a station may hold underscores."""
    network, *station, location, band, source, position = name.rpartition(":")[2].split("_")
    if not (name.isascii() and name.isprintable()):
        raise ValueError(name)
    channel = (band, source, position)
    return network, "_".join(station), location, ("_" if max(map(len, channel)) > 1 else "").join(channel)
