"""Damped persistence: the anomaly of today, times what is left of it on average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.weather.baselines.climatology import Climatology
from terrella.weather.data.store import Store

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
_MOST = 300  # pairs of states that a coefficient is fitted on
_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Damped:
    """Least-squares coefficients of each number of steps ahead, (latitude, channel)."""

    left: Mapping[int, Floats]

    def forecast(self, store: Store, climatology: Climatology, first: Indices, step: int) -> Floats:
        """Return the states so many steps after the first ones, (state, point, channel)."""
        now = store.states(first) - climatology.at(store.times[first])
        ahead = store.times[first] + step * np.timedelta64(store.step_hours, "h")
        return climatology.at(ahead) + now * np.repeat(self.left[step], len(store.longitude), axis=0)


def fit_damped(store: Store, climatology: Climatology, states: Indices, steps: Sequence[int]) -> Damped:
    """Return the coefficients of so many steps ahead, fitted on states of the training.

    x'(t + τ) = r(τ) x'(t), least squares over time and longitude at each latitude.
    """
    return Damped({step: _fitted(store, climatology, states, step) for step in steps})


def _fitted(store: Store, climatology: Climatology, states: Indices, step: int) -> Floats:
    held = set(states.tolist())
    begins = np.array([n for n in states.tolist() if n + step in held and _apart(store, n, step)], int)
    begins = begins[:: -(-len(begins) // _MOST) or 1]
    above, below = np.zeros((2, len(store.latitude), len(store.channels)))
    for part in np.array_split(begins, max(1, len(begins) // _AT_ONCE)):
        now = _rows(store, store.states(part) - climatology.at(store.times[part]))
        then = _rows(store, store.states(part + step) - climatology.at(store.times[part + step]))
        above += np.einsum("tijc,tijc->ic", now, then, dtype=float)
        below += np.einsum("tijc,tijc->ic", now, now, dtype=float)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0).astype(np.float32)


def _apart(store: Store, state: int, step: int) -> bool:
    return bool(
        store.times[state + step] - store.times[state] == step * np.timedelta64(store.step_hours, "h")
    )


def _rows(store: Store, values: Floats) -> Floats:
    return values.reshape(len(values), len(store.latitude), len(store.longitude), -1)
