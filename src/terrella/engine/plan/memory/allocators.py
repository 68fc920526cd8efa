"""What allocators make of a step's births and deaths: the memory that a process or a device holds at its peak.

Blocks alive are not all: an allocator that keeps what is freed leaves holes between them. Both that matter here,
glibc's heap and CUDA's caching allocator, look for the smallest hole that is large enough; so they are followed
block by block.
"""

from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import replace

from terrella.engine.plan.memory.trace import Trace

_PAGE = 4096
_MAPPED = 128 << 10  # glibc maps larger blocks where freed memory is returned
_HEADER, _ALIGNMENT = 16, 64  # of a block in glibc's heap, as torch asks for it
# An aligned block is looked for with room to spare, which small objects take once it is left over.
_SLACK = 96
_MIB = 1 << 20


def returned_peak(trace: Trace) -> int:
    """Return the peak where large blocks are mapped one by one and unmapped when freed."""
    mapped = {
        number: -(-(block.bytes + _HEADER) // _PAGE) * _PAGE
        for number, block in enumerate(trace.blocks)
        if block.bytes >= _MAPPED
    }
    return _peak(trace, _Heap(_grown, _SLACK), lambda number, size: mapped.get(number))


def kept_peak(trace: Trace) -> int:
    """Return the peak where freed blocks stay in glibc's heap for the next ones.

    A block's spare bytes count: earlier blocks have written to them.
    """
    blocks = [replace(block, bytes=block.bytes + block.spare, spare=0) for block in trace.blocks]
    trace = replace(trace, blocks=blocks)
    return _peak(trace, _Heap(_grown, _SLACK), lambda number, size: None)


def cached_peak(trace: Trace) -> int:
    """Return the bytes that CUDA's caching allocator reserves.

    Blocks are multiples of 512 bytes; up to 1 MiB they come from segments of 2 MiB, up to 10 MiB from segments of
    20 MiB, larger ones have segments of their own in steps of 2 MiB (c10/cuda/CUDACachingAllocator.cpp).
    """
    small, large = _Heap(lambda size: 2 * _MIB), _Heap(_segment)
    reserved = 0
    where: dict[int, tuple[_Heap, int]] = {}
    for moment in trace.moments:
        if moment >= 0:
            size = -(-max(trace.blocks[moment].bytes, 1) // 512) * 512
            heap = small if size <= _MIB else large
            where[moment] = (heap, heap.take(size))
        else:
            heap, place = where.pop(-1 - moment)
            heap.give(place)
        reserved = max(reserved, small.extent + large.extent)
    return reserved


def _segment(size: int) -> int:
    return 20 * _MIB if size < 10 * _MIB else -(-size // (2 * _MIB)) * 2 * _MIB


def _grown(size: int) -> int:
    return size


def _peak(trace: Trace, heap: "_Heap", mapped: Callable[[int, int], int | None]) -> int:
    direct = peak = 0
    places: dict[int, int] = {}
    for moment in trace.moments:
        number = moment if moment >= 0 else -1 - moment
        size = trace.blocks[number].bytes
        whole = mapped(number, size)
        if whole is not None:
            direct += whole if moment >= 0 else -whole
        elif moment >= 0:
            places[number] = heap.take(-(-(size + _HEADER) // _ALIGNMENT) * _ALIGNMENT)
        else:
            heap.give(places.pop(number))
        peak = max(peak, direct + heap.extent)
    return peak


class _Heap:
    """Best fit with holes joined; where no hole is large enough, `grow(size)` bytes are added at the end.

    glibc's heap grows by what the hole at its end lacks; CUDA's by segments, across which no holes join.
    """

    def __init__(self, grow: Callable[[int], int], slack: int = 0) -> None:
        self.extent = 0
        self._slack = slack
        self._grow = grow
        self._holes: list[tuple[int, int]] = []  # size, start; sorted
        self._starts: dict[int, int] = {}  # of holes: start, end
        self._ends: dict[int, int] = {}  # of holes: end, start
        self._taken: dict[int, int] = {}  # start, size
        self._seams: set[int] = set()  # where segments meet: holes are not joined across

    def take(self, size: int) -> int:
        """Return the place of a new block."""
        at = bisect_left(self._holes, (size + self._slack, -1))
        if at < len(self._holes):
            start = self._holes[at][1]
            end = self._remove(start)
        else:
            start, end = self._extended(size)
        if end - start > size + self._slack:
            self._add(start + size, end)
        self._taken[start] = size
        return start

    def give(self, start: int) -> None:
        """Free the block at a place."""
        end = start + self._taken.pop(start)
        if end in self._starts and end not in self._seams:
            end = self._remove(end)
        if start in self._ends and start not in self._seams:
            before = self._ends[start]
            self._remove(before)
            start = before
        self._add(start, end)

    def _extended(self, size: int) -> tuple[int, int]:
        if self._grow is _grown:
            # The last hole lies at the end: only what it lacks is added.
            start = self._ends.get(self.extent, self.extent)
            if start in self._starts:
                self._remove(start)
            self.extent = start + size
            return start, self.extent
        start = self.extent
        self._seams.add(start)
        self.extent += self._grow(size)
        return start, self.extent

    def _add(self, start: int, end: int) -> None:
        insort(self._holes, (end - start, start))
        self._starts[start], self._ends[end] = end, start

    def _remove(self, start: int) -> int:
        end = self._starts.pop(start)
        del self._ends[end]
        self._holes.pop(bisect_left(self._holes, (end - start, start)))
        return end
