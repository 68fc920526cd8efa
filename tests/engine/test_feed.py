"""Sources held in memory, and the order in which they are fed."""

from dataclasses import dataclass
from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from source_conformance import SourceConformance, assert_same

from terrella.engine.feed import Feed, Held
from terrella.errors import InputError

CPU = torch.device("cpu")


@dataclass
class Squares:
    """A source that computes its samples, and counts how often it is read."""

    size: int
    reads: int = 0

    def __len__(self) -> int:
        return self.size

    def read(self, indices: torch.Tensor) -> dict[str, torch.Tensor]:
        self.reads += 1
        if len(indices) and int(indices.max()) >= self.size:
            raise IndexError
        return {
            "square": (indices**2).float()[:, None].expand(-1, 3).clone(),
            "index": indices.clone(),
            "odd": indices % 2 == 1,
        }


class TestSquares(SourceConformance):
    @pytest.fixture
    def source(self):
        return Squares(2500)


class TestHeld(SourceConformance):
    @pytest.fixture
    def source(self):
        return held(2500)


def held(size: int) -> Held:
    return Held(Squares(size).read(torch.arange(size)), CPU)


def test_samples_held_and_computed_give_the_same_batches_in_the_same_order():
    feeds = [Feed(each, 16, seed=7) for each in (Squares(101), held(101))]
    for epoch in range(3):
        for batches in zip(*(feed.epoch(epoch) for feed in feeds), strict=True):
            assert_same(*batches)


sizes, batches, seeds = st.integers(1, 60), st.integers(1, 20), st.integers(0, 2**40)


def fed(feed: Feed, epoch: int, position: int = 0) -> list[list[int]]:
    return [batch["index"].tolist() for batch in feed.epoch(epoch, position)]


@given(sizes, batches, seeds, st.integers(0, 50))
def test_an_epoch_holds_every_sample_once(size, batch, seed, epoch):
    feed = Feed(Squares(size), batch, seed)
    found = fed(feed, epoch)
    assert sorted(chain.from_iterable(found)) == list(range(size))
    assert len(found) == feed.batches()
    assert all(len(each) == batch for each in found[:-1])
    assert found == fed(feed, epoch)


@given(sizes, batches, seeds, st.data())
def test_from_a_position_on_the_epoch_goes_on_as_it_would_have(size, batch, seed, data):
    feed = Feed(Squares(size), batch, seed)
    position = data.draw(st.integers(0, feed.batches()))
    assert fed(feed, 3, position) == fed(feed, 3)[position:]


@given(sizes, batches, seeds, st.integers(1, 5))
def test_processes_share_each_batch_equally_and_without_overlap(size, batch, seed, world):
    whole = fed(Feed(Squares(size), batch, seed), 1)
    shares = [fed(Feed(Squares(size), batch, seed, rank, world), 1) for rank in range(world)]
    for position, batch_whole in enumerate(whole):
        parts = [share[position] for share in shares]
        assert len({len(part) for part in parts}) == 1
        assert all(parts)
        if len(batch_whole) >= world:
            together = list(chain.from_iterable(parts))
            assert len(set(together)) == len(together)
            assert set(together) <= set(batch_whole)
            assert len(batch_whole) - len(together) < world
        else:
            assert all(set(part) <= set(batch_whole) for part in parts)


def test_the_order_changes_with_epoch_and_seed():
    feed = Feed(Squares(50), 50, seed=1)
    other = Feed(Squares(50), 50, seed=2)
    assert fed(feed, 0) != fed(feed, 1) != fed(other, 1)


@dataclass
class Drawn(Squares):
    """A source that draws other samples in each epoch."""

    of: int = 0

    def in_epoch(self, epoch: int) -> "Drawn":
        return Drawn(self.size, of=epoch)

    def read(self, indices: torch.Tensor) -> dict[str, torch.Tensor]:
        return {**super().read(indices), "epoch": torch.full_like(indices, self.of)}


@given(sizes, batches, st.integers(0, 50), st.data())
def test_a_changing_source_is_read_in_the_epoch_at_hand_from_any_position(size, batch, epoch, data):
    feed = Feed(Drawn(size), batch)
    position = data.draw(st.integers(0, feed.batches()))
    for found in feed.epoch(epoch, position):
        assert found["epoch"].unique().tolist() == [epoch]
    assert fed(feed, epoch, position) == fed(Feed(Squares(size), batch), epoch, position)


def test_tensors_of_different_lengths_are_refused():
    with pytest.raises(InputError, match=r"as many samples; got \{'x': 3, 'y': 4\}"):
        Held({"x": torch.zeros(3), "y": torch.zeros(4)}, CPU)


def test_a_source_without_samples_is_refused():
    with pytest.raises(InputError, match="no samples"):
        Feed(Squares(0), 4)
