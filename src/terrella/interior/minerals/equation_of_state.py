"""Finite strain and lattice vibrations: volume, elasticity and free energy of a mineral.

Third-order Birch–Murnaghan with Mie–Grüneisen–Debye, after Stixrude & Lithgow-Bertelloni (2005), called S05 below.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

Floats = npt.NDArray[np.float64]
GAS_CONSTANT = 8.314462618  # J/(mol K)
T_REFERENCE_K = 300.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_U, _W = (_NODES + 1) / 2, _WEIGHTS / 2  # on (0, 1)
_LARGEST_STRAIN = 0.35
_HALVINGS = 6
_NEWTON = 12


@dataclass(frozen=True)
class Mineral:
    """A mineral's parameters at 300 K and no pressure: volume in m³/mol, moduli in Pa, free energy in J/mol."""

    name: str
    atoms: int
    mass_kg: float  # of a mole
    energy: float
    volume: float
    bulk: float
    bulk_slope: float
    debye_k: float
    grueneisen: float
    q: float
    shear: float
    shear_slope: float
    eta: float


@dataclass(frozen=True, eq=False)
class State:
    """What a mineral is at pressures and temperatures: arrays of one shape, in SI units, per mole."""

    volume: Floats
    bulk: Floats  # adiabatic
    shear: Floats
    gibbs: Floats
    entropy: Floats


def state(mineral: Mineral, pressure_pa: Floats, temperature_k: Floats) -> State:
    """Return the state of a mineral at pressures in Pa and temperatures in K, both of one shape.

    Raises:
        InputError: where no strain up to 0.35 gives a pressure: it is beyond the equation's reach.
    """
    f = _strain(mineral, pressure_pa, temperature_k)
    gamma, q, eta, debye = _vibrations(mineral, f)
    v = mineral.volume * (1 + 2 * f) ** -1.5
    hot, cold = (_thermal(mineral, debye, t) for t in (temperature_k, np.full_like(f, T_REFERENCE_K)))
    energy, heat = hot.energy - cold.energy, hot.heat_capacity * temperature_k
    change = heat - cold.heat_capacity * T_REFERENCE_K
    # S05, equations 32 and 33.
    isothermal = _cold_bulk(mineral, f) + (gamma + 1 - q) * gamma * energy / v - gamma**2 * change / v
    shear = _cold_shear(mineral, f) - eta * energy / v
    expansivity = gamma * hot.heat_capacity / (v * isothermal)
    adiabatic = isothermal * (1 + gamma * expansivity * temperature_k)
    elastic = 9 * mineral.bulk * mineral.volume * (f**2 / 2 + (mineral.bulk_slope - 4) * f**3 / 2)
    free = mineral.energy + elastic + hot.free - cold.free
    return State(v, adiabatic, shear, free + pressure_pa * v, hot.entropy)


@dataclass(frozen=True, eq=False)
class _Thermal:
    energy: Floats
    heat_capacity: Floats
    entropy: Floats
    free: Floats


def _thermal(mineral: Mineral, debye: Floats, temperature: Floats) -> _Thermal:
    """Return energies (J/mol) and their derivatives of Debye's solid."""
    x, scale = debye / temperature, 3 * mineral.atoms * GAS_CONSTANT
    third = _debye(x)
    log = np.log(-np.expm1(-x))
    return _Thermal(
        scale * temperature * third,
        scale * (4 * third - 3 * x / np.expm1(x)),
        scale * (4 * third / 3 - log),
        scale * temperature * (log - third / 3),
    )


def _debye(x: Floats) -> Floats:
    """Return Debye's function of the third order, 3/x³ ∫₀ˣ t³/(eᵗ − 1) dt."""
    parts = (3 * w * u**3 * x / np.expm1(x * u) for u, w in zip(_U, _W, strict=True))
    return np.asarray(sum(parts))


def _vibrations(mineral: Mineral, f: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return γ, q, η_S and the Debye temperature at strains f: S05, equations 41 to 44 and 47."""
    a1 = 6 * mineral.grueneisen
    a2 = -12 * mineral.grueneisen + 36 * mineral.grueneisen**2 - 18 * mineral.q * mineral.grueneisen
    a2_shear = -2 * mineral.grueneisen - 2 * mineral.eta
    nu2 = 1 + a1 * f + a2 * f**2 / 2
    twice = (2 * f + 1) / nu2
    gamma = twice * (a1 + a2 * f) / 6
    q = (18 * gamma**2 - 6 * gamma - twice * (2 * f + 1) * a2 / 2) / (9 * gamma)
    eta = -gamma - twice * (2 * f + 1) * a2_shear / 2
    return gamma, q, eta, mineral.debye_k * np.sqrt(nu2)


def _cold_bulk(mineral: Mineral, f: Floats) -> Floats:
    k, slope = mineral.bulk, mineral.bulk_slope
    return np.asarray((1 + 2 * f) ** 2.5 * (k + (3 * slope - 5) * k * f + 13.5 * (slope - 4) * k * f**2))


def _cold_shear(mineral: Mineral, f: Floats) -> Floats:
    k, slope, g, g_slope = mineral.bulk, mineral.bulk_slope, mineral.shear, mineral.shear_slope
    second = 6 * k * g_slope - 24 * k - 14 * g + 4.5 * k * slope
    return np.asarray((1 + 2 * f) ** 2.5 * (g + (3 * k * g_slope - 5 * g) * f + second * f**2))


def _pressure(mineral: Mineral, f: Floats, temperature: Floats) -> Floats:
    """Return the pressure at strains f and temperatures: S05, equation 28 and its thermal part."""
    gamma, _, _, debye = _vibrations(mineral, f)
    hot = _thermal(mineral, debye, temperature).energy
    cold = _thermal(mineral, debye, np.full_like(f, T_REFERENCE_K)).energy
    stiff = 3 * mineral.bulk * f * (1 + 2 * f) ** 2.5 * (1 + 1.5 * (mineral.bulk_slope - 4) * f)
    v = mineral.volume * (1 + 2 * f) ** -1.5
    return np.asarray(stiff + gamma * (hot - cold) / v)


def _strain(mineral: Mineral, pressure: Floats, temperature: Floats) -> Floats:
    """Return the strain at which a mineral has the pressure: bisection, then secants."""
    low, high = np.full_like(pressure, -0.06), np.full_like(pressure, _LARGEST_STRAIN)
    if (_pressure(mineral, high, temperature) < pressure).any():
        raise InputError(f"{mineral.name}: no strain gives some of the pressures; stay between 0 and 140 GPa")
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = _pressure(mineral, middle, temperature) > pressure
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    f, before = (low + high) / 2, high
    off_before = _pressure(mineral, before, temperature) - pressure
    for _ in range(_NEWTON):
        off = _pressure(mineral, f, temperature) - pressure
        slope = np.divide(off - off_before, f - before, out=np.ones_like(f), where=f != before)
        before, off_before = f, off
        f = f - np.where(np.abs(off) > 1.0, off / slope, 0.0)  # a pascal is enough
    return f
