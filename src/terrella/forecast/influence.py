"""What each past event gives to one cell's features: all that a forecast sums over the past is linear in events.

With a weight for each event, 1 for one that happened, ETAS's rate and the network's features are functions of the
weights that can be differentiated. Without any event the background is left.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from terrella.errors import InputError
from terrella.forecast.etas.window_shares import window_shares
from terrella.forecast.features.channels import few_of
from terrella.forecast.features.kernel_sums import kernel_around
from terrella.forecast.features.surroundings import RATES, KernelsAround
from terrella.forecast.features.sweep import Sources
from terrella.forecast.models import Forecaster
from terrella.formats.catalogues.catalogue import Floats

_TINY = 1e-12
_CHUNK = 4096  # events whose shares are held at once


@dataclass(frozen=True, eq=False)
class Influence:
    """One cell at one issue time: `sums` (event, sum) by each event, `rest` (sum,) by the background.

    The sums are, in this order: ETAS's counts by horizon, observed counts by band and memory, those that ETAS
    expected by memory, and around the cell, kernel by kernel, the same without layers, the rates last.
    """

    sums: Tensor
    rest: Tensor
    log_background: float
    log_area: float
    horizons: int
    own: int  # sums of the cell itself
    around: int  # sums of each kernel

    def of(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (n, channel) and ETAS's log counts (n, horizon), of events' weights (n, event)."""
        total = (weights @ self.sums + self.rest).clamp(min=0)
        log_etas = torch.log(total[:, : self.horizons] + _TINY)
        background = log_etas.new_full((len(weights), 1), self.log_background - self.log_area)
        parts = [log_etas - self.log_area, background, torch.log1p(total[:, self.horizons : self.own])]
        for each in total[:, self.own :].split(self.around, 1):
            parts += [torch.log1p(each[:, :-RATES]), torch.log(each[:, -RATES:] + _TINY)]
        return torch.cat(parts, 1), log_etas

    @property
    def etas(self) -> Tensor:
        """What each event adds to ETAS's counts, (event, horizon)."""
        return self.sums[:, : self.horizons]


def influence_on(forecaster: Forecaster, issue_day: float, layer: int, column: int) -> Influence:
    """Return what the events before an issue time give to the features of one cell.

    Raises:
        InputError: where the bundle's surroundings are boxes of cells, as in early versions.
    """
    around, rates, sources = forecaster.around, forecaster.rates, forecaster.sources
    if not isinstance(around, KernelsAround):
        raise InputError("the bundle is of an early version, whose surroundings are boxes; train it again")
    kernels = np.stack([kernel_around(table, column) for table in around.tables]).astype(float)
    spatial = np.concatenate(
        [np.eye(sources.n_columns)[[column]], kernels]
    )  # (place, column): the cell first
    age = issue_day - sources.days
    shares = _shares(sources, spatial)  # (event, place)
    expected = sources.productivity[:, None] * np.exp(-age[:, None] / sources.time_constants)
    by_horizon = expected @ rates.horizon_coefficients.double().numpy().T
    by_memory = expected @ rates.memory_coefficients.double().numpy().T
    inside = sources.column >= 0
    seen = np.where(inside[:, None], spatial[:, sources.column].T, 0.0)  # (event, place)
    remembered = np.exp(-age[:, None] / sources.memory_days)
    local = sources.weights[:, :, None] * remembered[:, None]  # (event, band, memory)
    share = float(rates.depth_shares[layer, column])
    here = seen[:, 0] * (sources.layer == layer)
    own = [
        by_horizon * shares[:, :1] * share,
        (local * here[:, None, None]).reshape(len(age), -1),
        by_memory * shares[:, :1] * share,
    ]
    few = few_of(local.shape[2])
    parts = list(own)
    for k in range(1, len(spatial)):
        near = local * seen[:, k, None, None]
        share_k = shares[:, k : k + 1]
        parts += [
            near[:, :2].reshape(len(age), -1), by_memory * share_k, near[:, 2:, few].reshape(len(age), -1),
            by_horizon[:, :1] * share_k, np.zeros((len(age), 1)),
        ]  # fmt: skip
    rest = _background(forecaster, issue_day, spatial, share, local.shape[1:], len(few))
    background = forecaster.rates.background_at(torch.tensor([issue_day]).double())[0, column]
    return Influence(
        sums=torch.from_numpy(np.concatenate(parts, 1)),
        rest=torch.from_numpy(rest),
        log_background=float(torch.log(background * share + _TINY)),
        log_area=float(around.log_area[column]),
        horizons=by_horizon.shape[1],
        own=sum(each.shape[1] for each in own),
        around=sum(each.shape[1] for each in parts[3:8]),
    )


def _shares(sources: Sources, spatial: Floats) -> Floats:
    """Return the share of each event's aftershocks under each map of weights (place, column)."""
    found = np.zeros((len(sources.days), len(spatial)))
    beyond = spatial @ sources.evenly
    for start in range(0, len(found), _CHUNK):
        some = slice(start, start + _CHUNK)
        shares = window_shares(
            sources.cells,
            sources.longitude[some],
            sources.latitude[some],
            sources.zone_km2[some],
            sources.rho,
            sources.reach_km[some],
        )
        count = len(shares.first) - 1
        event = np.repeat(np.arange(count), np.diff(shares.first))
        for place, weight in enumerate(spatial):
            found[some, place] = np.bincount(event, shares.share * weight[shares.column], minlength=count)
        inside = np.bincount(event, shares.share, minlength=count)
        found[some] += (1 - inside)[:, None] * beyond
    return found


def _background(
    forecaster: Forecaster, issue_day: float, spatial: Floats, share: float, local: tuple[int, ...], few: int
) -> Floats:
    """Return what the background gives to each sum."""
    rates = forecaster.rates
    at = torch.tensor([issue_day]).double()
    there = spatial @ rates.background_at(at)[0].double().numpy()  # events per day at each place
    memory_days = rates.memory_days.double().numpy()
    known = max(issue_day - rates.start_day, 0.0)
    memory = memory_days * -np.expm1(-known / memory_days)
    horizon = rates.background_days.double().numpy()
    bands, memories = local
    parts = [there[0] * share * horizon, np.zeros(bands * memories), there[0] * share * memory]
    for rate in there[1:]:
        parts += [
            np.zeros(2 * memories), rate * memory, np.zeros((bands - 2) * few), [rate * horizon[0], rate],
        ]  # fmt: skip
    return np.concatenate(parts)
