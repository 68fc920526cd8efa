"""Sums over pairs of events, compiled: the intensity of ETAS at events, and a sample of pairs for fitting.

A catalogue of n events has n²/2 pairs, most of which add next to nothing. `sample_pairs` keeps some forty
pairs for each event: walking through the sources in order, it emits one whenever the running share of the
intensity has grown by one spacing, and gives it the weight of all that it stands for (systematic sampling
with probability proportional to size; Madow 1949). The sum stays unbiased for every parameter, and nearly
exact near those of the sampling.

Sums over all pairs would spend their time on powers and exponentials, so these come from tables: each binary
order of magnitude is cut into 1024 equal steps, found by the leading bits of the number, with linear
interpolation between them. Intensities are right to 1e-6, save where e^{−t/τ} has made them vanish.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from terrella.formats.catalogues.catalogue import Floats

# Parameters in the order of all compiled functions.
PARAMETERS = ("k0", "a", "c_days", "omega", "tau_days", "d_km2", "gamma", "rho")
_N = len(PARAMETERS)
_ROOM = 96  # pairs of one target that there is room for at first

_STEP_BITS = 10
_FIRST_EXPONENT, _LAST_EXPONENT = -40, 40  # tables reach from 2⁻⁴⁰ to 2⁴⁰ days or km²
_REST_BITS = 52 - _STEP_BITS
_FIRST_NODE = (1023 + _FIRST_EXPONENT) << _STEP_BITS
_N_NODES = ((_LAST_EXPONENT - _FIRST_EXPONENT) << _STEP_BITS) + 2
_NODES: Floats = ((np.arange(_N_NODES, dtype=np.int64) + _FIRST_NODE) << _REST_BITS).view(np.float64)


def triggered_intensity(
    days: Floats, points: Floats, step: Floats, first_target: int, theta: Floats, radius_km: float
) -> Floats:
    """Return Σᵢ of the triggering kernel at events first_target…n, per day and km².

    `days` (n,) sorted, `points` (n, 3) on the unit sphere, `step` (n,) magnitude above the smallest; events
    of the same time do not trigger each other.
    """
    return _intensity(days, np.ascontiguousarray(points.T), first_target, radius_km, *_tables(step, theta))


def temporal_intensity(
    days: Floats, number: Floats, first_target: int, c_days: float, omega: float, tau_days: float
) -> Floats:
    """Return Σᵢ number · e^{−t/τ} (t + c)^{−(1+ω)} at events first_target…n: per day, over the whole plane."""
    return _in_time(days, number, first_target, *_time_table(c_days, omega, tau_days))


class Pairs(NamedTuple):
    """Weighted pairs of events, those of one target after those of another."""

    start: npt.NDArray[np.int64]  # (target + 1,)
    source: npt.NDArray[np.int32]
    elapsed_days: npt.NDArray[np.float32]
    squared_km2: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]


def sample_pairs(
    days: Floats,
    points: Floats,
    step: Floats,
    first_target: int,
    theta: Floats,
    spacing: Floats,
    radius_km: float,
) -> Pairs:
    """Return weighted pairs for each target: one for each `spacing` (target,) of its intensity under θ."""
    columns, tables, room = np.ascontiguousarray(points.T), _tables(step, theta), _ROOM
    while True:
        count, source, weight = _sample(days, columns, first_target, radius_km, spacing, room, *tables)
        if count.max(initial=0) <= room:
            break
        room = int(count.max())
    start = np.concatenate([[0], np.cumsum(count)])
    kept = np.arange(source.shape[1]) < count[:, None]
    source, weight = source[kept], weight[kept]
    target = np.repeat(np.arange(first_target, len(days)), count)
    elapsed = days[target] - days[source]
    chord = ((points[target] - points[source]) ** 2).sum(1)
    r2 = radius_km**2 * chord * (1 + chord / 12 + chord**2 / 90)
    return Pairs(start, source, elapsed.astype(np.float32), r2.astype(np.float32), weight)


def sampled_intensity(pairs: Pairs, step: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Return the triggered intensity (target,) and its derivatives (target, 8) from weighted pairs.

    Derivatives are by log k0, a, log c, ω, log τ, log d, γ and ρ.
    """
    total, slope = _sampled_sums(
        pairs.start, pairs.source, pairs.elapsed_days, pairs.squared_km2, pairs.weight, step, theta
    )
    return total, slope


@numba.njit(cache=True, parallel=True, fastmath=True)
def _sampled_sums(start, source, elapsed, r2, weight, step, theta):
    k0, a, c, omega, tau, d, gamma, rho = theta
    n = len(start) - 1
    total, slope = np.zeros(n), np.zeros((n, _N))
    log_number, zone = np.log(k0) + a * step, d * np.exp(gamma * step)
    for j in numba.prange(n):
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
        for pair in range(start[j], start[j + 1]):
            i = source[pair]
            t, q = elapsed[pair], r2[pair] + zone[i]
            log_t, log_q = np.log(t + c), np.log(q)
            value = weight[pair] * np.exp(log_number[i] - t / tau - (1 + omega) * log_t - (1 + rho) * log_q)
            spread = value * zone[i] / q
            s0 += value
            s1 += value * step[i]
            s2 += value / (t + c)
            s3 += value * log_t
            s4 += value * t
            s5 += spread
            s6 += spread * step[i]
            s7 += value * log_q
        total[j] = s0
        slope[j, 0], slope[j, 1] = s0, s1
        slope[j, 2], slope[j, 3], slope[j, 4] = -(1 + omega) * c * s2, -s3, s4 / tau
        slope[j, 5], slope[j, 6], slope[j, 7] = -(1 + rho) * s5, -(1 + rho) * s6, -s7
    return total, slope


@numba.njit(cache=True, inline="always")
def _squared_km(chord, radius_km):
    # r = 2R arcsin(√chord/2) as a series in the squared chord: to 1e-4 within a tenth of the globe.
    return radius_km * radius_km * chord * (1 + chord * (1 / 12 + chord / 90))


@numba.njit(cache=True, inline="always")
def _look_up(table, x):
    bits = np.float64(x).view(np.int64)
    k = (bits >> _REST_BITS) - _FIRST_NODE
    part = (bits & ((1 << _REST_BITS) - 1)) * (1.0 / (1 << _REST_BITS))
    return table[k] + part * (table[k + 1] - table[k])


def _time_table(c_days: float, omega: float, tau_days: float) -> tuple[float, Floats]:
    """Return c, and e^{−t/τ} (t + c)^{−(1+ω)} as a table by t + c."""
    c_days = max(c_days, float(_NODES[0]))
    return c_days, np.exp(np.minimum((c_days - _NODES) / tau_days, 0.0)) * _NODES ** -(1 + omega)


def _tables(step: Floats, theta: Floats) -> tuple[Floats, Floats, float, Floats, Floats]:
    """Return the sources' numbers k0 e^{aΔm} and zones, c, and the tables of the kernels of time and space."""
    k0, a, c, omega, tau, d, gamma, rho = (float(value) for value in theta)
    zone = np.clip(d * np.exp(gamma * step), _NODES[0], _NODES[-1] / 4)
    return k0 * np.exp(a * step), zone, *_time_table(c, omega, tau), _NODES ** -(1 + rho)


@numba.njit(cache=True, parallel=True, fastmath=True)
def _intensity(days, points, first_target, radius_km, number, zone, c, in_time, in_space):
    n = len(days)
    found = np.zeros(n - first_target)
    for k in numba.prange(n - first_target):
        # Late targets have the most sources: taking them from both ends balances the threads.
        j = n - 1 - k // 2 if k % 2 == 0 else first_target + k // 2
        x, y, z = points[0, j], points[1, j], points[2, j]
        total = 0.0
        for i in range(j):
            t = days[j] - days[i]
            if t > 0:
                chord = (points[0, i] - x) ** 2 + (points[1, i] - y) ** 2 + (points[2, i] - z) ** 2
                r2 = _squared_km(chord, radius_km)
                total += number[i] * _look_up(in_time, t + c) * _look_up(in_space, r2 + zone[i])
        found[j - first_target] = total
    return found


@numba.njit(cache=True, parallel=True, fastmath=True)
def _in_time(days, number, first_target, c, in_time):
    n = len(days)
    found = np.zeros(n - first_target)
    for k in numba.prange(n - first_target):
        j = n - 1 - k // 2 if k % 2 == 0 else first_target + k // 2
        total = 0.0
        for i in range(j):
            t = days[j] - days[i]
            if t > 0:
                total += number[i] * _look_up(in_time, t + c)
        found[j - first_target] = total
    return found


@numba.njit(cache=True, parallel=True, fastmath=True)
def _sample(days, points, first_target, radius_km, spacing, room, number, zone, c, in_time, in_space):
    n = len(days)
    n_targets = n - first_target
    count = np.zeros(n_targets, np.int64)
    source = np.empty((n_targets, room), np.int32)
    weight = np.empty((n_targets, room), np.float32)
    for k in numba.prange(n_targets):
        j = n - 1 - k // 2 if k % 2 == 0 else first_target + k // 2
        row = j - first_target
        x, y, z = points[0, j], points[1, j], points[2, j]
        # Starting half a spacing in makes the sample deterministic and centred.
        due = spacing[row] / 2
        for i in range(j):
            t = days[j] - days[i]
            if t <= 0:
                continue
            chord = (points[0, i] - x) ** 2 + (points[1, i] - y) ** 2 + (points[2, i] - z) ** 2
            r2 = _squared_km(chord, radius_km)
            value = number[i] * _look_up(in_time, t + c) * _look_up(in_space, r2 + zone[i])
            if value >= spacing[row]:
                emitted = np.float32(1.0)
            else:
                due -= value
                if due > 0:
                    continue
                due += spacing[row]
                emitted = np.float32(spacing[row] / value)
            if count[row] < room:
                source[row, count[row]] = i
                weight[row, count[row]] = emitted
            count[row] += 1
    return count, source, weight
