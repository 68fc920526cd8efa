"""A continuous-time intensity from the network: λ(t, x) = λ_ETAS(t, x) · exp(r), at any moment and place.

The residual r is learned from the likelihood of a point process, Σ log λ − ∫ λ over the events (Ogata 1998,
eq. 7). Its integral is a mean over points drawn from ETAS itself, given what really happened: ∫ λ = E Σ exp(r)
over the points of such a process. Between events the rate thus follows ETAS's temporal kernel, scaled by what
the network makes of the past up to that moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.engine.feed import Feed
from terrella.engine.fit import Report, Stage, Training, train
from terrella.engine.run import Run
from terrella.errors import InputError
from terrella.forecast.features.cell_rates import tabulated_cdf
from terrella.forecast.features.channels import channel_count, features
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.models import Forecaster, swept_maps
from terrella.formats.catalogues.catalogue import Floats

_READ = 65536
_KM_PER_DEGREE = float(np.radians(1) * EARTH_RADIUS_KM)


@dataclass(frozen=True, eq=False)
class Points:
    """A source of moments and places: events, and points drawn from ETAS, `copies` processes on top of another.

    `read` gives `features`, `event` (1 or 0) and `weight` (1/copies or 0).
    """

    features: Tensor  # (point, channel) float16
    event: Tensor  # (point,)
    weight: Tensor  # (point,)

    def __len__(self) -> int:
        return len(self.event)

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        """Return the points of an array of indices."""
        return {
            "features": self.features[indices].float(),
            "event": self.event[indices],
            "weight": self.weight[indices],
        }


@dataclass(frozen=True)
class IntensityGain:
    """What the network gains over ETAS in continuous time: nats per event, and its Monte Carlo error."""

    value: float
    standard_error: float
    n_events: int


def make_points(forecaster: Forecaster, start_day: float, end_day: float, copies: int, seed: int) -> Points:
    """Return the events inside the grid with start ≤ day < end, and points drawn from ETAS.

    Raises:
        InputError: where the grid has depth layers.
    """
    sources = forecaster.sources
    if sources.layers > 1:
        raise InputError("an intensity in continuous time is for grids of one depth layer")
    chosen = (sources.days >= start_day) & (sources.days < end_day) & (sources.column >= 0)
    drawn_days, drawn_columns = draw_process(forecaster, start_day, end_day, copies, seed)
    days = np.concatenate([sources.days[chosen], drawn_days])
    columns = np.concatenate([sources.column[chosen], drawn_columns])
    event = np.repeat([1.0, 0.0], [chosen.sum(), len(drawn_days)])
    order = np.argsort(days, kind="stable")
    days, columns = days[order], columns[order]
    seen = features_at(forecaster, days, columns)
    is_event = torch.as_tensor(event[order], dtype=torch.float32)
    return Points(seen, is_event, (1 - is_event) / copies)


def features_at(forecaster: Forecaster, days: Floats, columns: np.ndarray) -> Tensor:
    """Return the features (point, channel), as float16, of a cell at each of ascending moments."""
    models = forecaster.models
    seen = torch.empty(len(days), channel_count(models.settings, models.smooth), dtype=torch.float16)
    for batch, maps in swept_maps(forecaster, days):
        column = torch.as_tensor(columns[batch])
        seen[batch] = features(maps, torch.arange(len(column)), torch.zeros_like(column), column).half()
    return seen


def draw_process(
    forecaster: Forecaster, start_day: float, end_day: float, copies: int, seed: int
) -> tuple[Floats, np.ndarray]:
    """Return days and columns of points with the intensity of ETAS given all events, `copies` times over.

    Only points inside the grid are kept. Direct aftershocks alone: those of drawn points are none of the
    conditional intensity's.
    """
    random = np.random.default_rng(seed)
    days, columns = _draw_background(forecaster, start_day, end_day, copies, random)
    etas, catalogue, grid = forecaster.models.etas, forecaster.catalogue, forecaster.models.grid
    time_cdf = tabulated_cdf(etas)
    age = np.concatenate([[0.0], np.geomspace(1e-6, 1e6, 20_000)])
    births = time_cdf(age)
    before = forecaster.sources.days < end_day
    born = forecaster.sources.days[before]
    low, high = time_cdf(np.maximum(start_day - born, 0.0)), time_cdf(end_day - born)
    number = random.poisson(copies * forecaster.sources.productivity[before] * (high - low))
    parent = np.repeat(np.arange(len(born)), number)
    share = low[parent] + random.random(len(parent)) * (high - low)[parent]
    child_days = born[parent] + np.interp(share, births, age)
    zone = forecaster.sources.zone_km2[before][parent]
    radius = np.sqrt(zone * (random.random(len(parent)) ** (-1 / etas.rho) - 1))
    angle = random.uniform(0, 2 * np.pi, len(parent))
    latitude = catalogue.latitude[before][parent] + radius * np.sin(angle) / _KM_PER_DEGREE
    on_map = np.abs(latitude) < 89.9
    parallel = _KM_PER_DEGREE * np.cos(np.radians(latitude[on_map]))
    longitude = catalogue.longitude[before][parent[on_map]] + (radius * np.cos(angle))[on_map] / parallel
    flat = grid.cell_of(longitude, latitude[on_map])
    column_of = np.full(grid.mask.size, -1)
    column_of[np.flatnonzero(grid.mask)] = np.arange(int(grid.mask.sum()))
    inside = flat >= 0
    return (
        np.concatenate([days, child_days[on_map][inside]]),
        np.concatenate([columns, column_of[flat[inside]]]),
    )


def fit_intensity(
    forecaster: Forecaster, points: Points, validation: Points, run: Run, fingerprint: str, report: Report
) -> ForecastNetwork:
    """Return a network whose residual makes the events of `points` most likely, stopped early on validation."""
    fit = forecaster.models.settings.fit
    torch.manual_seed(fit.seed)
    network = ForecastNetwork(points.features.shape[1], 1, forecaster.models.settings.network)
    network.standardise(points.features)
    share = float(points.event.mean())

    def loss(network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        log_ratio = network(batch["features"], torch.zeros(len(batch["event"]), 1))[0][:, 0]
        return (batch["weight"] * torch.exp(log_ratio) - batch["event"] * log_ratio).mean() / share

    training = Training(
        network=network,
        loss=loss,
        feed=Feed(points, min(fit.batch, len(points)), fit.seed),
        stages=(Stage("intensity", fit.epochs, fit.learning_rate, patience=fit.patience),),
        validate=lambda network: -intensity_gain(network, validation).value,
        fingerprint=fingerprint,
        weight_decay=fit.weight_decay,
        averaging=fit.averaging,
    )
    best = train(training, run, report)
    assert isinstance(best, ForecastNetwork)
    return best


@torch.no_grad()
def intensity_gain(network: nn.Module, points: Points) -> IntensityGain:
    """Return Σ r over events − Σ (exp(r) − 1)/copies over drawn points, per event."""
    network.eval()
    log_ratio = torch.cat(
        [
            network(points.features[rows].float(), torch.zeros(len(rows), 1))[0][:, 0]
            for rows in torch.arange(len(points)).split(_READ)
        ]
    ).double()
    drawn = points.event == 0
    change = points.weight[drawn].double() * torch.expm1(log_ratio[drawn])
    n = int(points.event.sum())
    value = (log_ratio[~drawn].sum() - change.sum()) / n
    # The points are a Poisson process: the variance of a sum over them is the sum of squares.
    return IntensityGain(float(value), float(torch.sqrt((change**2).sum())) / n, n)


def _draw_background(
    forecaster: Forecaster, start_day: float, end_day: float, copies: int, random: np.random.Generator
) -> tuple[Floats, np.ndarray]:
    """Return background points; in the folds of the training window, from maps that leave their events out."""
    limits = np.unique(np.clip([start_day, *forecaster.models.fold_limits, end_day], start_day, end_day))
    days, columns = [], []
    for first, last in pairwise(limits):
        middle = torch.tensor([(first + last) / 2], dtype=torch.float64)
        rate = forecaster.rates.background_at(middle)[0].double().numpy()
        number = random.poisson(copies * rate.sum() * (last - first))
        days.append(random.uniform(first, last, number))
        columns.append(random.choice(len(rate), number, p=rate / rate.sum()))
    return np.concatenate(days), np.concatenate(columns)
