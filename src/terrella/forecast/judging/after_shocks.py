"""The hours after large shocks: forecasts issued then, in the shocks' zones, and what happened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from terrella.earth.sphere import distance_km
from terrella.engine.judge import Blocks, Interval, label_blocks
from terrella.forecast.judging.clusters import Clusters, reach_km
from terrella.forecast.judging.outcomes import cell_centres
from terrella.forecast.learning.recalibration import cell_loss
from terrella.forecast.models import (
    CLIMATOLOGY,
    ETAS_,
    NETWORK,
    Expectation,
    Forecaster,
    observed_counts,
    swept_expectations,
)
from terrella.formats.catalogues.catalogue import Catalogue, Floats

DELAYS_DAYS = (1 / 24, 0.25, 1.0)
LEAST_MAGNITUDE = 5.0
MOST_SHOCKS = 100  # the largest; a catalogue of the world has thousands
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class AfterShocks:
    """Forecasts of the zones of shocks, one row for each shock and delay; horizons beyond the window are NaN."""

    horizons_days: tuple[float, ...]
    shock: npt.NDArray[np.intp]  # (row,) index among the shocks
    delay_days: Floats  # (row,)
    sequence: npt.NDArray[np.intp]  # (row,) what is resampled as a whole
    observed: Floats  # (row, horizon)
    expected: Mapping[str, Floats]  # by model, (row, horizon)
    losses: Mapping[str, Floats]  # nats

    def rows(self, delay_days: float, horizon: int) -> npt.NDArray[np.bool_]:
        """Return which rows (row,) hold a delay, with the horizon inside the window."""
        return np.isclose(self.delay_days, delay_days) & np.isfinite(self.observed[:, horizon])

    def gain(
        self, name: str, over: str, rows: npt.NDArray[np.bool_], horizon: int, resamples: int
    ) -> Interval:
        """Return a model's gain over another in nats per earthquake; its interval resamples sequences."""
        better = (self.losses[over] - self.losses[name])[rows, horizon]
        return self._blocks(rows, resamples).gain(better, self.observed[rows, horizon])

    def ratio(self, name: str, rows: npt.NDArray[np.bool_], horizon: int, resamples: int) -> Interval:
        """Return a model's expected over observed earthquakes; its interval resamples sequences."""
        observed = self.observed[rows, horizon]
        return self._blocks(rows, resamples).gain(self.expected[name][rows, horizon], observed)

    def _blocks(self, rows: npt.NDArray[np.bool_], resamples: int) -> Blocks:
        return label_blocks(self.sequence[rows], resamples)


def large_targets(forecaster: Forecaster, start_day: float, end_day: float) -> Catalogue:
    """Return the shocks of M 5 or more in the grid and a window, the largest hundred of them, in order of time."""
    inside = forecaster.sources.column >= 0
    days = forecaster.sources.days
    large = forecaster.catalogue[inside & (days >= start_day) & (days < end_day)].above(LEAST_MAGNITUDE)
    largest = np.argsort(-large.magnitude, kind="stable")[:MOST_SHOCKS]
    return large[np.sort(largest)]


def after_shocks(
    forecaster: Forecaster,
    shocks: Catalogue,
    end_day: float,
    delays_days: Sequence[float] = DELAYS_DAYS,
    clusters: Clusters | None = None,
) -> AfterShocks:
    """Return forecasts of ETAS, network and climatology issued after shocks, in the cells within their reach.

    Shocks of one of the `clusters` belong to one sequence; others are sequences of their own.
    """
    models = forecaster.models
    horizons = np.array(models.horizons_days)
    day = shocks.days_since(models.epoch)
    shock = np.repeat(np.arange(len(day)), len(delays_days))
    delay = np.tile(np.asarray(delays_days, float), len(day))
    issue = day[shock] + delay
    order = np.argsort(issue, kind="stable")
    shock, delay, issue = shock[order], delay[order], issue[order]
    cells = _zones(forecaster, shocks)
    names = [CLIMATOLOGY, ETAS_, *([NETWORK] if models.network is not None else [])]
    shape = len(issue), len(horizons)
    observed = np.full(shape, np.nan)
    expected, losses = ({name: np.full(shape, np.nan) for name in names} for _ in range(2))
    for rows, horizon, counts, by_name in _forecasts(forecaster, issue):
        for row in range(rows.start, rows.stop):
            here = row - rows.start, cells[shock[row]]
            if issue[row] + horizons[horizon] > end_day:
                continue
            counted = counts[here]
            observed[row, horizon] = counted.sum()
            for name in names:
                calibration = models.calibrations[name][horizon]
                zone = by_name[name].at(here)
                expected[name][row, horizon] = torch.exp(calibration.log_mean(zone.log_mean)).sum()
                losses[name][row, horizon] = cell_loss(zone, counted, calibration).sum()
    sequence = _sequences(shocks, day, clusters)[shock]
    return AfterShocks(models.horizons_days, shock, delay, sequence, observed, expected, losses)


def _forecasts(
    forecaster: Forecaster, issue: Floats
) -> Iterator[tuple[slice, int, torch.Tensor, dict[str, Expectation]]]:
    """Yield slices of issue times with counts (n, cell) and every model's expectation, horizon by horizon."""
    models = forecaster.models
    for rows, learned in swept_expectations(forecaster, issue, tuple(range(len(models.horizons_days)))):
        for horizon, by_name in enumerate(learned):
            days = models.horizons_days[horizon]
            climatology = torch.as_tensor(models.climatology.expected_counts(issue[rows], days))
            reference = Expectation(torch.log(climatology + _TINY), torch.zeros(()))
            counts = observed_counts(forecaster, issue[rows], horizon)
            yield rows, horizon, counts, {CLIMATOLOGY: reference, **by_name}


def _zones(forecaster: Forecaster, shocks: Catalogue) -> list[torch.Tensor]:
    """Return the cells within the reach of each shock (Gardner & Knopoff 1974), and its own."""
    longitude, latitude = cell_centres(forecaster.models.grid)
    zones = []
    for lon, lat, reach in zip(shocks.longitude, shocks.latitude, reach_km(shocks.magnitude), strict=True):
        distance = distance_km(longitude, latitude, lon, lat)
        zones.append(torch.as_tensor(np.flatnonzero(distance <= max(float(reach), float(distance.min())))))
    return zones


def _sequences(shocks: Catalogue, day: Floats, clusters: Clusters | None) -> npt.NDArray[np.intp]:
    """Return the number of each shock's sequence: of the largest cluster that holds it, or one of its own."""
    number = np.arange(len(shocks))
    if clusters is None:
        return number
    for k in range(len(clusters)):  # in order of magnitude
        far = distance_km(shocks.longitude, shocks.latitude, clusters.longitude[k], clusters.latitude[k])
        inside = (day >= clusters.start_day[k]) & (day <= clusters.end_day[k])
        number[inside & (far <= clusters.reach_km[k])] = len(shocks) + k
    return number
