"""Pressure in the Earth by integrating density: hydrostatic and self-gravitating."""

from functools import cache

import numpy as np
import numpy.typing as npt

from terrella.earth.prem import layer_depths_km, prem
from terrella.earth.sphere import EARTH_RADIUS_KM, Floats

_G = 6.6743e-11  # m³/(kg s²), CODATA 2018
_STEP_KM = 2.0
_INSIDE_KM = 1e-6  # a depth on a discontinuity belongs to one side


def pressure_gpa(
    depth_km: npt.ArrayLike, density: npt.ArrayLike, profile: npt.ArrayLike | None = None
) -> Floats:
    """Return the pressure (depth,) in GPa at depths (depth,) in km, from density in kg/m³.

    dP/dz = ρ g and g = G m(r) / r² (Dziewonski & Anderson 1981, section 2). Density is linear between depths, which
    do not fall; a profile need not reach the surface or the centre: what lies above it and below it is PREM's.
    Equal depths are the two sides of a discontinuity. `profile` (depth,) are labels where there are several, each
    of them in one piece.
    """
    depth, rho = np.asarray(depth_km, float), np.asarray(density, float)
    if not len(depth):
        return depth.copy()
    label = np.zeros(len(depth)) if profile is None else np.asarray(profile)
    begins = np.append(True, label[1:] != label[:-1])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(depth)) - 1
    of = np.cumsum(begins) - 1
    shells, r = _shells(depth, rho, begins), 1000 * (EARTH_RADIUS_KM - depth)
    above = np.cumsum(
        shells
    )  # of the shells between a profile's first depth and each depth, and of all before it
    inside = above[last][of] - above + _prem_mass_below(depth[last])[of]
    steps = np.cumsum(_steps_gpa(r, rho, inside, begins))
    return np.asarray(steps - steps[first][of] + prem_pressure_gpa(depth[first])[of])


def prem_pressure_gpa(depth_km: npt.ArrayLike) -> Floats:
    """Return PREM's pressure in GPa at depths in km, of the depths' shape."""
    depths, pressures, _ = _prem_column()
    return np.asarray(np.interp(np.asarray(depth_km, float), depths, pressures))


def _prem_mass_below(depth_km: Floats) -> Floats:
    depths, _, masses = _prem_column()
    return np.asarray(np.interp(depth_km, depths, masses))


def _shells(depth: Floats, rho: Floats, begins: npt.NDArray[np.bool_]) -> Floats:
    """Return the mass in kg between each depth and the one above it, (depth,); none above a profile's first."""
    r = 1000 * (EARTH_RADIUS_KM - depth)
    return np.where(begins, 0.0, np.append(0.0, _shell_masses(r[:-1], r[1:], rho[:-1], rho[1:])))


def _steps_gpa(r: Floats, rho: Floats, inside: Floats, begins: npt.NDArray[np.bool_]) -> Floats:
    """Return how much higher each depth's pressure in GPa is than its upper neighbour's, (depth,)."""
    # Simpson's rule, with the mass at the middle by its own half shell.
    middle_r, middle_rho = (r[:-1] + r[1:]) / 2, (rho[:-1] + rho[1:]) / 2
    halves = _shell_masses(middle_r, r[1:], middle_rho, rho[1:])
    weight = rho * _gravity(inside, r)
    middle = middle_rho * _gravity(inside[1:] + halves, middle_r)
    steps = -np.diff(r) * (weight[:-1] + 4 * middle + weight[1:]) / 6e9
    return np.where(begins, 0.0, np.append(0.0, steps))


def _gravity(mass: Floats, radius_m: Floats) -> Floats:
    return np.divide(_G * mass, radius_m**2, out=np.zeros_like(mass), where=radius_m > 0)


def _shell_masses(outer: Floats, inner: Floats, rho_outer: Floats, rho_inner: Floats) -> Floats:
    """Return the mass of shells of a density that is linear in radius, in kg."""
    width = outer - inner
    slope = np.divide(rho_outer - rho_inner, width, out=np.zeros_like(width), where=width > 0)
    constant = rho_inner - slope * inner
    return np.asarray(4 * np.pi * (constant * (outer**3 - inner**3) / 3 + slope * (outer**4 - inner**4) / 4))


@cache
def _prem_column() -> tuple[Floats, Floats, Floats]:
    """Return depths in km, two at each discontinuity, with PREM's pressure in GPa and the mass below in kg."""
    tops = layer_depths_km()
    depths, rho = [], []
    for top, bottom in zip(tops, [*tops[1:], EARTH_RADIUS_KM], strict=True):
        z = np.linspace(top, bottom, max(3, int((bottom - top) / _STEP_KM)))
        depths.append(z)
        rho.append(prem(np.clip(z, top + _INSIDE_KM, bottom - _INSIDE_KM))[0])
    depth, density = np.concatenate(depths), np.concatenate(rho)
    begins = np.arange(len(depth)) == 0
    above = np.cumsum(_shells(depth, density, begins))
    inside = above[-1] - above
    return depth, np.cumsum(_steps_gpa(1000 * (EARTH_RADIUS_KM - depth), density, inside, begins)), inside
