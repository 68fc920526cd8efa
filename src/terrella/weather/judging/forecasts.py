"""The forecasts that are judged: the network's roll-out and its baselines', states in their units, by step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from terrella.weather.baselines.climatology import Climatology
from terrella.weather.baselines.coarse_solver import solver_forecasts
from terrella.weather.baselines.damped import Damped
from terrella.weather.data.forcings import Forcing, forcings_at
from terrella.weather.data.source import denormalised, normalised
from terrella.weather.data.statistics import Statistics
from terrella.weather.data.store import Store
from terrella.weather.data.windows import PAST
from terrella.weather.model.network import MeshNetwork

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Forecasts = Callable[
    [Store, Indices, Sequence[int]], Iterator[Floats]
]  # first states, steps → states at each


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A way to forecast, with its name."""

    name: str
    forecasts: Forecasts
    spectra: bool = False  # whether its spectra tell something
    members: int = 1  # above 1 the states are (member, state, point, channel)


@torch.no_grad()
def rolled_out(
    network: MeshNetwork,
    past: Floats,
    start: npt.NDArray[np.datetime64],
    steps: int,
    grid: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    step_hours: int,
    statistics: Statistics,
    forcings: tuple[Forcing, ...],
    draw: torch.Generator | None = None,
) -> Iterator[Floats]:
    """Yield the states one, two, … steps after `start` (forecast,), (forecast, point, channel), in their units.

    With `draw`, the noise of a network that has some is drawn; else it is zero.

    `past` holds the two states up to the start, (forecast, 2, point, channel), in the variables' units.
    """
    device = next(network.parameters()).device
    states = torch.from_numpy(normalised(past.copy(), statistics)).to(device)
    hours = np.timedelta64(step_hours, "h")
    for step in range(steps):
        times = start[:, None] + hours * (step + np.arange(1 - PAST, 2))
        known = forcings_at(times.reshape(-1), *grid, step_hours, forcings).reshape(
            *times.shape, past.shape[2], -1
        )
        noise = (
            None if draw is None else torch.randn(len(states), 1, network.noise, generator=draw).to(device)
        )
        (after,) = network(states, torch.from_numpy(known).to(device), noise)
        now = after[..., : past.shape[-1]]
        states = torch.stack([states[:, 1], now], dim=1)
        yield denormalised(now.cpu().numpy(), statistics)


def network_forecasts(
    network: MeshNetwork,
    statistics: Statistics,
    forcings: tuple[Forcing, ...],
    members: int = 1,
    seed: int = 0,
) -> Forecasts:
    """Return the forecasts of a network, of several members where its noise is to be drawn."""

    def forecasts(store: Store, first: Indices, steps: Sequence[int]) -> Iterator[Floats]:
        past = np.stack([store.states(first - back) for back in range(PAST - 1, -1, -1)], axis=1)
        grid = (store.latitude, store.longitude)
        draw = None if members == 1 else torch.Generator().manual_seed(seed + int(first[0]))
        start = np.tile(store.times[first], members)
        past = np.tile(past, (members, 1, 1, 1))
        each = rolled_out(
            network, past, start, max(steps), grid, store.step_hours, statistics, forcings, draw
        )
        shape = (members, len(first), store.points, -1) if members > 1 else (len(first), store.points, -1)
        return (state.reshape(shape) for step, state in enumerate(each, 1) if step in steps)

    return forecasts


def baselines(climatology: Climatology, damped: Damped, solver: bool) -> list[Forecaster]:
    """Return the baselines; that of the solver itself where there is one."""
    made = [
        Forecaster("persistence", _persistence),
        Forecaster("climatology", partial(_climatology, climatology)),
        Forecaster("damped persistence", partial(_damped, climatology, damped)),
    ]
    return [*made, Forecaster("solver at half resolution", _solver, True)] if solver else made


def _persistence(store: Store, first: Indices, steps: Sequence[int]) -> Iterator[Floats]:
    now = store.states(first)
    return (now for _ in steps)


def _climatology(
    climatology: Climatology, store: Store, first: Indices, steps: Sequence[int]
) -> Iterator[Floats]:
    hours = np.timedelta64(store.step_hours, "h")
    return (climatology.at(store.times[first] + step * hours) for step in steps)


def _damped(
    climatology: Climatology, damped: Damped, store: Store, first: Indices, steps: Sequence[int]
) -> Iterator[Floats]:
    return (damped.forecast(store, climatology, first, step) for step in steps)


def _solver(store: Store, first: Indices, steps: Sequence[int]) -> Iterator[Floats]:
    each = solver_forecasts(store, first, max(steps))
    return (state for step, state in enumerate(each, 1) if step in steps)
