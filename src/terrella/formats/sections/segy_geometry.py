"""Whether the traces of a SEG-Y file are a volume on a regular grid, and how far apart they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.places import Numbers, Places, complete, placed
from terrella.formats.sections.segy_layout import Layout, field, read_headers
from terrella.formats.sections.segy_scan import OFFSET, SCALAR, UNITS, Scan, X, Y, scan

LinePlaces = tuple[int, int]  # bytes of a trace header, from 1, with inline and crossline numbers

# Where inline and crossline numbers lie: revision 1, and what was usual before it (field record and CDP).
_OLD = (9, 21)
_PLACES: tuple[LinePlaces, ...] = ((189, 193), _OLD)
_LAST_PLACE = 237
_LENGTH, _NOT_SAID = 1, 0  # units of coordinates; others are angles
_FOR_SPACING = 2000
_LONGEST_LINE = 1 << 22  # traces, above which the coordinates of all are not kept
_LEAST_STEP_M = 0.1  # between traces whose coordinates, of no given unit, could be degrees
_FEWEST = (
    0.5  # of the grid's places that have a trace, below which it is a crooked line, not a volume with gaps
)
_EVEN, _JUMP, _JUMP_OF_UNEVEN = 0.95, 2, 10  # share of even steps, and steps at once that are a jump


@dataclass(frozen=True)
class Geometry:
    """Where the traces of a file lie."""

    places: Places
    words: str
    spacing_m: float | None  # between neighbours on the last axis
    lines: Mapping[str, npt.NDArray[Any]]
    notes: tuple[str, ...]
    found: Scan


def read_geometry(path: Path, layout: Layout, lines: LinePlaces | None = None) -> Geometry:
    """Return how the traces of a file lie, after looking at the headers of all.

    Args:
        lines: where inline and crossline numbers lie, in place of where they usually do.

    Raises:
        InputError: where headers cannot be read, or several traces lie at one place of a volume.
    """
    if lines and not all(1 <= byte <= _LAST_PLACE for byte in lines):
        raise InputError(
            f"--inline-byte {lines[0]} --crossline-byte {lines[1]}: the first byte of each number was expected, "
            f"1 to {_LAST_PLACE}"
        )
    n, pairs = layout.n_traces, (lines,) if lines else _PLACES
    asked = sorted({byte for pair in pairs for byte in pair} | {21})
    found = scan(path, layout, [*asked, X, Y, SCALAR] if n <= _LONGEST_LINE else asked)
    reason = f"inline and crossline numbers (bytes {pairs[0][0]}, {pairs[0][1]}) do not both vary"
    expected = lines is not None
    for pair in pairs:
        guessed = pair == _OLD and lines is None
        grid = _volume(found, n, pair, guessed, path)
        if isinstance(grid, Places):
            return _of_volume(path, layout, found, grid, pair)
        if grid and not guessed:
            reason, expected = grid, True
    places, words = complete((n,), 0), f"a section of traces in the file's order: {reason}"
    spacing, said = _spacing(path, layout, places)
    numbers = _line_numbers(found, pairs[0])
    return Geometry(
        places, words, spacing,
        {name: each for name, each in numbers.items() if name != "coordinates" or len(np.unique(each)) == n},
        (*([words] if expected else []), *said, *_line_notes(found, numbers)), found,
    )  # fmt: skip


def _volume(found: Scan, n: int, pair: LinePlaces, guessed: bool, path: Path) -> Places | str | None:
    """Return the places of a volume's traces, why they are none, or None where numbers do not vary.

    Both numbers lie on an even grid, of which at least half the places have a trace, and no place has two.
    """
    numbers = [found.numbers[byte].astype(np.int64) for byte in pair]
    axes = [_even(values) for values in numbers]
    if any(count < 2 for *_, count in axes):
        return None
    shape, size = tuple(count for *_, count in axes), axes[0][2] * axes[1][2]
    if n < _FEWEST * size:
        return (
            f"its {shape[0]:,} inline and {shape[1]:,} crossline numbers (bytes {pair[0]}, {pair[1]}) make no "
            f"regular grid, of whose {size:,} places it would fill {n / size:.0%}"
        )
    if guessed and found.prestack:  # field records and their CDPs
        return "field records before stacking"
    cells = [(values - first) // step for values, (first, step, _) in zip(numbers, axes, strict=True)]
    rising = _sorted(cells, shape)
    if rising is None:
        _refuse_doubles(found, cells[0] * shape[1] + cells[1], numbers, pair, path)
        return placed(shape, 1, cells[0] * shape[1] + cells[1])
    fast, turned = rising
    for axis in range(2):
        if turned[axis]:
            cells[axis] = shape[axis] - 1 - cells[axis]
    return placed(shape, fast, cells[1 - fast] * shape[fast] + cells[fast])


def _even(numbers: Numbers) -> tuple[int, int, int]:
    """Return least number, step and count of an even axis that has all numbers."""
    least, largest = int(numbers.min()), int(numbers.max())
    step = int(np.gcd.reduce(np.unique(numbers) - least)) or 1
    return least, step, (largest - least) // step + 1


def _sorted(cells: list[Numbers], shape: tuple[int, ...]) -> tuple[int, tuple[bool, bool]] | None:
    """Return the axis along which a sorted file goes first, and which axes fall; None where it is not sorted."""
    turned = tuple(bool(np.sign(np.diff(each)).sum() < 0) for each in cells)
    own = [size - 1 - each if turn else each for each, turn, size in zip(cells, turned, shape, strict=True)]
    for fast in (1, 0):
        if (np.diff(own[1 - fast] * shape[fast] + own[fast]) > 0).all():
            return fast, (turned[0], turned[1])
    return None


def _refuse_doubles(found: Scan, cell: Numbers, numbers: list[Numbers], pair: LinePlaces, path: Path) -> None:
    """Raise `InputError` where two traces lie at one place."""
    order = np.argsort(cell, kind="stable")
    same = np.flatnonzero(np.diff(cell[order]) == 0)
    if not len(same):
        return
    one, other = (int(each) for each in order[same[0] : same[0] + 2])
    place = f"inline {numbers[0][one]} and crossline {numbers[1][one]} (bytes {pair[0]}, {pair[1]})"
    if found.prestack:
        raise InputError(
            f"{path} is prestack: traces share their place with others, such as {one + 1:,} and {other + 1:,} at "
            f"{place}, and offsets (bytes {OFFSET}-{OFFSET + 3}) differ; give a stack, or a file of one offset"
        )
    more = f", and {len(same) - 1:,} more are doubles" if len(same) > 1 else ""
    raise InputError(
        f"{path}: traces {one + 1:,} and {other + 1:,} both lie at {place}{more}; leave one of each out, or say "
        "where the numbers lie with --inline-byte and --crossline-byte"
    )


def _of_volume(path: Path, layout: Layout, found: Scan, places: Places, pair: LinePlaces) -> Geometry:
    shape, fast = places.shape, places.fast
    numbers = [found.numbers[byte].astype(np.int64) for byte in pair]
    turns = _sorted([(v - f) // s for v, (f, s, _) in zip(numbers, map(_even, numbers), strict=True)], shape)
    lines = {}
    for axis, name in enumerate(("inline", "crossline")):
        first, step, count = _even(numbers[axis])
        along = first + step * np.arange(count)
        lines[name] = along[::-1] if turns and turns[1][axis] else along
    by = f"sorted by {('crossline', 'inline')[fast]}" if turns else "not sorted in the file"
    words = f"{shape[0]} inlines × {shape[1]} crosslines, {by} (bytes {pair[0]}, {pair[1]})"
    if places.n_missing:
        words += (
            f"; {places.n_missing:,} of {shape[0] * shape[1]:,} traces are missing and count as dead"
            f"{_empty_lines(places, lines)}"
        )
    spacing, notes = _spacing(path, layout, places)
    return Geometry(places, words, spacing, lines, notes, found)


def _empty_lines(places: Places, lines: Mapping[str, Numbers]) -> str:
    """Name the lines that have no trace at all."""
    absent = places.absent((0, 0), places.shape)
    said = ""
    for axis, (name, numbers) in enumerate(lines.items()):
        if len(empty := numbers[absent.all(axis=1 - axis)]):
            some = ", ".join(map(str, empty[:3])) + (", ..." if len(empty) > 3 else "")
            said += f", among them all of {name}{'s' * (len(empty) > 1)} {some}"
    return said


def _line_numbers(found: Scan, pair: LinePlaces) -> dict[str, npt.NDArray[Any]]:
    """Return what may tell the traces of a line apart, the most usual first, of what varies."""
    named = {"CDP": 21, "crossline": pair[1], "inline": pair[0]}
    numbers: dict[str, npt.NDArray[Any]] = {name: found.numbers[byte] for name, byte in named.items()}
    if X in found.numbers:
        x, y = _coordinates(*(found.numbers[byte] for byte in (X, Y, SCALAR)))
        numbers["coordinates"] = x + 1j * y
    return {name: values for name, values in numbers.items() if (values != values[0]).any()}


def _line_notes(found: Scan, numbers: Mapping[str, npt.NDArray[Any]]) -> list[str]:
    """Say where a line jumps, or that it is none."""
    each = next(iter(numbers.values()), None)
    if found.prestack and (each is None or len(np.unique(each)) < len(each)):
        low, high = found.offsets
        return [
            f"offsets from {low:,} to {high:,} (bytes {OFFSET}-{OFFSET + 3}): gathers before stacking, whose "
            "traces are taken as neighbours in the file's order"
        ]
    if not numbers or len(next(iter(numbers.values()))) < 3:
        return []
    name, values = next(iter(numbers.items()))
    steps = np.abs(np.diff(values))
    usual = float(np.median(steps))
    if not usual:
        return []
    even = np.mean(np.abs(steps - usual) < 0.1 * usual) >= _EVEN
    jumps = np.flatnonzero(steps >= usual * (_JUMP if even else _JUMP_OF_UNEVEN))
    if not len(jumps):
        return []
    at = int(jumps[0])
    what = (
        f"coordinates jump by {steps[at]:,.6g}, otherwise {usual:,.6g},"
        if name == "coordinates"
        else f"the {name} number jumps from {values[at]} to {values[at + 1]}"
    )
    more = f"; so do {len(jumps) - 1:,} more" if len(jumps) > 1 else ""
    return [
        f"{what} between traces {at + 1:,} and {at + 2:,}, which are taken as neighbours{more}; split the line "
        "there if they are none"
    ]


def _coordinates(
    x: npt.NDArray[Any], y: npt.NDArray[Any], scalar: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    by = np.where(scalar == 0, 1.0, np.abs(scalar.astype(float)))
    by = np.where(scalar < 0, 1 / by, by)
    return x * by, y * by


def _spacing(path: Path, layout: Layout, places: Places) -> tuple[float | None, tuple[str, ...]]:
    """Return the median distance in m of neighbours on the last axis, or None where it is unknown, and notes."""
    pairs = places.neighbours(_FOR_SPACING)
    if not len(pairs):
        return None, ()
    try:
        with path.open("rb", buffering=0) as file:
            headers = read_headers(file.fileno(), layout, pairs.reshape(-1))
    except EOFError:
        raise InputError(f"{path} became shorter while its headers were read") from None
    little = layout.little_endian
    units = set(field(headers, UNITS, little, 2).tolist())
    x, y = _coordinates(
        field(headers, X, little),
        field(headers, Y, little),
        field(headers, SCALAR, little, 2).astype(np.int64),
    )
    median = float(np.median(np.hypot(np.diff(x.reshape(-1, 2)), np.diff(y.reshape(-1, 2)))))
    if not median or not units <= {_LENGTH, _NOT_SAID}:
        return None, ()
    if _LENGTH not in units:
        perhaps_degrees = (np.abs(x) <= 180).all() and (np.abs(y) <= 90).all() and median < _LEAST_STEP_M
        if layout.length_m is None or perhaps_degrees:
            return None, ("coordinates of no given unit (bytes 89-90): the distance of traces is not known",)
    if layout.length_m is None:
        return median, ("no system of measurement is given (bytes 3255-3256): lengths are taken as metres",)
    return median * layout.length_m, ()
