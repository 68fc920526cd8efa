"""A stretch of one station's record on the grid of the network's rate, whatever its files were like."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.formats.waveforms.archive import Segment
from terrella.formats.waveforms.miniseed import Found
from terrella.pick.continuous.resample import margin, rate_ratio, resampled

# Which letters may stand for a component, in order of preference.
_LETTERS = {"Z": "Z3", "N": "N1", "E": "E2"}
_SAME_RATE = 1e-6  # relative; then samples are not resampled
MARGIN_S = 60.0  # to read on both sides of a stretch, more than any filter reaches


@dataclass(frozen=True, eq=False)
class Record:
    """Samples at multiples of 1 / rate_hz since 1970, and a little later where the record was not resampled."""

    first: int  # grid sample
    samples: npt.NDArray[np.float32]  # (component, sample); what is not recorded is zero
    recorded: npt.NDArray[np.bool_]  # (component, sample)
    rate_hz: float
    late_s: npt.NDArray[np.float32]  # (sample,): time of the sample minus that of the grid

    @property
    def end(self) -> int:
        """The grid sample after the last."""
        return self.first + self.samples.shape[1]


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

    Not recorded, and zero, is what is no number, a constant stretch of a second or more, where samples of the same
    time differ, and what is shorter than `shortest_s`. Of two sampling rates at the same time the higher counts.
    """
    record = Record(
        first,
        np.zeros((len(components), end - first), np.float32),
        np.zeros((len(components), end - first), bool),
        rate_hz,
        np.zeros(end - first, np.float32),
    )
    letters = {each.code[3][-1:] for each in segments}
    for row, component in enumerate(components):
        letter = next((one for one in _LETTERS[component] if one in letters), None)
        mine = [each for each in segments if each.code[3][-1:] == letter]
        rates = sorted({round(each.rate_hz, 4) for each in mine}, reverse=True)
        if len(rates) > 1:
            found("channels have several sampling rates at once", f"{_name(mine[0])}: {_listed(rates)} Hz")
        for rate in rates:
            _fill(record, row, [each for each in mine if round(each.rate_hz, 4) == rate], found, shortest_s)
    return record


def _fill(record: Record, row: int, segments: list[Segment], found: Found, shortest_s: float) -> None:
    """Put the segments of one channel and rate where the record has nothing yet."""
    name, from_hz = _name(segments[0]), segments[0].rate_hz
    same = abs(from_hz / record.rate_hz - 1) <= _SAME_RATE
    ratio = rate_ratio(record.rate_hz, from_hz)
    if ratio is None:
        found(
            f"channels have a rate that is no simple ratio to {record.rate_hz:g} Hz; left out",
            f"{name}: {from_hz:g} Hz",
        )
        return
    # Sample k of the channel's own grid lies k / from_hz after the record's first.
    native = [_native(each, record) for each in segments]
    reach = 0 if same else margin(ratio)
    low = max(min(at for at, _ in native), -reach - round(MARGIN_S * from_hz))
    high = min(
        max(at + len(each.samples) for (at, _), each in zip(native, segments, strict=True)),
        int(record.samples.shape[1] * from_hz / record.rate_hz) + reach + round(MARGIN_S * from_hz),
    )
    if low >= high:
        return
    values, filled, late = _merged(segments, native, low, high, name, found)
    for start, stop in _stretches(filled, round(shortest_s * from_hz)):
        part = values[start:stop]
        if stop - start >= from_hz and part.min() == part.max():
            found("channels have constant stretches; taken for gaps", name)
            continue
        at = low + start
        if same:
            _put(record, row, at, part, np.full(len(part), late[start], np.float32))
            continue
        # Position of a grid sample g of this record in `part`: (g - origin) * per_sample.
        per_sample = from_hz / record.rate_hz
        origin = at / per_sample + float(late[start]) * record.rate_hz
        begin, ending = int(np.ceil(origin)), int(np.floor(origin + (len(part) - 1) / per_sample)) + 1
        begin, ending = max(begin, 0), min(ending, record.samples.shape[1])
        if begin < ending:
            offset = record.first
            new = resampled(part, origin + offset, per_sample, ratio, begin + offset, ending + offset)
            _put(record, row, begin, new, np.zeros(len(new), np.float32))


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
    segments: list[Segment],
    native: list[tuple[int, float]],
    low: int,
    high: int,
    name: str,
    found: Found,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Return values, which of them are recorded, and how late they are, from sample `low` to `high`."""
    values, filled = np.zeros(high - low, np.float32), np.zeros(high - low, bool)
    late = np.zeros(high - low, np.float32)
    differ = np.zeros(high - low, bool)
    for segment, (at, behind) in zip(segments, native, strict=True):
        a, b = max(at, low), min(at + len(segment.samples), high)
        if a >= b:
            continue
        new = segment.samples[a - at : b - at].astype(np.float32)
        fine = np.isfinite(new)
        if not fine.all():
            found("channels have samples that are no numbers; taken for gaps", name)
        here = slice(a - low, b - low)
        again = filled[here] & fine
        if again.any():
            other = again & (values[here] != new)
            kind = "whose samples differ; taken for gaps" if other.any() else "with the same samples"
            found(f"channels have overlapping segments {kind}", name)
            differ[here] |= other
        fresh = fine & ~filled[here]
        values[here][fresh] = new[fresh]
        late[here][fresh] = behind
        filled[here] |= fresh
    filled &= ~differ
    return values, filled, late


def _put(
    record: Record,
    row: int,
    at: int,
    values: npt.NDArray[np.float32],
    late: npt.NDArray[np.float32],
) -> None:
    """Put values from sample `at` of the record on, where nothing is yet."""
    a, b = max(at, 0), min(at + len(values), record.samples.shape[1])
    if a >= b:
        return
    free = ~record.recorded[row, a:b]
    record.samples[row, a:b][free] = values[a - at : b - at][free]
    first_of_all = free & ~record.recorded[:, a:b].any(0)
    record.late_s[a:b][first_of_all] = late[a - at : b - at][first_of_all]
    record.recorded[row, a:b] = True


def _stretches(filled: npt.NDArray[np.bool_], shortest: int) -> list[tuple[int, int]]:
    """Return beginnings and ends of what is recorded without a gap, and is not too short."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]]).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, stop) for start, stop in pairs if stop - start >= max(shortest, 1)]


def _name(segment: Segment) -> str:
    return ".".join(segment.code)


def _listed(rates: Sequence[float]) -> str:
    return " and ".join(f"{rate:g}" for rate in rates)
