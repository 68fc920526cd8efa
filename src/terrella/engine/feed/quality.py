"""How well an order is shuffled, beside a full permutation of as many samples."""

from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.engine.feed.lanes import Lanes


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
