"""Models beside each other: their scores and gains on the same resamples, and which of them is to predict."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from terrella.engine.judge.bootstrap import Floats, Interval, interval
from terrella.engine.judge.document import Pair, Scores

Resampled = Mapping[str, Mapping[str, Floats]]  # by model and score: of the data and every resample


class Choice(NamedTuple):
    """The model that predicts, the best of the classical ones, and the network's gain over that one."""

    trusted: str
    best: str
    gain: Interval


def choose(errors: Mapping[str, Floats], network: str) -> Choice:
    """Return which model predicts, by errors of the data and every resample, (1 + resample,) each.

    It is the network where the interval of its gain over the best other model lies above zero, else that one.
    """
    best = min((name for name in errors if name != network), key=lambda name: float(errors[name][0]))
    gain = interval(errors[best] - errors[network])
    return Choice(network if gain.low > 0 else best, best, gain)


def intervals(found: Resampled) -> Scores:
    """Return each model's scores with their intervals."""
    return {name: {score: interval(values) for score, values in own.items()} for name, own in found.items()}


def smaller_by(found: Resampled, first: str, scores: Sequence[str]) -> list[Pair]:
    """Return by how much scores of the first model are smaller than each other one's, where both have them."""
    return [
        (score, first, other, interval(own[score] - found[first][score]))
        for other, own in found.items()
        if other != first
        for score in scores
        if score in own and score in found[first]
    ]


def larger_by(found: Resampled, first: str) -> list[Pair]:
    """Return by how much every score of the first model is larger than each other one's, where both have it."""
    return [
        (score, first, other, interval(values - own[score]))
        for other, own in found.items()
        if other != first
        for score, values in found[first].items()
        if score in own
    ]


def gaussian_crps(off: Floats, deviation: Floats) -> Floats:
    """Return the continuous ranked probability scores of Gaussians (Gneiting & Raftery 2007, equation 21).

    `off` is the truth less the mean, in the unit of `deviation` and of the scores; shapes broadcast.
    """
    z = off / deviation
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return np.asarray(deviation * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)))


def fair_crps(members: npt.NDArray[np.floating[Any]], truth: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return the fair continuous ranked probability score (Ferro 2014, equation 8) of members (member, …), (…)."""
    number = len(members)
    ranks = 2 * np.arange(number) - number + 1
    apart = np.abs(members.astype(float) - truth).mean(axis=0)
    pairs = np.einsum("m,m...->...", ranks, np.sort(members, axis=0), dtype=float)  # Σ |x_i − x_j| over pairs
    return np.asarray(apart - pairs / (number * (number - 1)))
