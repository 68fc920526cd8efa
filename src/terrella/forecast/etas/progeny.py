"""Aftershocks of aftershocks, in the mean: how many descendants an event has within a time.

With n direct aftershocks per event, born at times with the distribution G, one event has
M(u) = n G(u) + n ∫₀ᵘ M(u − s) dG(s) descendants within u days: the renewal equation of a branching process
(Harris 1963, ch. VI; for ETAS, Helmstetter & Sornette 2002).
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Floats

TimeCdf = Callable[[Floats], Floats]

_STEPS = 1000
_SHORTEST = 1e-8  # first step, as a share of the horizon: far below Omori's c
_BLOCK = 1000  # ages whose integrals are held in memory at once


@lru_cache(maxsize=16)
def progeny_table(time_cdf: TimeCdf, branching: float, horizon_days: float) -> tuple[Floats, Floats]:
    """Return times u (k,) from 0 to the horizon in days, and the expected descendants M(u) of one event.

    `time_cdf` is the distribution of a direct aftershock's time since its parent, `branching` the mean number
    of direct aftershocks per event; M stays finite where it exceeds 1. The relative error is below 1e-4
    for laws as broad as Omori's.

    Raises:
        InputError: where the horizon is not positive or the branching ratio is negative.
    """
    if not (horizon_days > 0 and 0 <= branching < np.inf):
        raise InputError(
            f"a horizon above 0 days and a branching ratio of 0 or more are needed; "
            f"got {horizon_days} days and {branching}"
        )
    shortest = np.log10(_SHORTEST * horizon_days)
    u = np.concatenate([[0.0], np.logspace(shortest, np.log10(horizon_days), _STEPS)])
    u[-1] = horizon_days
    g, m = time_cdf(u), np.zeros(len(u))
    for k in range(1, len(u)):
        # Both G and M rise steeply from 0, so the convolution is cut in the middle and each half is summed
        # over the increments of the one that is steep there; integration by parts leaves one end term:
        # ∫₀ᵘ M(u−s) dG(s) = ∫₀^½ᵘ M(u−s) dG(s) + ∫₀^½ᵘ G(u−r) dM(r) − G(½u) M(½u).
        half = np.append(u[: np.searchsorted(u, u[k] / 2)], u[k] / 2)
        g_half, m_half = np.interp(half, u, g), np.interp(half, u[:k], m[:k])
        g_half[-1] = time_cdf(half[-1:])[0]
        # M(u−s) between the last known time and u contains the unknown M(u) with these shares.
        unknown = np.clip((u[k] - half - u[k - 1]) / (u[k] - u[k - 1]), 0, 1)
        known = np.where(unknown > 0, (1 - unknown) * m[k - 1], np.interp(u[k] - half, u[:k], m[:k]))
        rest = _stieltjes(known, g_half) + _stieltjes(time_cdf(u[k] - half), m_half) - g_half[-1] * m_half[-1]
        m[k] = branching * (g[k] + rest) / (1 - branching * _stieltjes(unknown, g_half))
    for values in (u, m):
        values.flags.writeable = False  # they are shared by all who ask for the same
    return u, m


def horizon_weight(time_cdf: TimeCdf, branching: float, horizon_days: float, age_days: Floats) -> Floats:
    """Return W(age) = ∫₀ʰ g(age + s) (1 + M(h − s)) ds, in the shape of `age_days`.

    It is the expected number of events of all generations in the next `horizon_days`, per direct aftershock
    that a parent of that age has over all time. The relative error is below 1e-4 wherever the distribution's
    values resolve it (1 − G above some 1e-11). It costs some 700 values of `time_cdf` per age: for many ages,
    tabulate and interpolate.
    """
    u, m = progeny_table(time_cdf, branching, horizon_days)
    # Errors do not build up here as they do in M: every third time is enough.
    coarse = np.append(u[::3], horizon_days)
    s = np.unique(np.concatenate([coarse, horizon_days - coarse]))
    events = 1 + np.interp(horizon_days - s, u, m)
    age = np.asarray(age_days, float)
    blocks = np.split(age.ravel(), range(_BLOCK, age.size, _BLOCK))
    weights = [_stieltjes(events, time_cdf(block[:, None] + s)) for block in blocks]
    return np.concatenate(weights).reshape(age.shape)


def background_weight(time_cdf: TimeCdf, branching: float, horizon_days: float) -> float:
    """Return h + ∫₀ʰ M(u) du: the days' worth of background events in a horizon, descendants included."""
    u, m = progeny_table(time_cdf, branching, horizon_days)
    return float(horizon_days + np.trapezoid(m, u))


def _stieltjes(values: Floats, distribution: Floats) -> Floats:
    """Return ∫ values d(distribution) along the last axis, by the trapezoidal rule."""
    return np.asarray((np.diff(distribution) * (values[1:] + values[:-1])).sum(-1) / 2)
