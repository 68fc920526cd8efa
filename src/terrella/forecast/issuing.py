"""The forecast that is issued at one time: from the network as far ahead as it is trusted, then from ETAS."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from terrella.forecast.counts import occurrence_probability
from terrella.forecast.models import (
    CLIMATOLOGY,
    ETAS_,
    NETWORK,
    Expectation,
    Forecaster,
    Models,
    etas_and_network,
    expected_climatology,
)
from terrella.formats.catalogues.catalogue import Floats


@dataclass(frozen=True, eq=False)
class Issued:
    """A forecast of every cell, (horizon, cell) each; neither counts nor probabilities fall with the horizon."""

    etas: Tensor  # what ETAS expects, before recalibration
    mean: Tensor
    dispersion: Tensor
    horizons_days: tuple[float, ...]
    names: tuple[str, ...]  # of the model at each horizon

    @property
    def probability(self) -> Tensor:
        """P(N ≥ 1)."""
        return occurrence_probability(self.mean, self.dispersion).cummax(0).values

    def within(self, days: float) -> tuple[Floats, Floats]:
        """Return what is expected in a window and what ETAS expects, (cell,) each, but for a common factor.

        Between horizons both follow a power of time; before the first and after the last, their ratio stays.
        """
        place = np.interp(np.log(days), np.log(self.horizons_days), np.arange(len(self.mean)))
        before, share = int(place), place % 1
        after = min(before + 1, len(self.mean) - 1)
        logs = np.log(torch.stack([self.mean, self.etas]).double().numpy())
        expected, etas = np.exp((1 - share) * logs[:, before] + share * logs[:, after])
        return expected, etas

    def name_within(self, days: float) -> str:
        """Return the name of the model of a window."""
        last = self.horizons_days[-1]
        if days > last:
            return f"{self.names[-1]}; after {last:g} d, its last horizon, as far from ETAS as until then"
        return self.names[int(np.searchsorted(self.horizons_days, days))]


def issue(forecaster: Forecaster, issue_time: np.datetime64, model: str | None = None) -> Issued:
    """Return the forecast that `predict` writes; `model` names one for all horizons."""
    return issue_all(forecaster, issue_time, (model,))[0]


def issue_all(forecaster: Forecaster, issue_time: np.datetime64, names: Sequence[str | None]) -> list[Issued]:
    """Return what `issue` does for each of several models, from one sweep through the past."""
    return issue_each(forecaster, np.array([issue_time]), names)[0]


def issue_each(
    forecaster: Forecaster, issue_times: npt.NDArray[np.datetime64], names: Sequence[str | None]
) -> list[list[Issued]]:
    """Return what `issue_all` does for each of several ascending issue times, from one sweep through all pasts."""
    models = forecaster.models
    days = (issue_times - models.epoch) / np.timedelta64(86_400_000_000, "us")
    found = etas_and_network(forecaster, days, tuple(range(len(models.horizons_days))))
    if CLIMATOLOGY in names:
        found = [each | expected_climatology(models, days, h) for h, each in enumerate(found)]
    return [[_issued(models, found, name, row) for name in names] for row in range(len(days))]


def _issued(models: Models, found: list[dict[str, Expectation]], model: str | None, row: int) -> Issued:
    trusted = {None: models.trusted, ETAS_: 0, CLIMATOLOGY: 0}.get(model, len(found))
    etas = torch.exp(torch.stack([each[ETAS_].log_mean[row] for each in found]))
    mean, dispersion = _calibrated(models, found, CLIMATOLOGY if model == CLIMATOLOGY else ETAS_, row)
    if trusted:
        learned, spread = _calibrated(models, found, NETWORK, row)
        following = learned[trusted - 1] + mean[trusted:] - mean[trusted - 1]
        mean = torch.cat([learned[:trusted], following])
        dispersion = torch.cat([spread[:trusted], dispersion[trusted:]])
    names = tuple(model or models.used(horizon) for horizon in range(len(found)))
    return Issued(etas, mean.cummax(0).values, dispersion, models.horizons_days, names)


def _calibrated(
    models: Models, found: list[dict[str, Expectation]], name: str, row: int
) -> tuple[Tensor, Tensor]:
    """Return a model's recalibrated means and dispersions, (horizon, cell) each, at one of the issue times."""
    means, dispersions = [], []
    for expected, calibration in zip(found, models.calibrations[name], strict=True):
        log_mean = calibration.log_mean(expected[name].log_mean[row])
        spread = expected[name].log_spread.expand_as(expected[name].log_mean)[row]
        means.append(torch.exp(log_mean))
        dispersions.append(calibration.dispersion(log_mean, spread))
    return torch.stack(means), torch.stack(dispersions)
