"""Chunks streamed from disk: order, resumption, shares of processes, bounded memory, faults."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from source_conformance import SourceConformance, assert_same

from terrella.engine.feed import Batch, Feed, Streamed
from terrella.errors import InputError, TerrellaError

CPU = torch.device("cpu")


@dataclass
class Blocks:
    """A source in chunks that computes its samples; it notes which chunks were read, and where to."""

    sizes: list[int]
    fails: dict[int, BaseException] = field(default_factory=dict)
    reads: list[int] = field(default_factory=list)
    places: set[int] = field(default_factory=set)
    threads: set[str] = field(default_factory=set)

    @property
    def borders(self) -> torch.Tensor:
        return torch.tensor([0, *self.sizes]).cumsum(0)

    def __len__(self) -> int:
        return sum(self.sizes)

    def describe(self, chunk: int) -> str:
        return f"blocks, chunk {chunk}"

    def read_chunk(self, chunk: int, out: Batch) -> None:
        self.reads.append(chunk)
        self.places.add(out["index"].data_ptr())
        self.threads.add(threading.current_thread().name)
        if chunk in self.fails:
            raise self.fails[chunk]
        first = int(self.borders[chunk])
        for name, values in self.read(torch.arange(first, first + len(out["index"]))).items():
            out[name].copy_(values)

    def read(self, indices: torch.Tensor) -> Batch:
        if len(indices) and int(indices.max()) >= len(self):
            raise IndexError
        return {"index": indices.clone(), "pair": torch.stack([indices, indices**2], 1).float()}


class TestStreamed(SourceConformance):
    @pytest.fixture
    def source(self):
        return Streamed(Blocks([5, 7, 5, 3]))


def fed(feed: Feed, epoch: int = 0, position: int = 0) -> list[list[int]]:
    return [batch["index"].tolist() for batch in feed.epoch(epoch, position)]


sizes = st.lists(st.integers(1, 9), min_size=1, max_size=30)
batches, seeds, mixed = st.integers(1, 20), st.integers(0, 2**40), st.integers(1, 12)
RECORD = 16  # bytes: an index and two floats


def ahead(sizes: list[int], mixed: int, more: int = 0) -> int:
    """The fewest bytes with which so many chunks are mixed, and room for some more."""
    return (min(2 * mixed, len(sizes)) + more) * max(sizes) * RECORD


@settings(deadline=None, max_examples=60)
@given(sizes, batches, seeds, mixed, st.integers(1, 4), st.integers(0, 3), st.integers(0, 50))
def test_streamed_gives_every_sample_once_in_the_order_of_the_others(
    sizes, batch, seed, mixed, readers, more, epoch
):
    source = Blocks(sizes)
    places = [Streamed(source, CPU, readers, ahead(sizes, mixed, more)), source]
    feeds = [Feed(place, batch, seed, mixed_chunks=mixed) for place in places]
    for found in zip(*(feed.epoch(epoch) for feed in feeds), strict=True):
        assert_same(*found)
    order = fed(feeds[0], epoch)
    assert sorted(chain.from_iterable(order)) == list(range(len(source)))
    assert all(len(each) == batch for each in order[:-1])
    assert source.threads <= {"feed", "MainThread"}


@settings(deadline=None, max_examples=60)
@given(sizes, batches, seeds, mixed, st.integers(1, 3), st.data())
def test_resumed_anywhere_the_rest_is_the_same_and_only_open_chunks_are_read_again(
    sizes, batch, seed, mixed, readers, data
):
    feed = Feed(Streamed(Blocks(sizes), CPU, readers, ahead(sizes, mixed)), batch, seed, mixed_chunks=mixed)
    position = data.draw(st.integers(0, feed.batches()))
    whole = fed(feed, 2)
    source = Blocks(sizes)
    again = Feed(Streamed(source, CPU, 1, ahead(sizes, mixed)), batch, seed, mixed_chunks=mixed)
    assert fed(again, 2, position) == whole[position:]
    rest = torch.tensor(list(chain.from_iterable(whole[position:])), dtype=torch.int64)
    needed = torch.unique(torch.searchsorted(source.borders, rest, right=True) - 1).tolist()
    assert sorted(set(source.reads)) == needed


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 9), st.integers(2, 10), seeds, st.sampled_from([1, 2, 4]), st.sampled_from([4, 8]))
def test_processes_share_the_batches_and_read_their_own_chunks(size, chunks, seed, world, mixed):
    sizes, batch = [size] * (chunks * mixed), 8
    whole = fed(Feed(Blocks(sizes), batch, seed, mixed_chunks=mixed))
    sources = [Blocks(sizes) for _ in range(world)]
    budget = ahead(sizes, mixed)
    shares = [
        fed(Feed(Streamed(source, CPU, 2, budget), batch, seed, rank, world, mixed))
        for rank, source in enumerate(sources)
    ]
    for position, together in enumerate(whole):
        assert sorted(chain.from_iterable(share[position] for share in shares)) == sorted(together)
    # As many chunks as there are lanes divide the line evenly here: no two processes read the same one.
    assert Counter(chain.from_iterable(source.reads for source in sources)) == Counter(range(len(sizes)))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 6), st.integers(1, 60), st.integers(1, 60), mixed, seeds)
def test_each_chunk_is_read_once_but_for_those_that_a_lane_divides(size, chunks, batch, mixed, seed):
    sizes = [size] * chunks
    source = Blocks(sizes)
    fed(Feed(Streamed(source, CPU, 2, ahead(sizes, mixed)), batch, seed, mixed_chunks=mixed))
    assert set(source.reads) == set(range(chunks))
    assert len(source.reads) <= chunks + min(mixed, len(source)) - 1


@settings(deadline=None, max_examples=40)
@given(sizes, st.integers(1, 100), mixed, st.integers(0, 5), st.integers(1, 4))
def test_the_chunks_in_memory_are_those_that_the_budget_allows(sizes, batch, mixed, more, readers):
    source = Blocks(sizes)
    budget = ahead(sizes, mixed, more)
    fed(Feed(Streamed(source, CPU, readers, budget), batch, mixed_chunks=mixed))
    assert len(source.places) <= budget // (max(sizes) * RECORD)


def test_any_run_of_positions_mixes_as_many_chunks_as_it_is_told():
    source = Blocks([16] * 128)
    for batch in Feed(source, 16, seed=3, mixed_chunks=16).epoch(0):
        assert len(torch.unique(batch["index"] // 16)) == 16


def test_the_default_mixes_at_least_eight_chunks():
    source = Blocks([4] * 40)
    for batch in Feed(source, 8, seed=3).epoch(0):
        assert len(torch.unique(batch["index"] // 4)) == 8


@given(batches, st.integers(0, 5))
@settings(deadline=None, max_examples=20)
def test_what_is_kept_of_a_batch_stays_as_it_was(batch, epoch):
    source = Blocks([5] * 30)
    feed = Feed(Streamed(source, CPU, 2, ahead([5] * 30, 4)), batch, mixed_chunks=4)
    for each in (epoch, epoch + 1):
        views = [found["pair"][:, 1:].detach() for found in feed.epoch(each)]
        for position, view in enumerate(views):
            assert view[:, 0].tolist() == (feed.indices(each, position) ** 2).tolist()


def test_memory_of_batches_that_are_gone_is_used_again():
    feed = Feed(Streamed(Blocks([8] * 1000)), 8)
    addresses = {batch["pair"].data_ptr() for epoch in range(2) for batch in feed.epoch(epoch)}
    assert len(addresses) <= 21


def test_an_epoch_that_is_left_early_leaves_no_threads():
    before = threading.active_count()
    epoch = Feed(Streamed(Blocks([8] * 50)), 4).epoch(0)
    next(epoch)
    assert threading.active_count() > before
    epoch.close()
    assert threading.active_count() == before


def test_reading_ahead_stops_where_nothing_is_taken():
    source = Blocks([8] * 500)
    epoch = Feed(Streamed(source, CPU, 2, 32 * 8 * RECORD), 8, mixed_chunks=8).epoch(0)
    next(epoch)
    seen = -1
    while seen != len(source.reads):
        seen = len(source.reads)
        threading.Event().wait(0.05)
    # The room, and what the batches that were made have let go of: one taken, sixteen waiting, one in hand.
    assert seen <= 32 + 8 * 18
    epoch.close()


def test_a_budget_too_small_for_the_chunks_that_are_mixed_is_refused():
    feed = Feed(Streamed(Blocks([1024] * 100), ahead_bytes=10 * 1024 * RECORD), 4, mixed_chunks=8)
    with pytest.raises(
        InputError, match=r"mixing 8 chunks of 0.0 MiB .* raise ahead_bytes, lower mixed_chunks"
    ):
        next(feed.epoch(0))


@pytest.mark.parametrize("readers", [1, 3])
def test_a_chunk_that_cannot_be_read_ends_the_epoch_where_it_is_needed(readers):
    sizes, expected = [4] * 60, []
    good = fed(Feed(Streamed(Blocks(sizes)), 4, mixed_chunks=8))
    source = Blocks(sizes, {17: InputError("store.npy, chunk 17: cut short")})
    epoch = Feed(Streamed(source, CPU, readers), 4, mixed_chunks=8).epoch(0)
    with pytest.raises(InputError, match="chunk 17: cut short"):
        expected.extend(batch["index"].tolist() for batch in epoch)
    first = next(k for k, batch in enumerate(good) if any(index // 4 == 17 for index in batch))
    assert expected == good[:first]


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_a_reader_that_dies_ends_the_training_with_one_message(error):
    before = threading.active_count()
    feed = Feed(Streamed(Blocks([4] * 60, {5: error}), readers=1), 16, mixed_chunks=8)
    with pytest.raises(
        TerrellaError, match=f"blocks, chunk 5: the reader thread ended with {type(error).__name__}"
    ):
        list(feed.epoch(0))
    assert threading.active_count() == before


def test_all_readers_dead_is_no_deadlock():
    source = Blocks([4] * 60, {chunk: OSError("gone") for chunk in range(60)})
    with pytest.raises(TerrellaError, match="OSError: gone"):
        list(Feed(Streamed(source, readers=2), 60, mixed_chunks=8).epoch(0))
