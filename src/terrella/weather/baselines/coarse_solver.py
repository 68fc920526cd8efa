"""The planet's own solver at half its resolution: what physics knows, with the small waves cut off."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from terrella.weather.data.store import Store
from terrella.weather.planet import held_suarez as planet
from terrella.weather.planet.simulate import solver_states

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
TRUNCATION = 10


def solver_forecasts(store: Store, first: Indices, steps: int) -> Iterator[Floats]:
    """Yield the states one, two, … steps after the first ones, (state, point, channel).

    Raises:
        InputError: where the solver is not installed, or its own state at a first one was not kept.
    """
    states = planet.coarser(solver_states(store, first), TRUNCATION)
    solver = planet.solver(TRUNCATION, planet.TRUNCATION)
    for state in solver.frames(states, steps):
        fields = solver.fields(state)
        yield np.stack([_channel(fields[each.variable], each.level) for each in store.channels], axis=-1)


def _channel(values: Floats, level: int | None) -> Floats:
    """Return a field of one level, (state, point)."""
    own = values if level is None else values[:, planet.LEVELS.index(level)]
    return own.reshape(len(own), -1)
