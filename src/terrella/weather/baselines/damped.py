"""Persistence, and damped persistence: the anomaly of today, times what is left of it on average."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.weather.baselines.climatology import Climatology
from terrella.weather.data.store import Store

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
_MOST = 300  # pairs of states that a coefficient is fitted on


@dataclass(frozen=True, eq=False)
class Damped:
    """Least-squares coefficients of each step ahead, latitude and channel, (step, latitude, channel)."""

    left: Floats

    def forecast(self, store: Store, climatology: Climatology, first: Indices, step: int) -> Floats:
        """Return the states so many steps after the first ones, (state, point, channel)."""
        now = _states(store, first) - climatology.at(store.times[first])
        ahead = store.times[first] + step * np.timedelta64(store.step_hours, "h")
        return climatology.at(ahead) + now * self._of_points(store, step)

    def _of_points(self, store: Store, step: int) -> Floats:
        return np.repeat(self.left[step - 1], len(store.longitude), axis=0)


def fit_damped(store: Store, climatology: Climatology, states: Indices, steps: int) -> Damped:
    """Return the coefficients of 1 … `steps` steps, fitted on states of the training.

    x'(t + τ) = r(τ) x'(t), least squares over time and longitude at each latitude.
    """
    left = np.zeros((steps, len(store.latitude), len(store.channels)))
    held = set(states.tolist())
    for step in range(1, steps + 1):
        begins = np.array([n for n in states.tolist() if n + step in held and _apart(store, n, step)], int)
        begins = begins[:: max(1, len(begins) // _MOST)]
        above, below = np.zeros_like(left[0]), np.zeros_like(left[0])
        for part in np.array_split(begins, max(1, len(begins) // 32)):
            now = _rows(store, _states(store, part) - climatology.at(store.times[part]))
            then = _rows(store, _states(store, part + step) - climatology.at(store.times[part + step]))
            above += np.einsum("tijc,tijc->ic", now, then, dtype=float)
            below += np.einsum("tijc,tijc->ic", now, now, dtype=float)
        left[step - 1] = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return Damped(left.astype(np.float32))


def persistence(store: Store, first: Indices, steps: Sequence[int]) -> Iterator[Floats]:
    """Yield the states of the start, (state, point, channel), for each step ahead."""
    now = _states(store, first)
    for _ in steps:
        yield now


def _apart(store: Store, state: int, step: int) -> bool:
    return bool(store.times[state + step] - store.times[state] == step * np.timedelta64(store.step_hours, "h"))


def _states(store: Store, which: Indices) -> Floats:
    """Return single states, (state, point, channel)."""
    made = np.empty((len(which), store.points, len(store.channels)), np.float32)
    for number, state in enumerate(which.tolist()):
        store.read(state, state + 1, made[number : number + 1])
    return made


def _rows(store: Store, values: Floats) -> Floats:
    return values.reshape(len(values), len(store.latitude), len(store.longitude), -1)
