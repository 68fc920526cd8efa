"""Arrays whose axes have names and coordinates, as NetCDF and zarr hold them: which is which, in which unit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.cf import decoded, encoding
from terrella.formats.sections.section import Unit
from terrella.formats.sections.steps import Steps, length_step_m, recorded, steps_of
from terrella.formats.sections.units import as_text, axis_unit

_TIME = re.compile(r"(t|times?|.*_time|time_.*|o?twt.*|owt.*|samples?|sample_.*|lag|tau)")
_DEPTH = re.compile(r"(depths?|depth_.*|.*_depth|z|tvd.*|z_.*)")
_INLINE = re.compile(r"(i|in_?)_?lines?|il")
_CROSSLINE = re.compile(r"(x|cross_?)_?lines?|xl")
_ALONG = re.compile(
    r"x|y|.*traces?|.*channels?|.*dist(ance)?|.*loc(us|i)|.*offsets?|cdp|cmp|fib(er|re)|stations?|receivers?|geophones?|"
    r"sensors?|shots?|lat.*|lon.*|i|j|rec|ch"
)

_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?")
_UTC = re.compile(r"\s*(Z|UTC|[+]00:?00)$")


@dataclass(frozen=True)
class Coordinate:
    """A coordinate along one axis, as stored."""

    name: str
    values: npt.NDArray[Any]
    attributes: Mapping[str, Any]

    @property
    def unit(self) -> tuple[float, Unit] | None:
        """Of the values: the factor to s or m, and which of them."""
        if self.values.dtype.kind in "mM":
            word, count = np.datetime_data(self.values.dtype)
            known = axis_unit(word)
            return None if known is None else (known[0] * count, known[1])
        return axis_unit(_said(self.attributes))


@dataclass(frozen=True)
class Labelled:
    """An array and what lies along its axes."""

    path: Path
    name: str
    dims: tuple[str, ...]  # empty names where the file gives none
    shape: tuple[int, ...]
    attributes: Mapping[str, Any]
    coordinates: Mapping[str, Sequence[Coordinate]]  # of each axis by name, its own first


@dataclass(frozen=True)
class Axes:
    """A section's axes in an array of a file."""

    order: tuple[int, ...]  # of the file's axes, the samples' last
    shape: tuple[int, ...]
    interval: float | None  # where the file says it
    unit: Unit | None
    spacing_m: float | None
    start: float | None  # of the first sample, in `unit`
    lines: Mapping[str, npt.NDArray[Any]]  # numbers of traces, by name
    notes: tuple[str, ...]


def find_axes(array: Labelled, interval: float | None, assumed: str | None = None) -> Axes:
    """Return how an array becomes a section; `assumed` is the unit that its kind of file leaves out.

    Raises:
        InputError: where no axis can be told to be that of the samples, or it is uneven and no interval is given.
    """
    last = _vertical(array)
    order = (*_along(array, last), last)
    shape = [array.shape[i] for i in order]
    step: float | None = None
    unit: Unit | None = None
    notes: list[str] = []
    if (found := _sample_coordinate(array, array.dims[last], assumed)) is not None:
        coordinate, known = found
        shape[-1], step, notes = _sampled(array.path, coordinate, known, interval)
        step, unit = (step, known[1]) if known else (None, None)
    spacing_m = _spacing_m(array, array.dims[order[-2]])
    start = _start(*found) if found is not None and step is not None else None
    if found is not None and start is not None and _is_height(found[0], unit):
        start = -start
    return Axes(order, tuple(shape), step, unit, spacing_m, start, _lines(array, order[:-1]), tuple(notes))


def _start(coordinate: Coordinate, known: tuple[float, Unit] | None) -> float | None:
    """Return where the samples begin, of dates in s since 1970; None where that cannot be told."""
    if known is None:
        return None
    first = _values(coordinate)[0][0]
    if coordinate.values.dtype.kind == "M":
        return float(first.astype("datetime64[ns]").view(np.int64)) * 1e-9
    _, since, epoch = _said(coordinate.attributes).partition(" since ")
    if not since:
        return float(first.view(np.int64) if first.dtype.kind == "m" else first) * known[0]
    try:
        if not _DATE.fullmatch(epoch := _UTC.sub("", epoch.strip())):
            return None
        begin = np.datetime64(epoch.replace(" ", "T"), "ns")
    except ValueError:
        return None
    return float(begin.view(np.int64)) * 1e-9 + float(first) * known[0]


def without_unit(array: Labelled, axes: Axes) -> str:
    """Return what the axis of samples says of itself, for a message that it is not enough."""
    name = array.dims[axes.order[-1]]
    held = array.coordinates.get(name, ())
    if not held:
        return f"its axis of samples{f' ({name})' if name else ''} has no coordinate"
    step, units = steps_of(held[0].values).step, _said(held[0].attributes)
    said = f"the unit {units!r}, which is neither a time nor a length" if units else "no unit"
    likely = f" (where it counts milliseconds, {step * 1e-3:g} s)" if not units and step >= 1 else ""
    return f"the coordinate {held[0].name}, in steps of {step:g}, has {said}{likely}"


def is_vertical(name: str) -> bool:
    """Tell whether an axis has a name of time or depth."""
    return bool(_TIME.fullmatch(name.lower()) or _DEPTH.fullmatch(name.lower()))


def named_unit(name: str) -> Unit:
    """Return the unit of an axis of samples that only has a name."""
    return "m" if _DEPTH.fullmatch(name.lower()) else "s"


def _vertical(array: Labelled) -> int:
    names = [name.lower() for name in array.dims]
    by_name = ([bool(form.fullmatch(name)) for name in names] for form in (_TIME, _DEPTH))
    for known in (_has_time(array), *by_name):
        if sum(known) == 1:
            return known.index(True)
    others = [i for i, name in enumerate(names) if not _is_along(name)]
    # Of names that mean nothing the last axis is that of the samples, as it is without names.
    if len(others) == 1 or (others and others[-1] == len(names) - 1 and not any(map(is_vertical, names))):
        return others[-1]
    raise InputError(
        f"{array.path}: which axis of {array.name or 'the array'} is that of the samples cannot be told from "
        f"{', '.join(array.dims)}; name it time, twt, sample or depth"
    )


def _is_along(name: str) -> bool:
    return bool(_ALONG.fullmatch(name) or _INLINE.fullmatch(name) or _CROSSLINE.fullmatch(name))


def _has_time(array: Labelled) -> list[bool]:
    """Tell for each axis whether its own coordinate is a time."""
    own = [[each for each in array.coordinates.get(name, ()) if each.name == name] for name in array.dims]
    return [bool(held) and (unit := held[0].unit) is not None and unit[1] == "s" for held in own]


def _along(array: Labelled, last: int) -> tuple[int, ...]:
    """Return the other axes, inlines before crosslines where they or their coordinates are named so."""
    rest = [i for i in range(len(array.dims)) if i != last]
    names = [{_line_name(array.dims[i]), *_lines(array, [i])} for i in rest]
    if len(rest) == 2 and ("crossline" in names[0] - names[1] or "inline" in names[1] - names[0]):
        rest.reverse()
    return tuple(rest)


def _sample_coordinate(
    array: Labelled, name: str, assumed: str | None
) -> tuple[Coordinate, tuple[float, Unit] | None] | None:
    """Return the coordinate of the samples and its unit, where it has one: the axis' own, or another that has."""
    held = array.coordinates.get(name, ())
    known = [(each, unit) for each in held if (unit := each.unit) is not None]
    if known:
        return min(known, key=lambda pair: (pair[0].name != name, pair[1][1] != "s"))
    if not held or held[0].name != name:
        return None
    return held[0], axis_unit(assumed or "") if not _said(held[0].attributes) else None


def _sampled(
    path: Path, coordinate: Coordinate, known: tuple[float, Unit] | None, interval: float | None
) -> tuple[int, float | None, list[str]]:
    """Return the number of samples, the step and notes of a coordinate, whose unit may not be known.

    Raises:
        InputError: where it is uneven or runs backwards, unless an interval is given, which is believed.
    """
    factor, unit = known or (1.0, "")
    values, fill = _values(coordinate)
    count = recorded(values, fill)
    notes = [unfinished(len(values) - count)] if 0 < count < len(values) else []
    if count < 2:
        return len(values), None, []
    steps = steps_of(values[:count])
    if (fault := fault_of(steps, coordinate.name, factor, unit)) and interval is None:
        raise InputError(f"{path}: {fault}; cut it there, or say --interval to take its samples as even")
    if fault:
        return count, None, [*notes, f"{fault}; read as even, as --interval says"]
    if (steps.step < 0) != _is_height(coordinate, unit) and steps.step:
        upwards = ", which is `positive: up`," if steps.step > 0 else ""
        raise InputError(f"{path}: {coordinate.name}{upwards} runs backwards; turn the array round along it")
    return count, abs(steps.step) * factor or None, notes


def _is_height(coordinate: Coordinate, unit: str | None) -> bool:
    """Tell whether values are heights, which fall downwards, and no times or depths."""
    if unit == "s" or coordinate.values.dtype.kind in "mM":
        return False
    upwards = as_text(coordinate.attributes.get("positive", "")).lower() == "up"
    values = coordinate.values
    return upwards or float(values[-1]) < min(0.0, float(values[0]))


def fault_of(steps: Steps, name: str, factor: float = 1.0, unit: str = "s") -> str:
    """Return where an axis is not even, in words; nothing where it is."""
    if steps.after is None:
        return ""
    return (
        f"{name} goes on by {_number(steps.jump * factor, unit)} after sample {steps.after:,}, where "
        f"{_number(steps.step * factor, unit)} is the rule"
    )


def _lines(array: Labelled, order: Sequence[int]) -> dict[str, npt.NDArray[Any]]:
    """Return the numbers along the other axes, where they tell traces apart, under the names that SEG-Y's have."""
    found = {}
    for axis in order:
        name = array.dims[axis]
        for each in array.coordinates.get(name, ()):
            values = _values(each)[0]
            if (
                values.dtype.kind in "fiu"
                and np.isfinite(values).all()
                and len(np.unique(values)) == len(values)
            ):
                # Unsigned numbers have no steps backwards.
                found[_line_name(each.name)] = (
                    values.astype(np.int64) if values.dtype.kind in "iu" else values
                )
    return found


def _line_name(name: str) -> str:
    known = {"inline": _INLINE, "crossline": _CROSSLINE, "CDP": re.compile("cdp|cmp")}
    return next((own for own, form in known.items() if form.fullmatch(name.lower())), name)


def _number(value: float, unit: str) -> str:
    return f"{value:g} {unit}".strip()


def unfinished(count: int) -> str:
    """Return that samples at the end were never recorded, as a line."""
    return f"the last {count:,} samples have no time, as of an unfinished record, and are left out"


def _values(coordinate: Coordinate) -> tuple[npt.NDArray[Any], Any]:
    """Return a coordinate's values, unpacked, and the value of what was never written."""
    held = encoding(coordinate.attributes)
    if set(held) - {"_FillValue", "missing_value"}:
        return decoded(coordinate.values, held), None
    return coordinate.values, held.get("_FillValue", held.get("missing_value"))  # integers keep their digits


def _spacing_m(array: Labelled, name: str) -> float | None:
    """Return the distance between neighbours, where the one coordinate that is a length along them is even."""
    lengths = [
        (each, unit) for each in array.coordinates.get(name, ()) if (unit := each.unit) and unit[1] == "m"
    ]
    if len(lengths) != 1:
        lengths = [pair for pair in lengths if pair[0].name == name]
    if not lengths:
        return None
    coordinate = lengths[0][0]
    return length_step_m(_values(coordinate)[0], _said(coordinate.attributes))


def _said(attributes: Mapping[str, Any]) -> str:
    """Return the unit in words: the CF conventions' attribute, or MDIO's, such as {"time": "ms"}."""
    held = attributes.get("unitsV1")
    mdio = as_text(next(iter(held.values()))) if isinstance(held, Mapping) and held else ""
    return as_text(attributes.get("units", attributes.get("unit", ""))) or mdio
