"""How well chunks are shuffled, beside full permutations."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from terrella.engine.feed.lanes import Lanes

BORDERS = torch.arange(0, 1025 * 16, 16)


@dataclass(frozen=True)
class ShuffleQuality:
    """Measures of one epoch; a full permutation of many samples has about 0, all it can, none, and 1."""

    rank_correlation: float  # of position and index (Spearman 1904)
    chunks_per_batch: float  # different ones, in the mean
    pairs_of_one_chunk: float  # share of the pairs of samples in a batch
    variance_of_means: float  # of the batches' mean index, over what independent samples would have


def shuffle_quality(order: Tensor, borders: Tensor, batch: int) -> ShuffleQuality:
    """Measure an order of all samples, (n,), cut into batches; the last one counts if it is full.

    `variance_of_means` takes the index for a sample's value: the worst store there is, sorted by what is learned.
    """
    n = len(order)
    place = torch.arange(n, dtype=torch.float64)
    correlation = torch.corrcoef(torch.stack([place, order.double()]))[0, 1]
    whole = order[: n - n % batch].reshape(-1, batch)
    chunk = (torch.searchsorted(borders, whole, right=True) - 1).sort(1).values
    fresh = torch.cat([torch.ones(len(chunk), 1, dtype=torch.bool), chunk.diff(dim=1) != 0], 1)
    run = torch.cumsum(fresh.flatten(), 0) - 1
    sizes = torch.bincount(run).double()
    pairs = float((sizes * (sizes - 1)).sum() / (len(whole) * batch * (batch - 1))) if batch > 1 else 0.0
    means = whole.double().mean(1)
    expected = (n**2 - 1) / 12 / batch * (n - batch) / (n - 1)
    return ShuffleQuality(
        float(correlation), float(fresh.sum(1).double().mean()), pairs, float(means.var() / expected)
    )


def lanes_quality(borders: Tensor, lanes: int, batch: int, seed: int = 0, epoch: int = 0) -> ShuffleQuality:
    """Measure the order in which `lanes` chunks are mixed."""
    order = Lanes.of(borders, lanes, seed, epoch).samples(torch.arange(int(borders[-1])))
    return shuffle_quality(order, borders, batch)


def mean_over_epochs(lanes: int, batch: int) -> dict[str, float]:
    found = [lanes_quality(BORDERS, lanes, batch, seed=5, epoch=epoch) for epoch in range(6)]
    return {name: sum(getattr(each, name) for each in found) / 6 for name in found[0].__dataclass_fields__}


def test_the_order_as_it_lies_is_the_worst():
    found = shuffle_quality(torch.arange(16 * 1024), BORDERS, 64)
    assert found.rank_correlation == pytest.approx(1)
    assert found.chunks_per_batch == 4
    assert found.pairs_of_one_chunk == pytest.approx(15 / 63)
    # The means of consecutive runs vary as the whole does: as many times more as a batch has samples.
    assert found.variance_of_means == pytest.approx(64, rel=0.02)


def test_a_permutation_measures_as_theory_says():
    orders = [torch.randperm(16 * 1024, generator=torch.Generator().manual_seed(k)) for k in range(6)]
    found = [shuffle_quality(order, BORDERS, 64) for order in orders]
    assert sum(each.variance_of_means for each in found) / 6 == pytest.approx(1, abs=0.1)
    assert sum(each.pairs_of_one_chunk for each in found) / 6 == pytest.approx(15 / (16 * 1024 - 1), rel=0.1)
    assert abs(sum(each.rank_correlation for each in found)) / 6 < 0.02


@pytest.mark.parametrize("lanes", [8, 16, 32])
def test_fewer_chunks_than_samples_in_a_batch_cost_what_their_number_says(lanes):
    found = mean_over_epochs(lanes, 64)
    assert found["chunks_per_batch"] >= lanes
    # A batch is a sample of `lanes` chunks: its mean varies as that of so many samples.
    assert found["variance_of_means"] == pytest.approx(64 / lanes, rel=0.2)
    assert abs(found["rank_correlation"]) < 0.05


def test_as_many_chunks_as_samples_in_a_batch_are_as_good_as_a_permutation():
    found = mean_over_epochs(64, 64)
    assert found["variance_of_means"] == pytest.approx(1, abs=0.15)
    assert found["pairs_of_one_chunk"] < 0.001


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(1, 50), st.integers(0, 99))
def test_any_place_of_the_order_is_found_without_those_before(sizes, lanes, seed):
    borders = torch.tensor([0, *sizes]).cumsum(0)
    positions = torch.arange(int(borders[-1]))
    whole = Lanes.of(borders, lanes, seed, 1).samples(positions)
    assert sorted(whole.tolist()) == positions.tolist()
    for place in positions[:: max(1, len(positions) // 7)]:
        assert Lanes.of(borders, lanes, seed, 1).samples(place[None]) == whole[place]


def test_epochs_and_seeds_give_other_orders():
    orders = [
        Lanes.of(BORDERS, 8, seed, epoch).samples(torch.arange(99))
        for seed, epoch in ((0, 0), (0, 1), (1, 0))
    ]
    assert len({tuple(order.tolist()) for order in orders}) == 3
