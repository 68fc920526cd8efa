"""Labels laid over a section by the numbers of traces and by time, whatever the order of their file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from terrella.errors import InputError
from terrella.formats.sections.section import Corner, Samples, Section

Ints = npt.NDArray[np.int64]

_VOLUME = ("inline", "crossline")
_APART = 1e-3  # of the least distance between numbers, by which those of one trace may differ
_OFF = 0.1  # of a sample, by which times may miss each other


def laid_over(other: Section, section: Section) -> tuple[Section, list[str]]:
    """Return what belongs to a section, such as labels, in the section's own order, and notes.

    Traces are paired by their numbers, samples by time, where both files have them; else by position. The other
    file may hold more lines and times than the section.

    Raises:
        InputError: where numbers, times, intervals or, without them, sizes differ.
    """
    traces, wanted = other.shape[:-1], section.shape[:-1]
    if len(traces) != len(wanted) or any(a < b for a, b in zip(traces, wanted, strict=True)):
        raise InputError(_shapes(other, section))
    _check_interval(other, section)
    where, notes = _traces(other, section)
    where.append(_samples(other, section))
    without = [each.path for each in (other, section) if each.start is None]
    if len(without) == 1 and without[0].suffix != ".npy":  # which says of nothing where it is
        notes.append(f"{without[0]} does not say where its samples begin: they are paired by position")
    if all(len(w) == n and (w == np.arange(n)).all() for w, n in zip(where, other.shape, strict=True)):
        return other, notes
    notes.append(f"{other.path} is put into the order of {section.path}")
    ordered = Ordered(other.samples, tuple(where))
    taken = replace(other, samples=ordered, shape=section.shape, lines=section.lines, start=section.start)
    return replace(taken, gaps=None), notes  # traces that are missing read as NaN


@dataclass(frozen=True)
class Ordered:
    """Samples of a file in another order, along each axis."""

    samples: Samples
    where: tuple[Ints, ...]  # of each axis: where the file has what is asked for

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        first, *rest = (at[a:b] for at, a, b in zip(self.where, low, high, strict=True))
        return np.concatenate([self._box([run, *rest]) for run in _runs(first)])

    def _box(self, where: list[Ints]) -> npt.NDArray[Any]:
        least = [int(each.min()) for each in where]
        held = self.samples.read(tuple(least), tuple(int(each.max()) + 1 for each in where))
        return held[np.ix_(*(each - a for each, a in zip(where, least, strict=True)))]


def _runs(where: Ints) -> Iterator[Ints]:
    """Yield stretches that lie together in the file, so that no more is read than is asked for."""
    breaks = np.flatnonzero(np.abs(np.diff(where)) != 1) + 1
    yield from np.split(where, breaks)


def _traces(other: Section, section: Section) -> tuple[list[Ints], list[str]]:
    """Return where the other file has each trace, along each axis of traces."""
    names = _VOLUME if len(section.shape) == 3 else tuple(section.lines)
    shared = [name for name in names if name in section.lines and name in other.lines]
    axes = len(section.shape) - 1
    telling = [
        name for name in shared if _tells_apart(other.lines[name]) and _tells_apart(section.lines[name])
    ]
    if len(telling) >= axes:
        return [_of_numbers(name, other, section) for name in telling[:axes]], []
    if other.shape[:-1] != section.shape[:-1]:
        raise InputError(_shapes(other, section))
    if axes == 1 and shared:
        _check_order(shared[0], other, section)
        return [np.arange(section.shape[0])], []
    known = [each.path.name for each in (other, section) if each.lines]
    note = f"{other.path} and {section.path} share no numbers of lines: traces are paired by position"
    return [np.arange(n) for n in section.shape[:-1]], [note] if known else []


def _tells_apart(numbers: npt.NDArray[Any]) -> bool:
    return len(np.unique(numbers)) == len(numbers)


def _check_order(name: str, other: Section, section: Section) -> None:
    """Refuse traces in another order, where several have one number and none says which is which."""
    has, wanted = other.lines[name], section.lines[name]
    if len(differ := np.flatnonzero(has != wanted)):
        at = int(differ[0])
        raise InputError(
            f"{other.path} has {name} {_number(has[at])} in trace {at + 1:,}, {section.path} "
            f"{_number(wanted[at])}; several traces have one number: give both in one order"
        )


def _of_numbers(name: str, other: Section, section: Section) -> Ints:
    has, wanted = other.lines[name], section.lines[name]
    tree = cKDTree(_points(has))
    apart, where = tree.query(_points(wanted))
    if (lost := np.flatnonzero(~(apart <= _tolerance(tree, has, wanted)))).size:
        more = f", and {len(lost) - 1:,} others" if len(lost) > 1 else ""
        raise InputError(
            f"{other.path} does not have {name} {_number(wanted[lost[0]])} of {section.path}{more}; it has "
            f"{_number(has[0])} to {_number(has[-1])}: give files of the same lines"
        )
    return np.asarray(where, np.int64)


def _points(numbers: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.stack([numbers.real, numbers.imag], 1).astype(np.float64)


def _tolerance(tree: cKDTree, *numbers: npt.NDArray[Any]) -> float:
    """Return how far numbers of one trace may be apart: by their rounding, or little beside its neighbours."""
    neighbours, _ = tree.query(tree.data, k=[2])
    least = float(np.min(neighbours))
    ticks = (
        4 * float(np.finfo(each.dtype).eps * np.abs(each).max())
        for each in numbers
        if each.dtype.kind in "fc"
    )
    rounding = max(ticks, default=0.0)
    return min(max(_APART * least, rounding), least / 4) if np.isfinite(least) else rounding


def _samples(other: Section, section: Section) -> Ints:
    """Return where the other file has each sample."""
    n = section.shape[-1]
    if other.start is None or section.start is None:
        if n != other.shape[-1]:
            raise InputError(_shapes(other, section))
        return np.arange(n)
    late = (section.start - other.start) / section.interval
    first = round(late)
    if abs(late - first) > _OFF or first < 0 or first + n > other.shape[-1]:
        spans = [
            f"{n:,} samples of {each.interval:g} {each.unit} from {each.start:.12g} {each.unit} on"
            for each, n in ((other, other.shape[-1]), (section, n))
        ]
        raise InputError(
            f"{other.path} has {spans[0]}, {section.path} {spans[1]}: give files of the same samples"
        )
    return first + np.arange(n)


def _check_interval(other: Section, section: Section) -> None:
    apart = abs(other.interval - section.interval) * section.shape[-1]
    if other.unit != section.unit or apart > _OFF * section.interval:
        raise InputError(
            f"{other.path} has a sample every {other.interval:g} {other.unit}, {section.path} every "
            f"{section.interval:g} {section.unit}; give files of the same samples"
        )


def _shapes(other: Section, section: Section) -> str:
    return (
        f"{other.path}: labels of shape {other.shape}, but {section.path} has {section.shape}; every sample needs "
        "its own: 1, 0, or 255 where it is not known"
    )


def _number(value: Any) -> str:
    return f"({value.real:g}, {value.imag:g})" if np.iscomplexobj(value) else f"{value:g}"
