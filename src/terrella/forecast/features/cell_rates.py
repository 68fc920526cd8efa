"""Expected counts of ETAS on the cells of a grid, for any issue time and horizon."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.forecast.etas.model import ETAS
from terrella.forecast.etas.progeny import background_weight, horizon_weight
from terrella.forecast.features.exponentials import fit_exponentials
from terrella.formats.catalogues.catalogue import Catalogue, Floats


@dataclass(frozen=True, eq=False)
class CellRates:
    """What turns the triggering memory of `Past` into expected counts.

    `background` holds one map per fold of the training window, built without that fold's events, and last
    the map of all; in events per day and column of cells.
    """

    horizon_coefficients: Tensor  # (horizon, time constant)
    memory_coefficients: Tensor  # (memory, time constant)
    background: Tensor  # (fold, column)
    background_days: Tensor  # (horizon,): days of background, with its aftershocks, per horizon
    memory_days: Tensor
    fold_limits: Tensor  # (folds + 1,) days; outside them the last map holds
    depth_shares: Tensor  # (layer, column)
    start_day: float  # since when events are known

    def background_at(self, issue_days: Tensor) -> Tensor:
        """Return the background map (n, column) that knows nothing of the days around each issue time."""
        return self.background[self.fold_of(issue_days)]

    def fold_of(self, issue_days: Tensor) -> Tensor:
        """Return which background map (n,) belongs to each issue time."""
        fold = torch.searchsorted(self.fold_limits, issue_days, right=True) - 1
        last = len(self.background) - 1
        return torch.where((fold < 0) | (fold >= last), last, fold)

    def expected(self, triggering: Tensor, background: Tensor) -> Tensor:
        """Return expected counts (n, horizon, layer, column), aftershocks of aftershocks included."""
        triggered = torch.matmul(self.horizon_coefficients, triggering).clamp(min=0)
        total = triggered + background[:, None] * self.background_days[:, None]
        return total[:, :, None] * self.depth_shares

    def remembered(self, triggering: Tensor, background: Tensor, issue_days: Tensor) -> Tensor:
        """Return what ETAS expected of the past, (n, memory, layer, column).

        It is the conditional intensity integrated under the local memories' exponentials, so that observed
        over expected tells how productive a place and its present sequence are.
        """
        known = (issue_days[:, None] - self.start_day).clamp(min=0).float()
        days = self.memory_days * -torch.expm1(-known / self.memory_days)
        triggered = torch.matmul(self.memory_coefficients, triggering).clamp(min=0)
        return (triggered + background[:, None] * days[:, :, None])[:, :, None] * self.depth_shares


def make_cell_rates(
    etas: ETAS,
    background: Floats,
    fold_limits: Floats,
    depth_shares: Floats,
    horizons_days: tuple[float, ...],
    memory_days: tuple[float, ...],
    start_day: float,
    device: torch.device | str = "cpu",
) -> CellRates:
    """Return the rates of an ETAS model given background maps (fold, column) in events per day."""

    def tensor(values: Floats, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.as_tensor(np.asarray(values), dtype=dtype, device=device)

    branching, time_cdf = etas.branching_ratio(), tabulated_cdf(etas)
    horizon = [fit_exponentials(partial(horizon_weight, time_cdf, branching, h)) for h in horizons_days]
    memory = [fit_exponentials(partial(remembered_weight, etas, tau), floor=1e-3) for tau in memory_days]
    return CellRates(
        horizon_coefficients=tensor(np.stack(horizon)),
        memory_coefficients=tensor(np.stack(memory)),
        background=tensor(background),
        background_days=tensor(np.array([background_weight(time_cdf, branching, h) for h in horizons_days])),
        memory_days=tensor(np.asarray(memory_days)),
        fold_limits=tensor(fold_limits, torch.float64),
        depth_shares=tensor(depth_shares),
        start_day=start_day,
    )


def tabulated_cdf(etas: ETAS) -> Callable[[Floats], Floats]:
    """Return `etas.time_cdf` by cubics in log time from values and slopes: the same to 1e-9, many times as fast."""
    c, whole = etas.c_days, etas.time_integral()
    log_time, step = np.linspace(np.log(c), np.log(1e7), 3000, retstep=True)
    since = np.exp(log_time)
    left = etas.time_integral(since - c) / whole
    slope = -step * np.exp((c - since) / etas.tau_days) * since**-etas.omega / whole
    rise = np.diff(left)
    curve, twist = 3 * rise - 2 * slope[:-1] - slope[1:], slope[:-1] + slope[1:] - 2 * rise

    def cdf(days: Floats) -> Floats:
        place = (np.log(days + c) - log_time[0]) / step
        at = np.clip(place.astype(int), 0, len(rise) - 1)
        x = place - at
        return 1 - (left[at] + x * (slope[at] + x * (curve[at] + x * twist[at])))

    return cdf


def remembered_weight(etas: ETAS, memory_days: float, age_days: Floats) -> Floats:
    """Return ∫₀ᴬ g(u) exp(−(A−u)/τ) du for ages A: an event's expected aftershocks in a memory of τ days."""
    u = np.concatenate([[0.0], np.geomspace(1e-7, max(age_days.max(), 1.0), 6000)])
    births = np.diff(etas.time_cdf(u))
    # Carried forward from one time to the next; births are even within a step.
    step_memories = np.diff(u) / memory_days
    decay, late = np.exp(-step_memories), -np.expm1(-step_memories) / step_memories
    carried = np.zeros(len(u))
    for step in range(len(births)):
        carried[step + 1] = carried[step] * decay[step] + births[step] * late[step]
    return np.interp(age_days, u, carried)


def depth_shares(catalogue: Catalogue, grid: Grid, neighbours: float = 20.0) -> Floats:
    """Return the share of each depth layer (layer, column), from the events of a catalogue.

    A column with few events of its own borrows from the region: `neighbours` events' worth of its shares.
    """
    layers = grid.shape[0]
    columns = np.flatnonzero(grid.mask)
    if layers == 1:
        return np.ones((1, len(columns)))
    cell = grid.cell_of(catalogue.longitude, catalogue.latitude, catalogue.depth_km)
    counts = np.bincount(cell[cell >= 0], minlength=layers * grid.mask.size).reshape(layers, -1)[:, columns]
    regional = (counts.sum(1) + 1) / (counts.sum() + layers)
    mixed = counts + neighbours * regional[:, None]
    return mixed / mixed.sum(0)
