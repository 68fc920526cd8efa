"""The threads behind a stream: some read chunks in the order of their need, one assembles batches from them."""

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.engine.feed.room import Room
from terrella.engine.feed.source import Batch, Chunked
from terrella.errors import TerrellaError

_WAITING = 3  # batches that are ready before they are asked for


@dataclass(eq=False)
class _Open:
    """A chunk that has a slot."""

    slot: int
    uses: int = 0  # parts that are planned and not yet assembled
    ready: bool = False
    failure: BaseException | None = None


@dataclass(frozen=True, eq=False)
class _Part:
    """Samples of a batch that are gathered at once: rows of the batch, and where in the room they come from."""

    size: int  # of the whole batch
    rows: slice
    place: Tensor
    chunks: list[int]
    last: bool  # of its batch


class ReadAhead:
    """Batches of an order, read ahead by `readers` threads; close it to end them.

    A part of a batch is planned as soon as all its chunks have slots; a chunk keeps its slot until no planned part
    uses it and another chunk needs the room, the one that was needed longest ago first.
    """

    def __init__(
        self, source: Chunked, room: Room, order: Iterable[Tensor], chunks_at_once: int, readers: int
    ) -> None:
        self._source, self._room = source, room
        self._borders = source.borders
        self._parts = _parts(order, self._borders, chunks_at_once)
        self._next: tuple[int, slice, Tensor, Tensor, bool] | None = next(self._parts, None)
        self._free = list(range(room.slots))
        self._open: OrderedDict[int, _Open] = OrderedDict()  # that planned longest ago first
        self._plan: deque[_Part] = deque()
        self._todo: deque[int] = deque()
        self._ready: deque[Batch | BaseException | None] = deque()
        self._closed = False
        self._changed = threading.Condition()
        targets = [self._read_chunks] * readers + [self._assemble_batches]
        self._threads = [threading.Thread(target=target, daemon=True, name="feed") for target in targets]
        with self._changed:
            self._plan_on()
        for thread in self._threads:
            thread.start()

    def batches(self) -> Iterator[Batch]:
        """Yield the batches in order."""
        while True:
            with self._changed:
                while not self._ready:
                    if not self._threads[-1].is_alive():
                        raise TerrellaError(
                            "the thread that assembles batches is gone; start the training again"
                        )
                    self._changed.wait(1.0)
                item = self._ready.popleft()
                self._changed.notify_all()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        """End the threads; one that is reading finishes its chunk."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _plan_on(self) -> None:
        """Give slots to the chunks of as many parts as there is room for."""
        while self._next is not None:
            size, rows, chunk, inside, last = self._next
            needed, which = _by_last_use(chunk)
            for each in needed:
                if each in self._open:
                    self._open.move_to_end(each)
            missing = [each for each in needed if each not in self._open]
            if not self._make_room(len(missing), set(needed)):
                return
            for each in missing:
                self._open[each] = _Open(self._free.pop())
                self._todo.append(each)
            for each in needed:
                self._open[each].uses += 1
            slots = torch.tensor([self._open[each].slot for each in needed], dtype=torch.int64)
            self._plan.append(_Part(size, rows, slots[which] * self._room.largest + inside, needed, last))
            self._next = next(self._parts, None)
            self._changed.notify_all()

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
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._todo or self._closed)
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
            with self._changed:
                opened.ready, opened.failure = True, failure
                self._changed.notify_all()
            if failure is not None:
                return

    def _assemble_batches(self) -> None:
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
        with self._changed:
            self._ready.append(ended)
            self._changed.notify_all()

    def _assemble(self) -> None:
        batch: Batch = {}
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closed or not self._plan or self._all_read(self._plan[0])
                )
                if self._closed or not self._plan:
                    return
                part = self._plan.popleft()
                self._check(part)
            batch = batch or self._room.new_batch(part.size)
            for name, values in self._room.samples.items():
                torch.index_select(values, 0, part.place, out=batch[name][part.rows])
            with self._changed:
                for chunk in part.chunks:
                    self._open[chunk].uses -= 1
                self._plan_on()
                if part.last:
                    self._changed.wait_for(lambda: self._closed or len(self._ready) < _WAITING)
                    self._ready.append(batch)
                    self._changed.notify_all()
                    batch = {}

    def _all_read(self, part: _Part) -> bool:
        opened = [self._open[chunk] for chunk in part.chunks]
        # A failed chunk ends the training at once: the thread that would read the others may be gone.
        return all(each.ready for each in opened) or any(each.failure for each in opened)

    def _check(self, part: _Part) -> None:
        for chunk in part.chunks:
            failure = self._open[chunk].failure
            if isinstance(failure, TerrellaError):
                raise failure
            if failure is not None:
                reason = f"the reader thread ended with {type(failure).__name__}: {failure}"
                raise TerrellaError(f"{self._source.describe(chunk)}: {reason}") from failure


def _parts(
    order: Iterable[Tensor], borders: Tensor, chunks_at_once: int
) -> Iterator[tuple[int, slice, Tensor, Tensor, bool]]:
    """Yield size of the batch, rows, chunk of each, place in the chunk, and whether it is the batch's last part."""
    for indices in order:
        chunk = torch.searchsorted(borders, indices, right=True) - 1
        inside = indices - borders[chunk]
        runs = [slice(0, len(indices))]
        if len(torch.unique(chunk)) > chunks_at_once:
            runs = _runs(chunk.tolist(), chunks_at_once)
        for run in runs:
            yield len(indices), run, chunk[run], inside[run], run.stop == len(indices)


def _runs(chunks: list[int], at_once: int) -> list[slice]:
    """Return the runs of a list that hold no more than `at_once` different chunks each."""
    edges, seen = [0], set[int]()
    for place, chunk in enumerate(chunks):
        if chunk not in seen and len(seen) == at_once:
            edges.append(place)
            seen.clear()
        seen.add(chunk)
    return [slice(a, b) for a, b in itertools.pairwise([*edges, len(chunks)])]


def _by_last_use(chunk: Tensor) -> tuple[list[int], Tensor]:
    """Return the chunks, the one that is used last at the end, and for each sample where its chunk is listed."""
    found, which = torch.unique(chunk, return_inverse=True)
    last = torch.zeros_like(found).scatter_reduce(0, which, torch.arange(len(chunk)), "amax")
    order = last.argsort()
    return found[order].tolist(), order.argsort()[which]
