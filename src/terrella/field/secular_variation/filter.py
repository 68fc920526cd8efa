"""A model of the secular variation at each year's end, of all observatories until then: a Kalman filter."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from terrella.field.harmonics.schmidt import Floats, degrees_orders, design
from terrella.field.observatories.table import Observatories
from terrella.field.secular_variation.law import deviations, yearly_change

# A difference of annual means is a triangle over two years of a rate that is straight between their edges.
_TRIANGLE = np.array([1.0, 4.0, 1.0]) / 6


@dataclass(frozen=True, eq=False)
class Rates:
    """Secular variation of all Gauss coefficients, as it was known at the end of each year.

    Parameters
    ----------
    years : array (time,)
        Those of the annual means, such as 2015.5; what is known then is known at 2016.0.
    last, before : array (time, coefficient)
        The rate in nT/yr at the year's end, and a year before, both by what was known at the year's end.
    middle : array (time, coefficient)
        The mean rate between this year's annual means and those before, nT/yr.
    deviation : array (time, coefficient)
        Of `last`.
    """

    years: Floats
    last: Floats
    before: Floats
    middle: Floats
    deviation: Floats
    n_max: int

    def ahead(self, horizon: int) -> Floats:
        """Return the mean rate that is expected between annual means `horizon` years apart, (time, coefficient).

        A rate without memory of its change stays as it is; the first triangle reaches back into the year that
        is over.
        """
        back = _TRIANGLE[0] / horizon
        return np.asarray((1 - back) * self.last + back * self.before)

    def from_year(self, year: float) -> "Rates":
        """Return what was known at a year's end and later."""
        kept = self.years >= year - 1e-6
        parts = {
            name: getattr(self, name)[kept] for name in ("years", "last", "before", "middle", "deviation")
        }
        return replace(self, **parts)


def filtered(given: Observatories, n_max: int, noise_nt: float) -> Rates:
    """Return the secular variation that annual differences of all observatories tell of.

    Rates of coefficients are random walks with the yearly changes of `law`; a difference of annual means has an
    error of `noise_nt` in B_θ and B_φ, and half as much again in B_r, for what is of higher degree or no core
    field.

    Parameters
    ----------
    given : Observatories
        Annual means in nT.
    n_max : int
        Highest degree.
    noise_nt : float
        Error of an annual difference, nT.

    Returns
    -------
    Rates
        Nothing at a year is known from later ones.
    """
    last, before, middle, deviation = [], [], [], []
    for each in _analyses(given, n_max, noise_nt):
        last.append(each.mean[2])
        before.append(each.mean[1])
        middle.append(_TRIANGLE @ each.mean)
        deviation.append(np.sqrt(np.maximum(np.diagonal(each.spread[2, :, 2, :]), 0)))
    return Rates(given.years, np.array(last), np.array(before), np.array(middle), np.array(deviation), n_max)


def told_by(given: Observatories, n_max: int, noise_nt: float, wanted: Floats) -> Floats:
    """Return what each annual difference adds to linear functions of the last year's state, which it is linear in.

    Parameters
    ----------
    wanted : array (function, 2, coefficient)
        What functions take of the rate a year before, and at the year's end.

    Returns
    -------
    array (function, time - 1, site, 3)
        Of B_r, B_θ, B_φ; zero where a difference is not known.
    """
    steps = list(_analyses(given, n_max, noise_nt))[1:]
    found = np.zeros((len(wanted), len(steps), *given.field.shape[1:]))
    on = np.concatenate([np.zeros_like(wanted[:, :1]), wanted], 1)  # (function, node, coefficient)
    for at, step in reversed(list(enumerate(steps))):
        told = on.reshape(len(on), -1) @ step.gain
        found[:, at, step.known] = told.reshape(len(on), -1, 3)
        on = on - _TRIANGLE[:, None] * (told @ step.to_field)[:, None]
        on = np.stack([np.zeros_like(on[:, 0]), on[:, 0], on[:, 1] + on[:, 2]], 1)
    return found


@dataclass(frozen=True, eq=False)
class _Analysis:
    """The state at a year's end, three nodes of it, the oldest first, and what the last difference did to it."""

    mean: Floats  # (node, coefficient)
    spread: Floats
    known: npt.NDArray[np.bool_]  # (site,)
    to_field: Floats  # (observation, coefficient)
    gain: Floats  # (node · coefficient, observation)


def _analyses(given: Observatories, n_max: int, noise_nt: float) -> Iterator[_Analysis]:
    """Yield the state at the end of each year, the first one's being what is known before any difference."""
    of_site = design(given.radius_km, given.latitude, given.longitude, n_max)
    number = len(degrees_orders(n_max)[0])
    change = np.diag(yearly_change(n_max) ** 2)
    prior = np.diag(deviations(n_max)[1] ** 2)
    # Nodes: the rate at the ends of two years ago, of last year and of this one.
    mean, spread = np.zeros((3, number)), np.zeros((3, number, 3, number))
    for a in range(3):
        for b in range(3):
            spread[a, :, b, :] = prior + min(a, b) * change
    error = (noise_nt * np.array([1.5, 1.0, 1.0])) ** 2
    nothing = np.zeros((0, number)), np.zeros((3 * number, 0))
    yield _Analysis(mean, spread, np.zeros(len(given.sites), bool), *nothing)
    for own in np.diff(given.field, axis=0):
        known = np.isfinite(own).all(axis=1)
        mean, spread = _a_year_on(mean, spread, change)
        to_field, gain = nothing
        if known.any():
            to_field = of_site[known].reshape(-1, number)
            mean, spread, gain = _told(
                mean, spread, to_field, own[known].ravel(), np.tile(error, known.sum())
            )
        yield _Analysis(mean, spread, known, to_field, gain)


def _a_year_on(mean: Floats, spread: Floats, change: Floats) -> tuple[Floats, Floats]:
    """Return the state a year later: the newest node is the one before it, and a step."""
    order = [1, 2, 2]
    spread = spread[order][:, :, order].copy()
    spread[2, :, 2, :] += change
    return mean[order], spread


def _told(
    mean: Floats, spread: Floats, to_field: Floats, observed: Floats, error: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return state and gain (Kalman 1960) when differences (observation,) with variances `error` are known."""
    number = mean.shape[1]
    with_mean = np.tensordot(_TRIANGLE, spread, (0, 0))  # (coefficient, node, coefficient)
    across = np.einsum("oc,cnd->ond", to_field, with_mean)
    of_mean = np.tensordot(across, _TRIANGLE, (1, 0))
    total = of_mean @ to_field.T + np.diag(error)
    flat = across.reshape(len(observed), 3 * number)
    gain = np.linalg.solve(total, flat).T
    found = mean.ravel() + gain @ (observed - to_field @ (_TRIANGLE @ mean))
    spread = spread.reshape(3 * number, 3 * number) - gain @ flat
    return found.reshape(3, number), ((spread + spread.T) / 2).reshape(3, number, 3, number), gain
