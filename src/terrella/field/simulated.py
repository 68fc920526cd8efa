"""A simulated core field with a known truth, and observatories that sample it.

Gauss coefficients follow the stochastic process of Gillet et al. (2013), equation 15, whose rate is continuous
and whose acceleration is not, as through jerks; the pattern of their rate drifts westward. Nothing of it is the
real field but its spectrum and its axial dipole.
"""

from dataclasses import dataclass

import numpy as np

from terrella.field.harmonics.schmidt import Floats, degrees_orders, design
from terrella.field.observatories.table import Observatories, Site
from terrella.field.secular_variation.law import deviations

DRIFT_RAD_YR = -0.0047  # westward, 0.27° a year
N_MAX = 12
_AXIAL_NT, _NOISE_NT = -29_500.0, (3.0, 2.0, 2.0)  # of annual means: residual external field
_STEPS = 12  # a year
_START = 1997.0


@dataclass(frozen=True, eq=False)
class Simulated:
    """Annual means, the coefficients behind them (time, coefficient) in nT, and the true changes at sites."""

    observatories: Observatories
    truth: Floats
    clean: Floats  # (time, site, 3), without noise


def simulate(sites: int, years: int, seed: int) -> Simulated:
    """Return annual means of so many observatories and years; half of them crowd on a quarter of the globe."""
    draw = np.random.default_rng(seed)
    coefficients = _histories(years, draw)
    places = _places(sites, draw)
    latitude, longitude, radius = (
        np.array([getattr(p, n) for p in places]) for n in ("latitude", "longitude", "radius_km")
    )
    clean = np.einsum("pcn,tn->tpc", design(radius, latitude, longitude, N_MAX), coefficients)
    crust = draw.normal(0, 150, (sites, 3))
    noise = draw.normal(0, _NOISE_NT, clean.shape)
    field = clean + crust + noise
    for k in range(sites):  # stations open and close
        if draw.random() < 0.4:
            begin = draw.integers(0, max(years // 2, 1))
            field[:begin, k] = np.nan
        if draw.random() < 0.25:
            field[draw.integers(2 * years // 3, years) :, k] = np.nan
    when = _START + 0.5 + np.arange(years, dtype=float)
    return Simulated(
        Observatories(tuple(places), when, field, ("a known truth, not the real field",)),
        coefficients,
        clean,
    )


def _histories(years: int, draw: np.random.Generator) -> Floats:
    """Return annual means of the coefficients, (time, coefficient)."""
    of_field, of_rate, tau = deviations(N_MAX)
    _, m = degrees_orders(N_MAX)
    step = 1 / _STEPS
    level, rate = draw.normal(0, of_field), draw.normal(0, of_rate)
    mirror = _mirror(N_MAX)
    found = np.zeros((years, len(tau)))
    for k in range(years * _STEPS):
        # The rate's pattern turns about the axis, which mixes the two coefficients of an order.
        push = -2 / tau * rate - level / tau**2 - DRIFT_RAD_YR * m * rate[mirror]
        rate = rate + step * push + np.sqrt(4 * of_field**2 / tau**3 * step) * draw.normal(size=len(tau))
        level = level + step * rate
        found[k // _STEPS] += level / _STEPS
    found[:, 0] += _AXIAL_NT
    return found


def _mirror(n_max: int) -> np.ndarray:
    """Return where the other coefficient of the same degree and order lies: g(n, m) for h(n, m)."""
    pairs = list(zip(*(each.tolist() for each in degrees_orders(n_max)), strict=True))
    return np.array([pairs.index((n, -m)) for n, m in pairs])


def _places(sites: int, draw: np.random.Generator) -> list[Site]:
    latitude = np.degrees(np.arcsin(draw.uniform(-0.97, 0.97, sites)))
    longitude = draw.uniform(-180, 180, sites)
    crowded = draw.random(sites) < 0.5
    latitude[crowded], longitude[crowded] = (
        draw.uniform(35, 70, crowded.sum()),
        draw.uniform(-10, 60, crowded.sum()),
    )
    return [
        Site(f"S{k + 1:03d}", float(a), float(b), 6371.2)
        for k, (a, b) in enumerate(zip(latitude, longitude, strict=True))
    ]
