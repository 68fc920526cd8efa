"""Windows cut from traces on disk: neighbours are read at once, past the page cache."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt

from terrella.formats.records.record_store import flat_reader, readable
from terrella.formats.records.unchanged import Unchanged
from terrella.pick.feed.buffers import Waves
from terrella.pick.feed.windows import Kept, Samples, Traces, compiled, components_of, copy
from terrella.pick.networks.architecture import Architecture
from terrella.pick.store import Store

# From a first to before a last of a store's samples, until the thread reads again.
Reader = Callable[[int, int], Kept]

_GAP_BYTES = 1 << 18  # unused ones that are read rather than asking twice
_MOST_BYTES = 4 << 20  # read at once

_of_thread = threading.local()


def reader(store: Store) -> Reader:
    """Return the reader of a store's samples; of a file, if they are memory-mapped.

    It raises InputError where the file is cut short, or changed since.
    """
    samples = store.samples
    if not isinstance(samples, np.memmap) or samples.filename is None:
        return lambda first, last: samples[first:last]
    path, unchanged = Path(samples.filename), Unchanged()
    with readable(path):
        unchanged.note(path, path.stat())
    fill = flat_reader(path, unchanged, samples.offset, samples.dtype, samples.itemsize)

    def read(first: int, last: int) -> Kept:
        out: Kept = _memory((last - first) * samples.itemsize).view(samples.dtype)
        with readable(path, f"samples {first:,} to {last - 1:,}"):
            fill(first, last, out)
        return out

    return read


def cut_from_disk(
    readers: Sequence[Reader],
    traces: Traces,
    indices: Samples,
    starts: Samples,
    architecture: Architecture,
    out: Waves,
) -> None:
    """Do what `windows.cut` does, into `out` (window, component, sample); several threads may do so at once.

    A piece is a component's part of a window; pieces that lie close together are read together.
    """
    wanted, window = components_of(architecture), architecture.window
    length = np.repeat(traces.length[indices], len(wanted))
    start, store = np.repeat(starts, len(wanted)), np.repeat(traces.store[indices], len(wanted))
    at = np.repeat(traces.offset[indices], len(wanted)) + np.tile(wanted, len(indices)) * length + start
    first = np.clip(-start, 0, window)
    last = np.maximum(np.clip(length - start, 0, window), first)
    rows = out.reshape(-1, window)
    rows[(first > 0) | (last < window)] = 0
    item = np.array([each.samples.itemsize for each in traces.stores])
    for some in _together(store, at + first, at + last, item):
        begin, end = int((at + first)[some].min()), int((at + last)[some].max())
        samples, values = compiled(readers[store[some[0]]](begin, end))
        _copy_pieces(samples, values, at[some] - begin, first[some], last[some], some, rows)


def _memory(size: int) -> npt.NDArray[np.uint8]:
    """Return memory of this thread: to fetch new pages takes longer than to fill them."""
    if len(getattr(_of_thread, "memory", ())) < size:
        _of_thread.memory = np.empty(size, np.uint8)
    memory: npt.NDArray[np.uint8] = _of_thread.memory
    return memory[:size]


def _together(store: Samples, begin: Samples, end: Samples, item: Samples) -> Iterator[Samples]:
    """Yield the pieces that are read together; those that hold no sample are left out."""
    order = np.lexsort((begin, store))
    order = order[begin[order] < end[order]]
    store, begin, end = store[order], begin[order], end[order]
    gap = (begin[1:] - end[:-1]) * item[store[1:]]
    far = gap > _GAP_BYTES
    far |= np.diff(begin * item[store] // _MOST_BYTES) != 0
    far |= np.diff(store) != 0
    yield from (some for some in np.split(order, np.flatnonzero(far) + 1) if len(some))


@numba.njit(cache=True, nogil=True)
def _copy_pieces(
    samples: npt.NDArray[np.generic],
    values: Waves,
    at: Samples,
    first: Samples,
    last: Samples,
    pieces: Samples,
    rows: Waves,
) -> None:
    for i in range(len(pieces)):
        copy(rows[pieces[i], first[i] : last[i]], samples[at[i] + first[i] : at[i] + last[i]], values)
