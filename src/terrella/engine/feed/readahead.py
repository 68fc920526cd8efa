"""The threads behind a stream: some read chunks in the order of their need, one assembles batches from them."""

import itertools
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np
import numpy.typing as npt
from torch import Tensor

from terrella.engine.feed.room import Room
from terrella.engine.feed.source import Batch, Chunked
from terrella.errors import TerrellaError

Indices = npt.NDArray[np.int64]


@dataclass(eq=False)
class _Open:
    """A chunk that has a slot."""

    slot: int
    uses: int = 0  # parts that are planned and not yet assembled
    ready: bool = False
    failure: BaseException | None = None


@dataclass(frozen=True, eq=False)
class _Wanted:
    """Samples of a batch that are gathered at once."""

    size: int  # of the whole batch
    rows: slice  # of the batch
    last: bool  # of its batch
    chunks: list[int]
    which: Indices  # (row,): the place in this list of each sample's chunk
    inside: Indices  # (row,): and its place in the chunk


@dataclass(frozen=True, eq=False)
class _Part:
    """The same, and where in the room each sample will be."""

    wanted: _Wanted
    place: Indices


class ReadAhead:
    """Batches of an order, read ahead by `readers` threads; close it to end them.

    A part of a batch is planned as soon as all its chunks have slots; a chunk keeps its slot until no planned part
    uses it and another chunk needs the room, the one that was needed longest ago first.
    """

    def __init__(
        self, source: Chunked, room: Room, order: Iterable[Tensor], chunks_at_once: int, readers: int
    ) -> None:
        self._source, self._room = source, room
        self._borders: Indices = source.borders.numpy()
        self._parts = _parts(order, self._borders, chunks_at_once)
        self._next = next(self._parts, None)
        self._free = list(range(room.slots))
        self._open: OrderedDict[int, _Open] = OrderedDict()  # that planned longest ago first
        self._plan: deque[_Part] = deque()
        self._todo: deque[int] = deque()
        # Apart from the lock, so that a training takes a batch at once; and several are made at a time, since the
        # thread that makes them, awake, may push the training's from its core.
        self._most = room.ready(self._next.size) if self._next else 1
        self._burst = max(1, self._most // 2)
        self._ready: SimpleQueue[Batch | BaseException | None] = SimpleQueue()
        self._taken: SimpleQueue[None] = SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._asked = threading.Condition(self._lock)  # there are chunks to read
        self._read = threading.Condition(self._lock)  # a chunk was read
        targets = [self._read_chunks] * readers + [self._assemble_batches]
        self._threads = [threading.Thread(target=target, daemon=True, name="feed") for target in targets]
        self._plan_on()
        for thread in self._threads:
            thread.start()

    def batches(self) -> Iterator[Batch]:
        """Yield the batches in order."""
        for taken in itertools.count(1):
            item = self._next_ready()
            if taken % self._burst == 0:
                self._taken.put(None)
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def _next_ready(self) -> Batch | BaseException | None:
        while True:
            try:
                return self._ready.get(timeout=1.0)
            except Empty:
                if not self._threads[-1].is_alive() and self._ready.empty():
                    message = "the thread that assembles batches is gone; start the training again"
                    raise TerrellaError(message) from None

    def close(self) -> None:
        """End the threads; one that is reading finishes its chunk."""
        with self._lock:
            self._closed = True
            self._asked.notify_all()
            self._read.notify()
        self._taken.put(None)
        for thread in self._threads:
            thread.join()

    def _plan_on(self) -> None:
        """Give slots to the chunks of as many parts as there is room for; the thread that assembles plans alone."""
        while self._next is not None:
            with self._lock:
                planned = self._planned(self._next)
            if not planned:
                return
            self._next = next(self._parts, None)

    def _planned(self, part: _Wanted) -> bool:
        """Plan a part if there is room for its chunks."""
        needed, which = part.chunks, part.which
        for each in needed:
            if each in self._open:
                self._open.move_to_end(each)
        missing = [each for each in needed if each not in self._open]
        if not self._make_room(len(missing), set(needed)):
            return False
        for each in missing:
            self._open[each] = _Open(self._free.pop())
            self._todo.append(each)
        for each in needed:
            self._open[each].uses += 1
        slots = np.array([self._open[each].slot for each in needed], np.int64)
        self._plan.append(_Part(part, slots[which] * self._room.largest + part.inside))
        self._asked.notify(len(missing))
        return True

    def _make_room(self, wanted: int, kept: set[int]) -> bool:
        """Take slots from chunks that no planned part needs; return whether `wanted` are free."""
        while len(self._free) < wanted:
            # Parts are assembled in order, so that the oldest is unused if any is.
            oldest = next(iter(self._open))
            if self._open[oldest].uses or oldest in kept:
                return False
            self._free.append(self._open.pop(oldest).slot)
        return True

    def _read_chunks(self) -> None:
        _let_others_go_on()
        while True:
            with self._lock:
                self._asked.wait_for(lambda: self._todo or self._closed)
                if self._closed:
                    return
                chunk = self._todo.popleft()
                opened = self._open[chunk]
            failure: BaseException | None = None
            try:
                size = int(self._borders[chunk + 1] - self._borders[chunk])
                self._source.read_chunk(chunk, self._room.slot(opened.slot, size))
            except BaseException as error:  # whatever ends a thread must end the training
                failure = error
            with self._lock:
                opened.ready, opened.failure = True, failure
                self._read.notify()
            if failure is not None:
                return

    def _assemble_batches(self) -> None:
        _let_others_go_on()
        ended: BaseException | None = None
        try:
            self._assemble()
        except TerrellaError as error:
            ended = error
        except BaseException as error:
            ended = TerrellaError(
                f"the thread that assembles batches ended with {type(error).__name__}: {error}"
            )
            ended.__cause__ = error
        self._ready.put(ended)

    def _assemble(self) -> None:
        batch: Batch = {}
        made = 0
        while True:
            with self._lock:
                self._read.wait_for(
                    lambda: self._closed or not self._plan or self._all_read(self._plan[0].wanted.chunks)
                )
                if self._closed or not self._plan:
                    return
                part = self._plan.popleft()
                wanted = part.wanted
                self._check(wanted.chunks)
            batch = batch or self._room.new_batch(wanted.size)
            for name, values in self._room.arrays.items():
                # NumPy's stays in this thread; torch's starts others, which wait for work on a core of the step.
                np.take(values, part.place, 0, batch[name][wanted.rows].numpy(), mode="clip")
            with self._lock:
                for chunk in wanted.chunks:
                    self._open[chunk].uses -= 1
            self._plan_on()
            if wanted.last:
                made += 1
                if made > self._most and (made - self._most - 1) % self._burst == 0:
                    self._taken.get()
                self._ready.put(batch)
                batch = {}

    def _all_read(self, chunks: list[int]) -> bool:
        opened = [self._open[chunk] for chunk in chunks]
        # A failed chunk ends the training at once: the thread that would read the others may be gone.
        return all(each.ready for each in opened) or any(each.failure for each in opened)

    def _check(self, chunks: list[int]) -> None:
        for chunk in chunks:
            failure = self._open[chunk].failure
            if isinstance(failure, TerrellaError):
                raise failure
            if failure is not None:
                reason = f"the reader thread ended with {type(failure).__name__}: {failure}"
                raise TerrellaError(f"{self._source.describe(chunk)}: {reason}") from failure


def _let_others_go_on() -> None:
    """Keep this thread, when it wakes, from pushing the training's from its core in the middle of a step."""
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _parts(order: Iterable[Tensor], borders: Indices, chunks_at_once: int) -> Iterator[_Wanted]:
    for each in order:
        indices = each.numpy()
        chunk = np.searchsorted(borders, indices, side="right") - 1
        inside = indices - borders[chunk]
        runs = [slice(0, len(indices))]
        if len(indices) > chunks_at_once:
            runs = _runs(chunk.tolist(), chunks_at_once)
        for run in runs:
            chunks, which = _by_last_use(chunk[run])
            yield _Wanted(len(indices), run, run.stop == len(indices), chunks, which, inside[run])


def _runs(chunks: list[int], at_once: int) -> list[slice]:
    """Return the runs of a list that hold no more than `at_once` different chunks each."""
    edges, seen = [0], set[int]()
    for place, chunk in enumerate(chunks):
        if chunk not in seen and len(seen) == at_once:
            edges.append(place)
            seen.clear()
        seen.add(chunk)
    return [slice(a, b) for a, b in itertools.pairwise([*edges, len(chunks)])]


def _by_last_use(chunk: Indices) -> tuple[list[int], Indices]:
    """Return the chunks, the one that is used last at the end, and for each sample where its chunk is listed."""
    found, which = np.unique(chunk, return_inverse=True)
    last = np.empty_like(found)
    last[which] = np.arange(len(chunk))  # of several, the last stays
    order = last.argsort()
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return found[order].tolist(), rank[which]
