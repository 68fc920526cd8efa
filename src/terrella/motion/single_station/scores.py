"""Gaussians of magnitude and log₁₀ distance against the truth, with events and stations resampled together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from terrella.engine.judge.bootstrap import resampled_weights
from terrella.engine.judge.comparing import gaussian_crps
from terrella.motion.single_station.traces import DISTANCE, MAGNITUDE, QUANTITIES, Floats

Gaussians = Mapping[str, Floats]  # by model, (trace, quantity, mean or deviation)
Resampled = dict[str, dict[str, Floats]]  # by model and score: of the data and every resample
SCORES = ("crps", "rmse", "bias", "cover50", "cover90", "width90")
PAIRED = ("crps", "rmse")
_UNIT = {MAGNITUDE: "magnitudes", DISTANCE: "log₁₀ km"}
UNITS = {
    f"{score}@{name}": "" if score.startswith("cover") else unit
    for name, unit in _UNIT.items()
    for score in SCORES
}
_HALF, _MOST = 0.5, 0.9
_FEWEST = 10  # traces from which a deviation is calibrated


def below(gaussian: Floats, truth: Floats) -> Floats:
    """Return the probabilities given to less than the truth, (trace, quantity)."""
    return np.asarray(ndtr((truth - gaussian[..., 0]) / gaussian[..., 1]))


def stretch(gaussian: Floats, truth: Floats) -> Floats:
    """Return what deviations must be multiplied by for 90 % intervals to hold 90 % of the truths, (quantity,)."""
    z = np.abs(truth - gaussian[..., 0]) / gaussian[..., 1]
    if len(z) < _FEWEST:
        return np.ones(z.shape[1])
    return np.asarray(np.maximum(np.quantile(z, _MOST, axis=0) / ndtri((1 + _MOST) / 2), 1e-3))


def stretched(gaussian: Floats, by: Floats) -> Floats:
    """Return Gaussians with their deviations multiplied, (quantity,) or (trace, quantity)."""
    return np.stack([gaussian[..., 0], gaussian[..., 1] * by], -1)


def calibrated_across(gaussian: Floats, truth: Floats, fold: npt.NDArray[np.int64]) -> Floats:
    """Return Gaussians with deviations calibrated for each trace on those of other folds."""
    by = np.ones(truth.shape)
    for number in np.unique(fold):
        own = fold == number
        if not own.all():
            by[own] = stretch(gaussian[~own], truth[~own])
    return stretched(gaussian, by)


def resampled(
    found: Gaussians, truth: Floats, event: npt.NDArray[Any], station: npt.NDArray[Any], resamples: int
) -> Resampled:
    """Return each score of the data and of every resample, (1 + resample,); none where a model tells nothing.

    Events and stations are drawn at once, and a trace counts as often as both of its own were (Owen 2007): a gain
    then holds for other events at other stations.
    """
    names = [(model, score, k) for model in found for k in range(2) for score in SCORES]
    columns = [_values(found[model][:, k], truth[:, k], score) for model, score, k in names]
    values = np.stack([*columns, np.ones(len(truth))], 1)
    both = (resampled_weights(labels, resamples, seed) for seed, labels in enumerate((event, station)))
    sums = np.concatenate(
        [(of_event * of_station) @ values for of_event, of_station in zip(*both, strict=False)]
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums[:, :-1] / sums[:, -1:]
    made: Resampled = {model: {} for model in found}
    for (model, score, k), mean in zip(names, means.T, strict=True):
        if np.isfinite(mean[0]):
            made[model][f"{score}@{QUANTITIES[k]}"] = np.sqrt(mean) if score == "rmse" else mean
    return made


def _values(gaussian: Floats, truth: Floats, score: str) -> Floats:
    """Return what the mean of gives a score, (trace,)."""
    mean, deviation = gaussian.T
    error = mean - truth
    if score == "crps":
        return gaussian_crps(truth - mean, deviation)
    if score == "rmse":
        return error**2
    if score == "bias":
        return error
    if score == "width90":
        return np.asarray(2 * ndtri((1 + _MOST) / 2) * deviation)
    level = _HALF if score == "cover50" else _MOST
    inside = np.abs(error) <= ndtri((1 + level) / 2) * deviation
    return np.where(np.isnan(error), np.nan, inside)
