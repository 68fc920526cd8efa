"""Whether the traces of a SEG-Y file are a volume on a regular grid, and how far apart they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terrella.errors import InputError
from terrella.formats.sections.places import Numbers, Places, complete
from terrella.formats.sections.segy_layout import Layout

# Where inline and crossline numbers lie: revision 1, and what was usual before it (field record and CDP).
_PLACES = ((189, 193), (9, 21))
_INTERVAL, _SCALAR, _X, _Y, _UNITS = 117, 71, 181, 185, 89
_AT_ONCE = 1 << 16
_FOR_SPACING = 2000
_FOOT_M = 0.3048
_FEWEST = (
    0.5  # of the grid's places that have a trace, below which it is a crooked line, not a volume with gaps
)


@dataclass(frozen=True)
class Geometry:
    """Where the traces of a file lie."""

    places: Places
    words: str
    spacing_m: float | None  # between neighbours on the last axis


def read_geometry(path: Path, layout: Layout) -> Geometry:
    """Return how the traces of a file lie, after looking at the headers of all.

    Raises:
        InputError: where segyio is not installed or cannot read the headers.
    """
    n = layout.n_traces
    with _headers(path, layout) as headers:
        found = next((grid for place in _PLACES if (grid := _grid(headers, n, *place))), None)
        found = found or _grid_with_gaps(headers, n, *_PLACES[0])
        if found is None:
            words = (
                "a section of traces in the file's order: inline and crossline numbers make no regular grid"
            )
            return Geometry(complete((n,), 0), words, _spacing(headers, layout, 1))
        places, words = found
        step = 1 if places.fast == 1 else places.shape[0]
        return Geometry(places, words, _spacing(headers, layout, step))


def other_interval(path: Path, layout: Layout) -> tuple[int, int] | None:
    """Return number (from 1) and interval (µs) of the first trace that differs from the first one, if any."""
    with _headers(path, layout) as headers:
        for first in range(0, layout.n_traces, _AT_ONCE):
            own = _numbers(headers, _INTERVAL, slice(first, first + _AT_ONCE)) & 0xFFFF
            odd = np.flatnonzero((own != 0) & (own != layout.trace_interval_us))
            if len(odd) and layout.trace_interval_us:
                return first + int(odd[0]) + 1, int(own[odd[0]])
    return None


@contextmanager
def _headers(path: Path, layout: Layout) -> Iterator[Any]:
    segyio = segyio_module()
    try:
        with segyio.open(
            str(path), ignore_geometry=True, endian="little" if layout.little_endian else "big"
        ) as file:
            if file.tracecount != layout.n_traces:
                raise InputError(f"{path}: segyio counts {file.tracecount:,} traces, not {layout.n_traces:,}")
            yield file
    except (RuntimeError, ValueError, OSError, IndexError, KeyError) as error:
        raise InputError(f"{path}: its headers cannot be read ({error})") from error


def segyio_module() -> Any:
    """Return segyio.

    Raises:
        InputError: where it is not installed.
    """
    try:
        import segyio
    except ImportError:
        raise InputError(
            "SEG-Y files are read with segyio, which is not installed: pip install 'terrella[segment]'"
        ) from None
    return segyio


def _numbers(headers: Any, field: int, where: slice) -> Numbers:
    return np.asarray(headers.attributes(field)[where], np.int64)


def _grid(headers: Any, n: int, inline: int, crossline: int) -> tuple[Places, str] | None:
    """Return the places and words of a complete volume (inline, crossline), or None where it is none."""
    for slow, fast, sorted_by in ((inline, crossline, "inline"), (crossline, inline, "crossline")):
        n_fast = _run(headers, slow, n)
        if not (1 < n_fast < n) or n % n_fast:
            continue
        n_slow = n // n_fast
        names = [_numbers(headers, slow, slice(0, n, n_fast)), _numbers(headers, fast, slice(0, n_fast))]
        if any(len(np.unique(each)) < len(each) for each in names):
            continue
        if _regular(headers, n, (slow, fast), names):
            shape, along = ((n_slow, n_fast), 1) if slow == inline else ((n_fast, n_slow), 0)
            words = f"{shape[0]} inlines × {shape[1]} crosslines, sorted by {sorted_by}"
            return complete(shape, along), f"{words} (bytes {inline}, {crossline})"
    return None


def _grid_with_gaps(headers: Any, n: int, inline: int, crossline: int) -> tuple[Places, str] | None:
    """Return the places and words of a sorted volume that misses traces, or None where it is none.

    Both numbers lie on an even grid, of which at least half the places have a trace, and no place has two.
    """
    axes = [_even_numbers(headers, n, field) for field in (inline, crossline)]
    if None in axes:
        return None
    shape = tuple(size for _, _, size in axes)  # type: ignore[misc]
    if min(shape) < 2 or n < _FEWEST * shape[0] * shape[1]:
        return None
    for fast, sorted_by in ((1, "inline"), (0, "crossline")):
        if (runs := _runs(headers, n, (inline, crossline), axes, fast)) is not None:
            places = Places(shape, fast, *runs)
            words = (
                f"{shape[0]} inlines × {shape[1]} crosslines, sorted by {sorted_by} (bytes {inline}, {crossline}); "
                f"{places.n_missing:,} of {shape[0] * shape[1]:,} traces are missing and count as dead"
            )
            return places, words
    return None


def _even_numbers(headers: Any, n: int, field: int) -> tuple[int, int, int] | None:
    """Return first number, step and count of an axis in the file's direction; None where there is one number."""
    first = int(_numbers(headers, field, slice(0, 1))[0])
    least, largest, step, turns = first, first, 0, 0
    for begin in range(0, n, _AT_ONCE):
        numbers = _numbers(headers, field, slice(begin, begin + _AT_ONCE))
        least, largest = min(least, int(numbers.min())), max(largest, int(numbers.max()))
        step = int(np.gcd.reduce(np.append(numbers - first, step)))
        turns += int(np.sign(np.diff(numbers)).sum())
    if step == 0:
        return None
    count = (largest - least) // step + 1
    return (least, step, count) if turns > 0 else (largest, -step, count)


def _runs(
    headers: Any, n: int, fields: tuple[int, int], axes: Any, fast: int
) -> tuple[Numbers, Numbers] | None:
    """Return first cells and traces of runs, and n; None where the file does not go from cell to later cell."""
    cells, traces, before = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], -2
    for begin in range(0, n, _AT_ONCE):
        at = [
            (_numbers(headers, field, slice(begin, begin + _AT_ONCE)) - first) // step
            for field, (first, step, _) in zip(fields, axes, strict=True)
        ]
        cell = at[1 - fast] * axes[fast][2] + at[fast]
        further = np.diff(cell, prepend=before)
        if (further < 1).any():
            return None
        starts = np.flatnonzero(further > 1)
        cells.append(cell[starts])
        traces.append(begin + starts)
        before = int(cell[-1])
    return np.concatenate(cells), np.concatenate([*traces, [n]])


def _run(headers: Any, field: int, n: int) -> int:
    """Return how many traces from the first on have its number."""
    own = None
    for first in range(0, n, _AT_ONCE):
        numbers = _numbers(headers, field, slice(first, first + _AT_ONCE))
        own = numbers[0] if own is None else own
        other = np.flatnonzero(numbers != own)
        if len(other):
            return first + int(other[0])
    return n


def _regular(headers: Any, n: int, fields: tuple[int, int], names: list[Numbers]) -> bool:
    n_fast = len(names[1])
    for first in range(0, n, _AT_ONCE):
        where = np.arange(first, min(first + _AT_ONCE, n))
        expected = (names[0][where // n_fast], names[1][where % n_fast])
        part = slice(first, first + len(where))
        if any((_numbers(headers, f, part) != e).any() for f, e in zip(fields, expected, strict=True)):
            return False
    return True


def _spacing(headers: Any, layout: Layout, step: int) -> float | None:
    """Return the median distance between traces `step` apart, or None where coordinates are none or degrees."""
    where = slice(0, min(layout.n_traces, _FOR_SPACING * step), step)
    x, y, scalar = (_numbers(headers, field, where).astype(float) for field in (_X, _Y, _SCALAR))
    if len(x) < 2 or _numbers(headers, _UNITS, slice(0, 1))[0] not in (0, 1):
        return None
    scale = np.where(scalar < 0, -1 / np.where(scalar, scalar, 1), np.where(scalar > 0, scalar, 1))
    distance = np.hypot(np.diff(x * scale), np.diff(y * scale))
    median = float(np.median(distance)) * (1.0 if layout.metres else _FOOT_M)
    return median if median > 0 else None
