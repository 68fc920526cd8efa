"""Streams that go on into the next epoch: the same batches, read before their time; threads end."""

import gc
import os
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_feed_streamed import CPU, RECORD, Blocks, ahead, batches, fed, mixed, seeds, sizes

from terrella.engine.feed import Feed, Streamed
from terrella.errors import InputError


def wait_until(condition) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


@settings(deadline=None, max_examples=60)
@given(sizes, batches, seeds, mixed, st.integers(1, 3), st.integers(0, 3), st.integers(1, 4), st.data())
def test_epochs_read_in_one_go_are_those_read_alone(sizes, batch, seed, mixed, readers, first, count, data):
    feed = Feed(Streamed(Blocks(sizes), CPU, readers, ahead(sizes, mixed)), batch, seed, mixed_chunks=mixed)
    position = data.draw(st.integers(0, feed.batches()))
    until = first + count
    alone = [fed(feed, epoch, position if epoch == first else 0) for epoch in range(first, until)]
    before = threading.active_count()
    on = [
        [each["index"].tolist() for each in feed.epoch(epoch, position if epoch == first else 0, until)]
        for epoch in range(first, until)
    ]
    assert on == alone
    assert threading.active_count() == before


def test_the_next_epoch_is_read_before_it_begins():
    source = Blocks([8] * 200)
    feed = Feed(Streamed(source, CPU, 2, 32 * 8 * RECORD), 8, mixed_chunks=8)
    list(feed.epoch(0, 0, until=3))
    wait_until(lambda: len(source.reads) >= 200 + 8)
    assert sum(len(batch["index"]) for batch in feed.epoch(1, 0, until=3)) == 1600


def test_without_an_end_nothing_is_read_beyond_the_epoch():
    source, before = Blocks([8] * 40), threading.active_count()
    feed = Feed(Streamed(source), 8, mixed_chunks=8)
    list(feed.epoch(0))
    assert threading.active_count() == before
    assert sorted(source.reads) == list(range(40))


@pytest.mark.parametrize("left", ["early", "for another", "altogether"])
def test_threads_end_when_the_stream_is_left(left):
    before = threading.active_count()
    feed = Feed(Streamed(Blocks([8] * 40)), 8, mixed_chunks=8)
    list(feed.epoch(0, 0, until=5))
    assert threading.active_count() > before
    if left == "early":
        epoch = feed.epoch(1, 0, until=5)
        next(epoch)
        epoch.close()
    elif left == "for another":
        assert fed(feed, 7) == fed(Feed(Blocks([8] * 40), 8, mixed_chunks=8), 7)
    else:
        gc.disable()  # as soon as nobody holds it
        try:
            del feed
        finally:
            gc.enable()
    assert threading.active_count() == before


def test_a_chunk_that_fails_for_the_next_epoch_does_not_end_this_one():
    class Once(Blocks):
        def read_chunk(self, chunk, out):
            if chunk in self.reads:
                raise InputError(f"store.npy, chunk {chunk}: gone")
            super().read_chunk(chunk, out)

    # As many chunks as there are lanes divide the line evenly, so that an epoch reads each chunk once.
    sizes = [4] * 64
    feed = Feed(Streamed(Once(sizes), CPU, 1, 20 * 4 * RECORD), 4, mixed_chunks=8)
    epoch = feed.epoch(0, 0, until=2)
    found = [next(epoch)["index"].tolist()]
    found += [batch["index"].tolist() for batch in epoch]
    assert found == fed(Feed(Blocks(sizes), 4, mixed_chunks=8))
    with pytest.raises(InputError, match="gone"):
        list(feed.epoch(1, 0, until=2))


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has SCHED_BATCH")
def test_threads_that_wake_do_not_push_the_training_from_its_core():
    class Noting(Blocks):
        def read_chunk(self, chunk, out):
            policies.add(os.sched_getscheduler(0))
            super().read_chunk(chunk, out)

    policies: set[int] = set()
    list(Feed(Streamed(Noting([4] * 60)), 4, mixed_chunks=8).epoch(0))
    assert policies == {os.SCHED_BATCH}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
