"""Where the windows of a batch lie, and their samples cut from stores at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numba
import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.waveforms.components import COMPONENTS
from terrella.formats.waveforms.phases import phase_kind
from terrella.pick.feed.buffers import Buffers, Waves
from terrella.pick.feed.normalise import preparation, prepare_window
from terrella.pick.feed.recipes import Recipe
from terrella.pick.networks.architecture import Architecture
from terrella.pick.store import Store

Samples = npt.NDArray[np.int64]
Picks = npt.NDArray[np.int32]
Kept = npt.NDArray[np.float32 | np.float16]  # samples as stores have them

MISSING = -(2**30)  # of a pick relative to a window; a pick before the window is negative too


@dataclass(frozen=True, eq=False)
class Traces:
    """Traces of one or several stores, one after the other."""

    stores: tuple[Store, ...]
    store: Samples  # (trace,) number of its store
    offset: Samples  # (trace,) in the samples of its store
    length: Samples  # (trace,)
    p: Picks  # (trace, pick), -1 where there is none
    s: Picks  # (trace, pick)
    fixed: npt.NDArray[np.bool_]  # (trace,): in a store with few picks of S, detections last a fixed time

    def __len__(self) -> int:
        return len(self.store)

    @cached_property
    def picked(self) -> Samples:
        """The traces that have a pick."""
        return np.flatnonzero((self.p >= 0).any(1) | (self.s >= 0).any(1))


def traces_of(stores: Sequence[Store], split: str, phase: str | None = None) -> Traces:
    """Return the traces of a split; with a `phase`, those alone that have a pick of it.

    Raises:
        InputError: where there is none.
    """
    p, s = (_joined([_picks_of(each, kind) for each in stores]) for kind in ("P", "S"))
    chosen = np.concatenate([(each.split == split) & (each.length > 0) for each in stores])
    if phase is not None:
        chosen &= ((p if phase == "P" else s) >= 0).any(1)
    if not chosen.any():
        having = f" with a pick of {phase}" if phase else ""
        raise InputError(
            f"{', '.join(each.name for each in stores)}: no trace{having} in the split {split!r}; "
            "see the column split of its metadata"
        )
    number = np.repeat(np.arange(len(stores)), [len(each) for each in stores])
    offset, length = (
        np.concatenate([getattr(each, what) for each in stores]) for what in ("offset", "length")
    )
    # A store's picks of S are few where fewer than half of the traces with P have one.
    with_p, with_s = (np.bincount(number, (each >= 0).any(1), len(stores)) for each in (p, s))
    parts = (number, offset, length, p, s, (2 * with_s < with_p)[number])
    return Traces(tuple(stores), *(part[chosen] for part in parts))


def choose_starts(
    traces: Traces, indices: Samples, window: int, recipe: Recipe, drawn: npt.NDArray[np.float64]
) -> Samples:
    """Return the first sample of a random window of each trace; windows reach over the ends of short traces.

    A share of the windows lies around a pick of the trace, chosen at random; the others lie anywhere. `drawn` are
    three random numbers in [0, 1) for each window, (window, 3).
    """
    around, pick, place = drawn.T
    length = traces.length[indices]
    target = _random_pick(traces, indices, recipe.phase, pick)
    # A pick that was put outside its trace says nothing about where to look.
    near = (around < recipe.around_share) & (target >= 0) & (target < length)
    low = np.where(near, np.maximum(target - recipe.before, 0), 0)
    high = np.where(near, np.minimum(target - recipe.before + recipe.around, length), length)
    room = high - low - window  # negative where the stretch is shorter than a window
    first, last = np.minimum(low, low + room), np.maximum(low, low + room)
    starts: Samples = first + np.floor(place * (last - first + 1)).astype(np.int64)
    return starts


def picks_in(picks: Picks, starts: Samples) -> npt.NDArray[np.int64]:
    """Return picks (window, pick) relative to the starts of their windows; MISSING where there is none."""
    relative: npt.NDArray[np.int64] = np.where(picks >= 0, picks - starts[:, None], MISSING)
    return relative


def cut(
    traces: Traces,
    indices: Samples,
    starts: Samples,
    architecture: Architecture,
    prepared: bool = False,
    buffers: Buffers | None = None,
) -> Waves:
    """Return windows (window, component, sample) of traces, zero where they reach over a trace's ends.

    With `prepared`, they are as `Architecture.prepared` makes them. Their memory comes from `buffers`, if any.
    """
    shape = (len(indices), len(architecture.components), architecture.window)
    out = (buffers or Buffers()).take(shape)
    wanted = components_of(architecture)
    for number, store in enumerate(traces.stores):
        rows = np.flatnonzero(traces.store[indices] == number)
        own = indices[rows]
        places = (traces.offset[own], traces.length[own], starts[rows], wanted, rows)
        _cut(*compiled(store.samples), *places, out, prepared, *preparation(architecture))
    return out


def components_of(architecture: Architecture) -> Samples:
    """Return where in a store's traces a network's components lie."""
    return np.array([COMPONENTS.index(each) for each in architecture.components])


def compiled(samples: Kept) -> tuple[npt.NDArray[np.generic], Waves]:
    """Return samples as compiled code takes them, and the values of float16's bit patterns, which it knows not."""
    samples = samples.view(np.ndarray)  # nor does it know memory maps
    half = samples.dtype == np.float16
    return (samples.view(np.uint16), _half_values()) if half else (samples, _NO_VALUES)


def _picks_of(store: Store, kind: str) -> Picks:
    return store.picks[:, [phase_kind(name) == kind for name in store.phases]]


def _joined(tables: Sequence[Picks]) -> Picks:
    """Return tables below each other, filled up with missing picks to the widest."""
    width = max(1, *(table.shape[1] for table in tables))
    return np.concatenate(
        [np.pad(t, ((0, 0), (0, width - t.shape[1])), constant_values=-1) for t in tables]
    ).astype(np.int32)


def _random_pick(
    traces: Traces, indices: Samples, phase: str | None, number: npt.NDArray[np.float64]
) -> Samples:
    """Return one of each trace's picks, each equally likely; -1 where it has none."""
    wanted = [values for kind, values in (("P", traces.p), ("S", traces.s)) if phase in (kind, None)]
    picks = np.concatenate([values[indices] for values in wanted], axis=1).astype(np.int64)
    there = picks >= 0
    chosen = np.floor(number * there.sum(1)).astype(np.int64)
    # The column at which the count of picks so far reaches the chosen one.
    column = (np.cumsum(there, 1) <= chosen[:, None]).sum(1).clip(max=picks.shape[1] - 1)
    return np.take_along_axis(picks, column[:, None], 1)[:, 0]


_NO_VALUES = np.empty(0, np.float32)


@cache
def _half_values() -> Waves:
    """Return the value of each of float16's bit patterns."""
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)


@numba.njit(cache=True, inline="always")
def fill(row, value):
    """Set all of a row, which compiled code does faster so than by a slice."""
    for j in range(len(row)):
        row[j] = value


@numba.njit(cache=True, parallel=True)
def _cut(
    samples, values, offset, length, starts, components, rows, out, prepared, by_peak, each, rise, rounding
):
    for i in numba.prange(len(rows)):
        first, last = _inside(starts[i], length[i], out.shape[2])
        for k in range(len(components)):
            row = out[rows[i], k]
            fill(row[:first], np.float32(0))
            fill(row[last:], np.float32(0))
            at = offset[i] + components[k] * length[i] + starts[i]
            # Slices, since indices that cannot be negative let the loop be vectorised.
            copy(row[first:last], samples[at + first : at + last], values)
        if prepared:
            prepare_window(out[rows[i]], by_peak, each, rise, rounding)


@numba.njit(cache=True, inline="always")
def copy(row, source, values):
    """Copy samples; with a table of values they are numbers of its rows."""
    if len(values):
        for j in range(len(row)):
            row[j] = values[int(source[j])]
    else:
        for j in range(len(row)):
            row[j] = source[j]


@numba.njit(cache=True, inline="always")
def _inside(start, length, window):
    """Return which of a window's samples lie inside its trace."""
    first = min(max(-start, 0), window)
    return first, max(min(length - start, window), first)
