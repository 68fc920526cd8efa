"""Intervals for ratios of sums, by resampling blocks: neighbouring times (Künsch 1989) or whole groups."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def __neg__(self) -> "Interval":
        return Interval(-self.value, -self.high, -self.low)


@dataclass(frozen=True, eq=False)
class Blocks:
    """Which block each time belongs to, and how often each block was drawn in every resample.

    The first row of `draws` is the data as they are: each block once.
    """

    of_time: npt.NDArray[np.int64]
    draws: Floats  # (1 + resample, block)

    def sums(self, values: npt.ArrayLike) -> Floats:
        """Return sums over time (time, …) for the data and every resample, (1 + resample, …)."""
        values = np.asarray(values, float)
        flat = values.reshape(len(values), -1)
        per_block = np.zeros((self.draws.shape[1], flat.shape[1]))
        np.add.at(per_block, self.of_time, flat)
        return (self.draws @ per_block).reshape(-1, *values.shape[1:])

    def gain(self, better: npt.ArrayLike, events: npt.ArrayLike) -> Interval:
        """Return Σ `better` / Σ `events` over time with its interval, both (time,)."""
        return interval(ratio(self.sums(better), self.sums(events)))


def make_blocks(days: npt.ArrayLike, block_days: float, resamples: int, seed: int = 0) -> Blocks:
    """Return blocks of `block_days` from the first time on, and `resamples` draws with replacement.

    A single block holds no information on how results vary: it is not resampled and intervals are NaN.
    """
    days = np.asarray(days, float)
    return label_blocks(np.floor((days - days.min()) / block_days), resamples, seed)


def label_blocks(labels: npt.ArrayLike, resamples: int, seed: int = 0) -> Blocks:
    """Return blocks of equal labels, one label per value that is summed, and draws as `make_blocks` does.

    Labels name what varies as a whole, such as a sequence of events, so that each counts once however long.
    """
    _, of_time = np.unique(np.asarray(labels), return_inverse=True)
    n_blocks = int(of_time.max()) + 1
    resamples = resamples if n_blocks > 1 else 0
    draws = np.random.default_rng(seed).multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), resamples)
    return Blocks(of_time, np.concatenate([np.ones((1, n_blocks)), draws]))


def resampled_weights(
    labels: npt.ArrayLike, resamples: int, seed: int = 0, numbers: int = 10_000_000
) -> Iterator[Floats]:
    """Yield how often each value counts, (part of the resamples, value), with at most `numbers` numbers at once.

    The resamples are those of `label_blocks`; the first row of the first part is the data as they are.
    """
    _, of_value = np.unique(np.asarray(labels), return_inverse=True)
    n_blocks = int(of_value.max()) + 1
    at_once = max(1, numbers // max(len(of_value), n_blocks))
    draw = np.random.default_rng(seed)
    yield np.ones((1, len(of_value)))
    for first in range(0, resamples if n_blocks > 1 else 0, at_once):
        number = min(at_once, resamples - first)
        draws = draw.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), number)
        yield draws.astype(float)[:, of_value]


def interval(resampled: npt.ArrayLike) -> Interval:
    """Return the value of the data (first) with the central 95 % of the resamples (the rest)."""
    values = np.asarray(resampled, float)
    low, high = limits(values)
    return Interval(float(values[0]), float(low), float(high))


def limits(resampled: Floats) -> tuple[Floats, Floats]:
    """Return the 2.5 % and 97.5 % points (…) of the resamples (1 + resample, …), NaN where there are none."""
    found = []
    for values in np.moveaxis(resampled[1:], 0, -1).reshape(resampled[0].size, len(resampled) - 1):
        finite = values[np.isfinite(values)]
        found.append(np.percentile(finite, [2.5, 97.5]) if len(finite) else (np.nan, np.nan))
    both = np.reshape(np.array(found, float), (*resampled.shape[1:], 2))
    return both[..., 0], both[..., 1]


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return numerator / denominator, NaN where nothing happened."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(denominator > 0, numerator / denominator, np.nan))
