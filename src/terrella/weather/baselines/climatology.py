"""Climatology: the mean by day of the year and hour, smoothed over days, of the training's years."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from terrella.weather.data.store import Store, Times

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
WINDOW_DAYS = 61  # of the triangular weights, as in WeatherBench 2
_BIN_DAYS = 5
_BINS = 73
_LEAST_YEARS = 1.0  # of data, below which no season can be told


@dataclass(frozen=True, eq=False)
class Climatology:
    """Means (bin of the year, hour of the day, point, channel); one of each where there is no season or day."""

    means: Floats
    step_hours: int

    def at(self, times: Times) -> Floats:
        """Return the climatology at times, (time, point, channel); between the bins' middles it is linear."""
        hour = hours_of_day(times) // self.step_hours % self.means.shape[1]
        if len(self.means) == 1:
            return np.asarray(self.means[0, hour])
        place = days_of_year(times) / _BIN_DAYS - 0.5
        low = np.floor(place).astype(int)
        share = (place - low).astype(np.float32)[:, None, None]
        below, above = self.means[low % _BINS, hour], self.means[(low + 1) % _BINS, hour]
        return np.asarray(below + share * (above - below))


def fit_climatology(store: Store, states: Indices) -> Climatology:
    """Return the climatology of some states of a store, some at a time.

    A planet without seasons and continents has one mean for each latitude. Where the states span less than a year,
    it is the mean over all of them, by hour.
    """
    if store.simulated:
        mean = _sums(store, states, np.zeros(len(states), int), 1)[0] / len(states)
        rows = mean.reshape(len(store.latitude), len(store.longitude), -1)
        rows = np.broadcast_to(rows.mean(axis=1, keepdims=True), rows.shape)
        return Climatology(rows.reshape(1, 1, *mean.shape).astype(np.float32), store.step_hours)
    times = store.times[states]
    hours = 24 // store.step_hours
    span = (times[-1] - times[0]) / np.timedelta64(1, "D") / 365.25
    bins = _BINS if span >= _LEAST_YEARS else 1
    bin_ = np.minimum(days_of_year(times) // _BIN_DAYS, bins - 1).astype(int)
    label = bin_ * hours + hours_of_day(times) // store.step_hours
    sums = _sums(store, states, label, bins * hours).reshape(bins, hours, store.points, -1)
    counts = np.bincount(label, minlength=bins * hours).reshape(bins, hours)
    if bins == 1:
        whole = sums.sum(axis=1, keepdims=True) / counts.sum()
        means = np.where(counts[..., None, None] > 0, sums / np.maximum(counts, 1)[..., None, None], whole)
        return Climatology(means.astype(np.float32), store.step_hours)
    kernel = _kernel()
    weighed = np.tensordot(kernel, sums, axes=(1, 0))
    number = kernel @ counts
    return Climatology((weighed / number[..., None, None]).astype(np.float32), store.step_hours)


def days_of_year(times: Times) -> npt.NDArray[np.float64]:
    """Return the days since the year began, (time,)."""
    return np.asarray((times - times.astype("datetime64[Y]")) / np.timedelta64(1, "D"))


def hours_of_day(times: Times) -> npt.NDArray[np.int64]:
    """Return the hour of each time, (time,)."""
    return np.asarray(((times - times.astype("datetime64[D]")) // np.timedelta64(1, "h")).astype(np.int64))


def _sums(
    store: Store, states: Indices, label: npt.NDArray[np.int64], labels: int
) -> npt.NDArray[np.float64]:
    """Return the sums of states by label, (label, point, channel)."""
    sums = np.zeros((labels, store.points, len(store.channels)))
    for part in runs(states, store.frames_per_chunk):
        values = store.read(int(states[part][0]), int(states[part][-1]) + 1)
        np.add.at(sums, label[part], values[states[part] - states[part][0]])
    return sums


def runs(states: Indices, chunk: int) -> list[slice]:
    """Return parts of states (rising) that lie in the same chunk of a store."""
    borders = np.flatnonzero(np.diff(states // chunk)) + 1
    edges = [0, *borders.tolist(), len(states)]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def _kernel() -> npt.NDArray[np.float64]:
    """Return the triangular weights between bins of a year that closes on itself, (bin, bin)."""
    apart = np.abs(np.arange(_BINS)[:, None] - np.arange(_BINS)[None, :])
    apart = np.minimum(apart, _BINS - apart) * _BIN_DAYS
    return np.maximum(0.0, 1 - apart / ((WINDOW_DAYS + 1) / 2))
