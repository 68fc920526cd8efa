"""Distributions of temperature on the steps between a table's first and last: cumulative, calibrated, scored."""

from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.interior.tables.grid import Floats, Grid, between

LEVELS = np.linspace(0, 1, 101)  # shares of central intervals, at which a calibration is known


def edges_of(grid: Grid, bins: int) -> Floats:
    """Return the temperatures in K between which steps lie, (step + 1,)."""
    return np.linspace(grid.temperature_k[0], grid.temperature_k[-1], bins + 1)


def cumulated(weights: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return cumulative probabilities (row, step + 1) from weights of the steps (row, step)."""
    found = np.zeros((len(weights), weights.shape[1] + 1), weights.dtype)
    np.cumsum(weights, axis=1, out=found[:, 1:])
    return np.asarray(found / found[:, -1:])


def quantiles(cumulative: Floats, edges: Floats, levels: Floats) -> Floats:
    """Return temperatures in K below which a row's lies with each probability, (row, level)."""
    found = np.empty((len(cumulative), len(levels)))
    row = np.arange(len(cumulative))
    for number, level in enumerate(levels):
        right = np.clip((cumulative < level).sum(1), 1, len(edges) - 1)
        low, high = cumulative[row, right - 1], cumulative[row, right]
        share = np.divide(level - low, high - low, out=np.zeros(len(row)), where=high > low)
        found[:, number] = edges[right - 1] + np.clip(share, 0, 1) * (edges[right] - edges[right - 1])
    return found


def share_below(cumulative: Floats, edges: Floats, temperature_k: Floats) -> Floats:
    """Return the probability of less than each row's temperature, (row,)."""
    at, share = between(edges, temperature_k)
    row = np.arange(len(at))
    return np.asarray((1 - share) * cumulative[row, at] + share * cumulative[row, at + 1])


def calibration(below: Floats) -> Floats:
    """Return the probability that central intervals must state to hold each share of LEVELS, (level,).

    From shares below the truth (row,), of rows held out: conformal prediction with distributions (Chernozhukov,
    Wüthrich & Zhu 2021, section 2), whose intervals are widened or narrowed until they hold what they say.
    """
    stated = np.abs(2 * below - 1)
    share = np.minimum(LEVELS * (1 + 1 / len(stated)), 1)
    found = np.quantile(stated, share, method="inverted_cdf")
    found[0], found[-1] = 0.0, 1.0
    return np.asarray(found)


def calibrated(cumulative: Floats, stated: Floats) -> Floats:
    """Return cumulative probabilities whose intervals hold what they say, of the same shape."""
    side = 2 * cumulative - 1
    return np.asarray((1 + np.sign(side) * np.interp(np.abs(side), stated, LEVELS)) / 2)


def crps(cumulative: Floats, edges: Floats, temperature_k: Floats) -> Floats:
    """Return the continuous ranked probability score of each row in K, (row,), exact for steps of even density."""
    low, high, width = cumulative[:, :-1], cumulative[:, 1:], np.diff(edges)
    at, share = between(edges, temperature_k)
    row, number = np.arange(len(at)), np.arange(len(width))
    below, above = (width * _square_mean(a, b) for a, b in ((low, high), (1 - low, 1 - high)))
    split = low[row, at] + share * (high[row, at] - low[row, at])
    here = width[at] * (
        share * _square_mean(low[row, at], split) + (1 - share) * _square_mean(1 - split, 1 - high[row, at])
    )
    before, after = number < at[:, None], number > at[:, None]
    return np.asarray((below * before).sum(1) + (above * after).sum(1) + here)


def _square_mean(a: Floats, b: Floats) -> Floats:
    return np.asarray((a**2 + a * b + b**2) / 3)
