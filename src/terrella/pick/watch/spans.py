"""Spans of time, in ns: what is to be picked, and on which instrument it was."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from terrella.formats.waveforms.instruments import Stretch

Spans = list[tuple[int, int]]


def united(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return spans in order of time, those joined that touch."""
    found: Spans = []
    for first, end in sorted(spans):
        if first >= end:
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((first, end))
    return found


def within(spans: Iterable[tuple[int, int]], first_ns: int, end_ns: int) -> Spans:
    """Return the parts of spans between two times."""
    inside = [(max(first, first_ns), min(end, end_ns)) for first, end in spans]
    return [(first, end) for first, end in inside if first < end]


def differing(before: Sequence[Stretch], now: Sequence[Stretch]) -> Spans:
    """Return where the channels to use are others than before, as far as both say any."""
    edges = sorted({edge for each in (*before, *now) for edge in (each.first_ns, each.end_ns)})
    return united(
        (low, high)
        for low, high in pairwise(edges)
        if (old := _codes(before, low)) and (new := _codes(now, low)) and old != new
    )


def succeeded(before: Sequence[Stretch], now: Sequence[Stretch]) -> list[Stretch]:
    """Return what is used now, and what was used before where nothing is said now."""
    end = max((each.end_ns for each in now), default=0)
    later = [
        Stretch(each.codes, max(each.first_ns, end), each.end_ns) for each in before if each.end_ns > end
    ]
    return [*now, *later]


def _codes(used: Sequence[Stretch], time_ns: int) -> tuple[object, ...]:
    return next((each.codes for each in used if each.first_ns <= time_ns < each.end_ns), ())
