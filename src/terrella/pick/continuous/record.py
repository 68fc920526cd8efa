"""A stretch of one station's record on the grid of the network's rate, whatever its files were like."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.formats.waveforms.archive import Segment
from terrella.formats.waveforms.miniseed import Found
from terrella.formats.waveforms.orientation import place
from terrella.pick.continuous.resample import Numbers, margin, resampled

_EXACT = 2**24  # integers from which single precision has gaps
_OFFSET = 2**20  # mean beside which a network's window takes small numbers for rounding
_SOME, _FEW = 499, 0.05  # one sample in so many; share of an hour that an earthquake may take
_USUAL = 2.0**-20, 2.0**40  # largest samples whose squares single precision holds; others are scaled
_FLAT_S = 1.0  # of one value, which no ground has
_FLAT = 20  # samples, at least
_LOOKS = 8  # samples of so long a run that are looked at first
_SAME_RATE = 1e-6  # relative; then samples are not resampled
MARGIN_S = 60.0  # to read on both sides of a stretch, more than any filter reaches


@dataclass(frozen=True, eq=False)
class Record:
    """Samples at multiples of 1 / rate_hz since 1970, and a little later where the record was not resampled."""

    first: int  # grid sample
    samples: (
        Numbers  # (component, sample), in double precision where single would lose some; not recorded: zero
    )
    recorded: npt.NDArray[np.bool_]  # (component, sample)
    rate_hz: float
    late_s: npt.NDArray[np.float32]  # (sample,): time of the sample minus that of the grid
    unit: float = 1.0  # of the samples in the record's: a power of two

    @property
    def end(self) -> int:
        """The grid sample after the last."""
        return self.first + self.samples.shape[1]

    @cached_property
    def whole(self) -> bool:
        """Whether every sample of every component is recorded; asked once all are in place."""
        return bool(self.recorded.all())


def assemble(
    segments: Sequence[Segment],
    components: Sequence[str],
    first: int,
    end: int,
    rate_hz: float,
    found: Found,
    shortest_s: float = 0.0,
) -> Record:
    """Return what segments of one instrument recorded between grid samples `first` and `end`.

    Not recorded, and zero, is what is no number, a second or more of one value, where samples of the same time
    differ, and what is shorter than `shortest_s`. Of two sampling rates at the same time the higher counts, of two
    channels of a component the one that is named by direction.
    """
    largest = [_largest(each.samples) for each in segments]
    kind = _precision(segments, largest)
    record = Record(
        first,
        np.zeros((len(components), end - first), kind),
        np.zeros((len(components), end - first), bool),
        rate_hz,
        np.zeros(end - first, np.float32),
        _unit(largest),
    )
    channels = defaultdict(list)
    for each in segments:
        if (spot := place(each.code[3])) is not None:
            channels[spot.component, spot.preference, each.code].append(each)
    for row, component in enumerate(components):
        mine = [channels[key] for key in sorted(channels) if key[0] == component]
        borders = np.zeros(end - first, bool)
        for same in mine:
            before = record.recorded[row].copy()
            rates = sorted({round(each.rate_hz, 4) for each in same}, reverse=True)
            if len(rates) > 1:
                found(
                    "channels have several sampling rates at once", f"{_name(same[0])}: {_listed(rates)} Hz"
                )
            for rate in rates:
                _fill(
                    record, row, [each for each in same if round(each.rate_hz, 4) == rate], found, shortest_s
                )
            if before.any() and (new := record.recorded[row] & ~before).any():
                found("components change their channel", " and ".join(_name(each[0]) for each in mine))
                borders[1:] |= (new[1:] & before[:-1]) | (before[1:] & new[:-1])
        if borders.any():  # a sensor begins there, as after a gap
            record.recorded[row, borders] = False
            record.samples[row, borders] = 0
    return record


def _precision(segments: Sequence[Segment], largest: Sequence[float]) -> type:
    """Return the type of floating-point numbers in which samples lose nothing that is small beside an offset."""
    for each, most in zip(segments, largest, strict=True):
        if each.samples.dtype.kind == "f":
            fine = each.samples.dtype.itemsize > 4
        else:
            fine = most >= _EXACT or (most >= _OFFSET and _is_offset(each.samples))
        if fine:
            return np.float64
    return np.float32


def _is_offset(samples: npt.NDArray[Any]) -> bool:
    """Return whether more than a few samples are large, as those of an earthquake are."""
    return bool((np.abs(samples[::_SOME].astype(np.float64)) >= _OFFSET).mean() > _FEW)


def _unit(largest: Sequence[float]) -> float:
    """Return 1, or the power of two at which samples are not too small or large for single precision."""
    most = max(largest, default=0.0)
    return 1.0 if most == 0 or _USUAL[0] <= most <= _USUAL[1] else float(2.0 ** np.frexp(most)[1])


def _largest(samples: npt.NDArray[Any]) -> float:
    """Return the largest number, whatever its sign."""
    if samples.dtype.kind == "f" and not np.isfinite(samples).all():
        samples = samples[np.isfinite(samples)]
    return max(abs(float(samples.min())), abs(float(samples.max()))) if len(samples) else 0.0


def _fill(record: Record, row: int, segments: list[Segment], found: Found, shortest_s: float) -> None:
    """Put the segments of one channel and rate where the record has nothing yet."""
    name, from_hz = _name(segments[0]), segments[0].rate_hz
    same = abs(from_hz / record.rate_hz - 1) <= _SAME_RATE
    # Sample k of the channel's own grid lies k / from_hz after the record's first.
    native = [_native(each, record) for each in segments]
    reach = 0 if same else margin(record.rate_hz / from_hz)
    low = max(min(at for at, _ in native), -reach - round(MARGIN_S * from_hz))
    high = min(
        max(at + len(each.samples) for (at, _), each in zip(native, segments, strict=True)),
        int(record.samples.shape[1] * from_hz / record.rate_hz) + reach + round(MARGIN_S * from_hz),
    )
    if low >= high:
        return
    values, filled, late = _merged(record, segments, native, low, high, name, found)
    if (flat := _flat(values, filled, from_hz)) is not None:
        found("channels have constant stretches; taken for gaps", name)
        filled &= ~flat
    for start, stop in _stretches(filled, round(shortest_s * from_hz)):
        part = values[start:stop]
        if stop - start >= from_hz and part[0] == part[-1] and part.min() == part.max():
            found("channels have constant stretches; taken for gaps", name)
            continue
        at = low + start
        if same:
            _put(record, row, at, part, float(late[start]))
            continue
        # Position of a grid sample g of this record in `part`: (g - origin) * per_sample.
        per_sample = from_hz / record.rate_hz
        origin = at / per_sample + float(late[start]) * record.rate_hz
        begin, ending = int(np.ceil(origin)), int(np.floor(origin + (len(part) - 1) / per_sample)) + 1
        begin, ending = max(begin, 0), min(ending, record.samples.shape[1])
        if begin < ending:
            offset = record.first
            new = resampled(part, origin + offset, per_sample, begin + offset, ending + offset)
            _put(record, row, begin, new, 0.0)


def _flat(values: Numbers, filled: npt.NDArray[np.bool_], from_hz: float) -> npt.NDArray[np.bool_] | None:
    """Return which samples are of one value for a second or more, as in a filled gap; None without any.

    None are, where most neighbours are equal: the instrument is too coarse for its noise.
    """
    length = max(_FLAT, round(_FLAT_S * from_hz))
    step = length // _LOOKS
    some = values[::step]
    row = some[1:] == some[:-1]
    for _ in range(_LOOKS - 3):  # as many in a row as any long run has
        row = row[1:] & row[:-1]
    if not row.any():
        return None
    flat = np.zeros(len(values), bool)
    for first, last in _runs(np.flatnonzero(row)):
        begin, end = max(0, (first - 1) * step), (last + _LOOKS) * step
        for low, high in _equal(values[begin:end], filled[begin:end], length):
            flat[begin + low : begin + high] = True
    if not flat.any():
        return None
    rest = filled[1::step] & ~flat[1::step]
    equal = values[1::step] == values[:-1:step][: len(rest)]
    return flat if 2 * (equal & rest).sum() <= rest.sum() else None


def _runs(numbers: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of numbers that follow each other."""
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    yield from zip(numbers[[0, *(breaks + 1)]].tolist(), numbers[[*breaks, -1]].tolist(), strict=True)


def _equal(values: Numbers, filled: npt.NDArray[np.bool_], length: int) -> Iterator[tuple[int, int]]:
    """Yield beginnings and ends of what is recorded with one value, at least so many samples."""
    changes = (values[1:] != values[:-1]) | ~filled[1:] | ~filled[:-1]
    edges = np.concatenate([[0], np.flatnonzero(changes) + 1, [len(values)]])
    long = np.diff(edges) >= length
    yield from zip(edges[:-1][long].tolist(), edges[1:][long].tolist(), strict=True)


def _native(segment: Segment, record: Record) -> tuple[int, float]:
    """Return a segment's first sample on the channel's own grid, and how many seconds later it really is."""
    step_ns = 1e9 / record.rate_hz
    # In two parts, so that no digit is lost.
    whole, rest = divmod(segment.first_ns, round(step_ns)) if step_ns.is_integer() else (None, 0.0)
    if whole is not None:
        position = ((whole - record.first) / record.rate_hz + rest / 1e9) * segment.rate_hz
    else:
        position = (segment.first_ns / 1e9 - record.first / record.rate_hz) * segment.rate_hz
    at = int(np.floor(position + 0.5))
    return at, (position - at) / segment.rate_hz


def _merged(
    record: Record,
    segments: list[Segment],
    native: list[tuple[int, float]],
    low: int,
    high: int,
    name: str,
    found: Found,
) -> tuple[Numbers, npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Return values, which of them are recorded, and how late they are, from sample `low` to `high`."""
    kind = record.samples.dtype
    if len(segments) == 1 and segments[0].samples.dtype.kind == "i":
        at, behind = native[0]
        values = _scaled(segments[0].samples[low - at : high - at], record)
        return values, np.ones(len(values), bool), np.full(len(values), behind, np.float32)
    values, filled = np.zeros(high - low, kind), np.zeros(high - low, bool)
    late = np.zeros(high - low, np.float32)
    differ = np.zeros(high - low, bool)
    for segment, (at, behind) in zip(segments, native, strict=True):
        a, b = max(at, low), min(at + len(segment.samples), high)
        if a >= b:
            continue
        given: npt.NDArray[Any] = segment.samples[a - at : b - at]
        new = _scaled(given, record)
        here = slice(a - low, b - low)
        if given.dtype.kind == "i" and not filled[here].any():
            values[here], late[here], filled[here] = new, behind, True
            continue
        fine = np.isfinite(new)
        if not fine.all():
            found("channels have samples that are no numbers; taken for gaps", name)
        again = filled[here] & fine
        if again.any():
            other = again & (values[here] != new)
            how = "whose samples differ; taken for gaps" if other.any() else "with the same samples"
            found(f"channels have overlapping segments {how}", name)
            differ[here] |= other
        fresh = fine & ~filled[here]
        values[here][fresh] = new[fresh]
        late[here][fresh] = behind
        filled[here] |= fresh
    filled &= ~differ
    return values, filled, late


def _scaled(samples: npt.NDArray[Any], record: Record) -> Numbers:
    """Return samples as those of a record."""
    scaled: Numbers = (samples if record.unit == 1 else samples / record.unit).astype(record.samples.dtype)
    return scaled


def _put(record: Record, row: int, at: int, values: Numbers, late_s: float) -> None:
    """Put values from sample `at` of the record on, where nothing is yet."""
    a, b = max(at, 0), min(at + len(values), record.samples.shape[1])
    if a >= b:
        return
    known, values = record.recorded[:, a:b], values[a - at : b - at]
    if not known[row].any():
        record.samples[row, a:b] = values
    else:
        free = ~known[row]
        record.samples[row, a:b][free] = values[free]
    if not known.any():
        record.late_s[a:b] = late_s
    elif not (seen := known.any(0)).all():
        record.late_s[a:b][~seen] = late_s
    known[row] = True


def _stretches(filled: npt.NDArray[np.bool_], shortest: int) -> list[tuple[int, int]]:
    """Return beginnings and ends of what is recorded without a gap, and is not too short."""
    ended = np.concatenate([[False], filled, [False]])
    edges = np.array([0, len(filled)]) if filled.all() else np.flatnonzero(ended[1:] != ended[:-1])
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, stop) for start, stop in pairs if stop - start >= max(shortest, 1)]


def _name(segment: Segment) -> str:
    return ".".join(segment.code)


def _listed(rates: Sequence[float]) -> str:
    return " and ".join(f"{rate:g}" for rate in rates)
