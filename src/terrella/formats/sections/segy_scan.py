"""One pass over the trace headers of a SEG-Y file: what all traces agree on, and the numbers that place them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections import segy_layout
from terrella.formats.sections.segy_layout import Layout, read_headers

OFFSET, SCALAR, UNITS, X, Y = 37, 71, 89, 181, 185
_KIND, _DELAY, _COUNT, _INTERVAL, _TIME_SCALAR = 29, 109, 115, 117, 215
_DEAD = 2
_AT_ONCE = 16 << 20  # bytes
_NAMED = 3  # different values

Numbers = npt.NDArray[np.int32]


@dataclass
class Seen:
    """Different values in the order of the traces, with the trace (from 1) that has each first: the first few."""

    first: dict[int, int] = field(default_factory=dict)

    def note(self, begin: int, values: npt.NDArray[np.int64], counted: npt.NDArray[np.bool_]) -> None:
        """Take notice of the values of traces from `begin` on, of those that count."""
        if len(self.first) >= _NAMED or not counted.any():
            return
        at = np.flatnonzero(counted)
        found, first = np.unique(values[at], return_index=True)
        for place in np.argsort(first):
            self.first.setdefault(int(found[place]), begin + int(at[first[place]]) + 1)

    def words(self, unit: str) -> str:
        """Name the values with their traces."""
        some = list(self.first.items())[:_NAMED]
        return ", ".join(f"{value:,}{unit} in trace {trace:,}" for value, trace in some)


@dataclass(frozen=True)
class Scan:
    """What the headers of all traces say."""

    numbers: Mapping[int, Numbers]  # (trace,) of each place that was asked for
    intervals_us: Seen  # but 0
    counts: Seen  # of samples, 0 where a trace does not say
    delays: Seen  # tenths of microseconds, but those of dead traces without any
    offsets: tuple[int, int]  # least and largest

    @property
    def prestack(self) -> bool:
        """Whether traces have different offsets of source and receiver."""
        return self.offsets[0] != self.offsets[1]


def scan(path: Path, layout: Layout, places: Sequence[int]) -> Scan:
    """Read the headers of all traces once; four bytes per trace and place are kept.

    Raises:
        InputError: where the file is unfinished, or traces do not have the samples that the binary header says.
    """
    n, little = layout.n_traces, layout.little_endian
    kept = {byte: np.empty(n, np.int32) for byte in places}
    intervals, counts, delays = Seen(), Seen(), Seen()
    offsets: list[int] = []
    each = layout.trace_bytes if layout.trace_bytes <= segy_layout.SMALL else layout.header_bytes
    at_once, full = max(1, _AT_ONCE // each), 0
    try:
        with path.open("rb", buffering=0) as file:
            for begin in range(0, n, at_once):
                headers = read_headers(file.fileno(), layout, range(begin, min(begin + at_once, n)))

                def get(byte: int, size: int = 4, headers: npt.NDArray[np.uint8] = headers) -> Numbers:
                    return segy_layout.field(headers, byte, little, size)

                for byte, values in kept.items():
                    values[begin : begin + len(headers)] = get(byte, 2 if byte == SCALAR else 4)
                interval, count = (get(byte, 2).astype(np.int64) & 0xFFFF for byte in (_INTERVAL, _COUNT))
                intervals.note(begin, interval, interval != 0)
                counts.note(begin, count, np.ones(len(count), bool))
                delay = _delays(get(_DELAY, 2), get(_TIME_SCALAR, 2), layout.revision)
                delays.note(begin, delay, (delay != 0) | (get(_KIND, 2) != _DEAD))
                offsets += [int(get(OFFSET).min()), int(get(OFFSET).max())]
                if (some := np.flatnonzero(headers.any(axis=1))).size:
                    full = begin + int(some[-1]) + 1
            if 0 < full < n and not _last(file.fileno(), layout).any():
                raise InputError(
                    f"{path}: it is unfinished: from trace {full + 1:,} of {n:,} on, headers and samples are 0; "
                    "write it again, or cut it after the last whole trace"
                )
    except EOFError:
        raise InputError(f"{path} became shorter while its headers were read") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error
    _check_counts(counts, layout, path)
    return Scan(kept, intervals, counts, delays, (min(offsets), max(offsets)))


def _delays(delay: Numbers, scalar: Numbers, revision: int) -> npt.NDArray[np.int64]:
    """Return delays, which the headers give in ms times a scalar, in tenths of microseconds."""
    tenths = delay.astype(np.int64) * 10_000
    known = np.isin(np.abs(scalar), (10, 100, 1000, 10_000)) & (revision > 0)
    by = np.where(known, np.abs(scalar.astype(np.int64)), 1)
    return np.where(scalar < 0, tenths // by, tenths * by)


def _last(file: int, layout: Layout) -> npt.NDArray[np.uint8]:
    whole = np.empty(layout.trace_bytes, np.uint8)
    segy_layout.read_bytes(file, layout.first_byte + (layout.n_traces - 1) * layout.trace_bytes, whole)
    return whole


def _check_counts(counts: Seen, layout: Layout, path: Path) -> None:
    """Refuse traces of other lengths than the binary header's; a wrong number that all have does no harm."""
    n = layout.n_samples
    if n > 0xFFFF or set(counts.first) <= {0, n}:
        return
    swapped = int.from_bytes(n.to_bytes(2, "big"), "little")
    if list(counts.first) == [swapped]:
        raise InputError(
            f"{path}: trace headers have their bytes swapped beside the binary header's: {swapped:,} samples for "
            f"{n:,}; write both in one order"
        )
    if len(counts.first) > 1 or layout.n_traces == 1:
        raise InputError(
            f"{path}: the binary header says {n:,} samples per trace, trace headers {counts.words('')} (bytes "
            "115-116): traces of different lengths are not read, or the number, the format code (bytes 3225-3226) "
            "or the length of headers is wrong"
        )
    own = next(iter(counts.first))
    both = layout.n_traces * layout.trace_bytes
    if both % (layout.header_bytes + own * layout.size) == 0:
        raise InputError(
            f"{path}: the binary header says {n:,} samples per trace, trace headers {own:,}; the file's size fits "
            "both, so that one of the headers must be put right"
        )
