"""Density, velocities and entropy of (Mg,Fe)₂SiO₄ in its stable minerals: a mantle whose truth is known."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.interior.minerals.equation_of_state import Floats, Mineral, State, state
from terrella.interior.minerals.species import ASSEMBLAGES


@dataclass(frozen=True, eq=False)
class Rock:
    """A rock at pressures and temperatures: arrays of one shape."""

    density: Floats  # kg/m³
    vp: Floats  # m/s
    vs: Floats  # m/s
    entropy: Floats  # J/(K kg)
    stable: npt.NDArray[np.int64]  # position in `ASSEMBLAGES`


def rock(pressure_gpa: Floats, temperature_k: Floats, iron: float) -> Rock:
    """Return (Mg,Fe)₂SiO₄ with a share `iron` of Fe in Mg + Fe, in the assemblage of least Gibbs energy.

    All phases have the same share of iron, so that the entropy of mixing is the same in all and cancels. Ends of a
    phase mix at one stress (Reuss), phases by the Voigt–Reuss–Hill average.
    """
    pressure = 1e9 * pressure_gpa
    kinds = [_assemblage(ends, pressure, temperature_k, iron) for ends in ASSEMBLAGES.values()]
    stable = np.argmin([gibbs for gibbs, _ in kinds], axis=0)
    density, vp, vs, entropy = (
        np.choose(stable, list(each)) for each in zip(*(fields for _, fields in kinds), strict=True)
    )
    return Rock(density, vp, vs, entropy, stable)


def _assemblage(
    phases: tuple[tuple[Mineral, Mineral], ...], pressure: Floats, temperature: Floats, iron: float
) -> tuple[Floats, tuple[Floats, Floats, Floats, Floats]]:
    """Return Gibbs energy, and density, vp, vs and entropy."""
    mixed = [_mixed(ends, pressure, temperature, iron) for ends in phases]
    mass = sum((1 - iron) * magnesian.mass_kg + iron * ferrous.mass_kg for magnesian, ferrous in phases)
    volume = sum(each.volume for each in mixed)
    gibbs, entropy = sum(each.gibbs for each in mixed), sum(each.entropy for each in mixed)
    shares = [each.volume / volume for each in mixed]
    bulk = _hill(shares, [each.bulk for each in mixed])
    shear = _hill(shares, [each.shear for each in mixed])
    density = np.asarray(mass / volume)
    vp, vs = np.sqrt((bulk + 4 / 3 * shear) / density), np.sqrt(shear / density)
    return np.asarray(gibbs), (density, vp, vs, np.asarray(entropy / mass))


def _mixed(ends: tuple[Mineral, Mineral], pressure: Floats, temperature: Floats, iron: float) -> State:
    magnesian, ferrous = (state(end, pressure, temperature) for end in ends)

    def sum_of(name: str) -> Floats:
        return np.asarray((1 - iron) * getattr(magnesian, name) + iron * getattr(ferrous, name))

    volume = sum_of("volume")

    def reuss(name: str) -> Floats:
        soft = (1 - iron) * magnesian.volume / getattr(magnesian, name)
        return np.asarray(volume / (soft + iron * ferrous.volume / getattr(ferrous, name)))

    return State(volume, reuss("bulk"), reuss("shear"), sum_of("gibbs"), sum_of("entropy"))


def _hill(shares: list[Floats], moduli: list[Floats]) -> Floats:
    voigt = sum(share * modulus for share, modulus in zip(shares, moduli, strict=True))
    reuss = 1 / sum(share / modulus for share, modulus in zip(shares, moduli, strict=True))
    return np.asarray((voigt + reuss) / 2)
