"""Which instrument of a station to use when: by what each has recorded, then by its kind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from terrella.formats.waveforms.miniseed import Code
from terrella.formats.waveforms.orientation import place

# Broadband before short-period, weak before strong motion.
PREFERRED = ("HH", "BH", "EH", "SH", "CH", "DH", "HN", "EN", "BN")
_KINDS = {"HH": 0, "BH": 0, "EH": 1, "SH": 1, "CH": 1, "DH": 1, "HN": 2, "EN": 2, "BN": 2}
_SLOW = "MLVURPTQ"  # SEED's bands below 10 Hz, in which no onset is seen; used where there is nothing else

HOLE_NS = 60 * 10**9  # without record, from which another instrument takes over
_BREAK_NS = 600 * 10**9  # of record that a hole is worth: not to switch back and forth
_ENOUGH = 0.5  # of what the fullest instrument has recorded makes another its equal

Spans = list[tuple[int, int]]
Recorded = Mapping[Code, Sequence[tuple[int, int]]]  # beginnings and ends, ns
_Key = tuple[str, str]  # location, instrument


@dataclass(frozen=True)
class Stretch:
    """The channels of one instrument to use between two times."""

    codes: tuple[Code, ...]
    first_ns: int
    end_ns: int

    @property
    def name(self) -> str:
        """Location and instrument, such as 00.HH."""
        return instrument_name(self.codes)


def instrument_name(codes: Sequence[Code]) -> str:
    """Return location and instrument of channels, such as 00.HH."""
    spot = place(codes[0][3])
    return f"{codes[0][2]}.{spot.instrument if spot else ''}".strip(".")


def stretches(recorded: Recorded, first_ns: int, end_ns: int) -> list[Stretch]:
    """Return the instruments of a station to use between two times, in order of time.

    The preferred instrument is the first by kind, number of components, location of those that recorded at least
    half of what the fullest did; where it has a hole of a minute or more, the others take over by the same rule.
    """
    return _stretches(_grouped(recorded), first_ns, end_ns)


def passed_over(recorded: Recorded, used: Sequence[Stretch], first_ns: int, end_ns: int) -> list[str]:
    """Return the instruments of a kind before all used ones that recorded less, in time or components."""
    names = {each.name for each in used}
    least = min((kind(name.rpartition(".")[2]) for name in names), default=0)
    every = map(instrument_name, ordered(recorded, first_ns, end_ns))
    return [name for name in every if name not in names and kind(name.rpartition(".")[2]) < least]


def ordered(recorded: Recorded, first_ns: int, end_ns: int) -> list[tuple[Code, ...]]:
    """Return the channels of each instrument that recorded between two times, the preferred one first."""
    groups, found = _grouped(recorded), []
    while (best := _best(groups, first_ns, end_ns)) is not None:
        found.append(tuple(sorted(groups.pop(best))))
    return found


def is_whole(recorded: Recorded, first_ns: int, end_ns: int) -> bool:
    """Return whether an instrument recorded between two times on three components without a hole."""
    return any(
        sum(
            any(low < first_ns + HOLE_NS and high > end_ns - HOLE_NS for low, high in spans)
            for spans in group.values()
        )
        >= 3
        for group in _grouped(recorded).values()
    )


def _grouped(recorded: Recorded) -> dict[_Key, dict[Code, Spans]]:
    groups: dict[_Key, dict[Code, Spans]] = defaultdict(dict)
    for code, spans in sorted(recorded.items()):
        if (spot := place(code[3])) is not None and spot.component and spans:
            groups[code[2], spot.instrument][code] = joined(spans)
    return dict(groups)


def _stretches(groups: dict[_Key, dict[Code, Spans]], first_ns: int, end_ns: int) -> list[Stretch]:
    best = _best(groups, first_ns, end_ns)
    if best is None:
        return []
    others = {key: group for key, group in groups.items() if key != best}
    codes = tuple(groups[best])
    spans = _between(joined(span for each in groups[best].values() for span in each), first_ns, end_ns)
    found, begin = [], first_ns
    edges = [first_ns, *(edge for span in spans for edge in span), end_ns]
    for low, high in zip(edges[::2], edges[1::2], strict=True):
        if high - low < HOLE_NS or not (inside := _stretches(others, low, high)):
            continue
        if low > begin:
            found.append(Stretch(codes, begin, low))
        found += inside
        begin = high
    return [*found, Stretch(codes, begin, end_ns)] if begin < end_ns else found


def _best(groups: Mapping[_Key, Mapping[Code, Spans]], first_ns: int, end_ns: int) -> _Key | None:
    """Return the preferred of the instruments that recorded anything between two times."""
    heard = {
        key: {code: _total(_between(spans, first_ns, end_ns)) for code, spans in group.items()}
        for key, group in groups.items()
    }
    known = [key for key in groups if any(heard[key].values())]
    if fast := [key for key in known if key[1][:1] not in _SLOW or len(key[1]) != 2]:
        known = fast
    if not known:
        return None
    worth = {key: _worth(groups[key].values(), first_ns, end_ns) for key in known}
    enough = min(_ENOUGH * max(worth.values()), max(worth.values()))

    def rank(key: _Key) -> tuple[int, int, int, str, str]:
        most = max(heard[key].values())
        components = sum(each >= _ENOUGH * most for each in heard[key].values())
        return _KINDS.get(key[1], 3), -min(components, 3), kind(key[1]), *key

    return min((key for key in known if worth[key] >= enough), key=rank)


def kind(instrument: str) -> int:
    """Return the place of an instrument's kind in `PREFERRED`, or that after the last."""
    return PREFERRED.index(instrument) if instrument in PREFERRED else len(PREFERRED)


def _worth(channels: Iterable[Spans], first_ns: int, end_ns: int) -> int:
    """Return how long any channel recorded, less for each hole."""
    spans = _between(joined(span for each in channels for span in each), first_ns, end_ns)
    return _total(spans) - _BREAK_NS * (len(spans) - 1)


def joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return spans in order of time, those joined that lie less than a hole apart."""
    found: list[tuple[int, int]] = []
    for first, end in sorted(spans):
        if found and first - found[-1][1] < HOLE_NS:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((first, end))
    return found


def _between(spans: Iterable[tuple[int, int]], first_ns: int, end_ns: int) -> Spans:
    inside = [(max(first, first_ns), min(end, end_ns)) for first, end in spans]
    return [(first, end) for first, end in inside if first < end]


def _total(spans: Spans) -> int:
    return sum(end - first for first, end in spans)
