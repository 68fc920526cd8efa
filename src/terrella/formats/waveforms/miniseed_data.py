"""Samples of miniSEED 2 records in the usual encodings, thousands of records at once and without another library.

Steim's compression is that of the SEED manual, version 2.4, appendix B: differences of samples in words of 32 bits,
16 words in a frame, whose first word says how many differences each of the others holds.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.formats.waveforms.miniseed import Code, headers, split_records

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

_STEIM = {10: 1, 11: 2}
_PLAIN = {1: "i2", 3: "i4", 4: "f4", 5: "f8"}
# By the two bits in a frame's first word, in version 2 followed by the first two of the word itself: how many
# differences, and the bits of each.
_WORDS = {
    1: {1: (4, 8), 2: (2, 16), 3: (1, 32)},
    2: {
        4: (4, 8), 5: (4, 8), 6: (4, 8), 7: (4, 8), 9: (1, 30), 10: (2, 15), 11: (3, 10), 12: (5, 6), 13: (6, 5),
        14: (7, 4),
    },
}  # fmt: skip
_MOST_BLOCKETTES = 8
_AT_ONCE = 256  # records, so that what is made of them stays near the cache


@dataclass(frozen=True, eq=False)
class Samples:
    """Consecutive samples of one channel."""

    code: Code
    first_ns: int
    rate_hz: float
    values: npt.NDArray[Any]


def read_samples(data: bytes, first_ns: int, end_ns: int) -> list[Samples] | None:
    """Return what records of `read_records` hold between two times, and what else is in those that reach over them.

    Records are joined where less than half a sample lies between one and the next of its channel in the file.
    None stands for records with anything unusual or damaged, which is better left to a library.
    """
    block = split_records(data)
    heads = headers(block)
    near = ~heads.good | ((heads.first_ns < end_ns) & (heads.end_ns > first_ns))
    if not near.all():
        block = block[near]
        heads = headers(block)
    if not len(block):
        return []
    said = described(block, heads.big_endian)
    begin = _whole(block, np.full(len(block), 44), heads.big_endian)
    # Of Steim's words with the other order of bytes each kind is turned around in another way.
    known = np.isin(said.encoding, list(_PLAIN)) | (np.isin(said.encoding, list(_STEIM)) & said.big)
    unknown = ~known | (begin < 48) | (begin > block.shape[1] - 64)
    if not heads.good.all() or unknown.any():
        return None
    begins = heads.first_ns + said.microseconds * 1000
    rate_hz = np.where(said.rate_hz > 0, said.rate_hz, heads.rate_hz)
    values: list[npt.NDArray[Any]] = [np.empty(0)] * len(block)
    kinds = np.stack([said.encoding, said.big, begin], 1)
    for encoding, big, at in np.unique(kinds, axis=0).tolist():
        rows = np.flatnonzero((kinds == (encoding, big, at)).all(1))
        for some in np.split(rows, np.arange(_AT_ONCE, len(rows), _AT_ONCE)):
            flat = decoded(block[some], encoding, bool(big), at, heads.samples[some])
            if flat is None:
                return None
            ends = np.cumsum(heads.samples[some]).tolist()
            for row, low, high in zip(some.tolist(), [0, *ends], ends, strict=False):
                values[row] = flat[low:high]
    found = []
    for i, code in enumerate(heads.codes):
        mine = np.flatnonzero(heads.number == i)
        for run in _runs(begins[mine], heads.samples[mine], rate_hz[mine], [values[k].dtype for k in mine]):
            rows = mine[run]
            joined = np.concatenate([values[k] for k in rows])
            found.append(Samples(code, int(begins[rows[0]]), float(rate_hz[rows[0]]), joined))
    return found


def _runs(first_ns: Integers, samples: Integers, rate_hz: Any, kinds: list[Any]) -> list[slice]:
    """Return which consecutive records go on where the one before them ends."""
    gap = first_ns[1:] - first_ns[:-1] - samples[:-1] / rate_hz[:-1] * 1e9
    goes_on = (np.abs(gap) <= 0.5e9 / rate_hz[:-1]) & (rate_hz[1:] == rate_hz[:-1])
    goes_on &= np.array([one == other for one, other in itertools.pairwise(kinds)], bool)
    edges = [0, *(np.flatnonzero(~goes_on) + 1).tolist(), len(samples)]
    return [slice(low, high) for low, high in itertools.pairwise(edges)]


@dataclass(frozen=True)
class Described:
    """What records' blockettes say of their samples, (record,); NaN and -1 where they say nothing."""

    encoding: Integers
    big: npt.NDArray[np.bool_]
    microseconds: Integers
    rate_hz: npt.NDArray[np.float64]


def described(block: Bytes, big_header: npt.NDArray[np.bool_]) -> Described:
    """Return what blockettes 100, 1000 and 1001 of records (record, byte) say."""
    number = len(block)
    found = Described(
        np.full(number, -1), np.ones(number, bool), np.zeros(number, np.int64), np.full(number, np.nan)
    )
    at = _whole(block, np.full(number, 46), big_header)
    for _ in range(_MOST_BLOCKETTES):
        there = (at >= 48) & (at <= block.shape[1] - 8)
        if not there.any():
            break
        rows, place, big = np.flatnonzero(there), at[there], big_header[there]
        kind = _whole(block[rows], place, big)
        data = rows[kind == 1000]
        found.encoding[data] = block[data, at[data] + 4]
        found.big[data] = block[data, at[data] + 5] == 1
        time = rows[kind == 1001]
        found.microseconds[time] = block[time, at[time] + 5].view(np.int8)
        rate = rows[kind == 100]
        four = block[rate[:, None], at[rate][:, None] + np.arange(4, 8)]
        found.rate_hz[rate] = np.where(big_header[rate], *(four.view(o + "f4")[:, 0] for o in "><"))
        after = _whole(block[rows], place + 2, big)
        at = np.zeros(number, np.int64)
        at[rows] = np.where(after > place, after, 0)
    return found


def decoded(block: Bytes, encoding: int, big: bool, begin: int, samples: Integers) -> npt.NDArray[Any] | None:
    """Return the samples of records (record, byte) one after the other; None where a record is damaged.

    All have one encoding and byte order, and their data at byte `begin`; `samples` is how many each has.
    """
    kind = np.dtype((">" if big else "<") + _PLAIN.get(encoding, "u4"))
    room = (block.shape[1] - begin) // 64 * 64 if encoding in _STEIM else block.shape[1] - begin
    room -= room % kind.itemsize
    data = np.ascontiguousarray(block[:, begin : begin + room]).view(kind)
    if encoding in _STEIM:
        return _steim(data.astype(np.uint32), _STEIM[encoding], samples)
    if (samples > data.shape[1]).any():
        return None
    wanted = np.arange(data.shape[1]) < samples[:, None]
    return data[wanted].astype(np.int32 if kind.kind == "i" else kind.newbyteorder("="))


def _steim(words: npt.NDArray[np.uint32], version: int, samples: Integers) -> npt.NDArray[np.int32] | None:
    """Return the samples of records of words (record, word), whose last ones their headers repeat."""
    number = len(words)
    frames = words.reshape(number, -1, 16)
    code = (frames[:, :, :1] >> np.arange(30, -2, -2, dtype=np.uint32) & 3).astype(np.uint8)
    if version == 2:
        code = (code << 2 | frames >> 30).astype(np.uint8)
    code = code.reshape(-1)
    differences, bits = np.zeros((2, 16), np.uint8)
    for key, each in _WORDS[version].items():
        differences[key], bits[key] = each
    count, size = differences[code], bits[code]
    have = count.reshape(number, -1).sum(1, dtype=np.int64)
    if (have < samples).any() or not samples.all():
        return None
    end = np.cumsum(count, dtype=np.int64)
    found, flat = np.empty(end[-1], np.int32), words.reshape(-1)
    for many, here in sorted(set(_WORDS[version].values())):
        chosen = np.flatnonzero(size == here)
        to, some = end[chosen], flat[chosen]
        # The last difference ends with the word.
        for k in range(1, many + 1):
            found[to - k] = (some << np.uint32(32 - here * k)).view(np.int32) >> np.int32(32 - here)
    if (have != samples).any():  # there may be more in the last word
        first = np.cumsum(have) - have
        found = found[np.arange(len(found)) < np.repeat(first + samples, have)]
    # The first difference of a record is to the one before; the sample itself stands in the first frame.
    first = np.cumsum(samples) - samples
    found[first] = words[:, 1].view(np.int32)
    found[first[1:]] -= words[:-1, 2].view(np.int32)
    values = np.cumsum(found, dtype=np.int32)
    sound = values[first + samples - 1] == words[:, 2].view(np.int32)
    return values if sound.all() else None


def _whole(block: Bytes, at: Integers, big: npt.NDArray[np.bool_]) -> Integers:
    """Return the 16-bit number at byte `at` of each record."""
    rows = np.arange(len(block))
    one, other = block[rows, at].astype(np.int64), block[rows, at + 1].astype(np.int64)
    return np.asarray(np.where(big, one << 8 | other, other << 8 | one))
