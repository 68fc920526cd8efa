"""Units of depths, pressures, velocities and densities: what a name says, and what the numbers can be."""

import re

import numpy as np

from terrella.errors import InputError
from terrella.interior.tables.grid import Floats

# Factors to our own units: km, GPa, m/s, kg/m³, K, J/(K kg).
FACTORS: dict[str, dict[str, float]] = {
    "depth": {"km": 1.0, "m": 1e-3},
    "pressure": {"GPa": 1.0, "Pa": 1e-9, "bar": 1e-4, "kbar": 0.1, "MPa": 1e-3},
    "velocity": {"m/s": 1.0, "km/s": 1000.0},
    "density": {"kg/m3": 1.0, "g/cm3": 1000.0},
    "temperature": {"K": 1.0},
    "entropy": {"J/K/kg": 1.0},
}
_NO_UNIT_OF_ROCK = {"density": {"g/m3": 1e-3}, "temperature": {"C": 1.0}}
# What rock, water and metal of the Earth can have, in our units.
LIMITS: dict[str, tuple[float, float]] = {
    "depth": (0.0, 6371.5), "pressure": (0.0, 400.0), "velocity": (300.0, 15000.0), "density": (900.0, 14500.0),
}  # fmt: skip
_WORDS = {
    "gpa": "GPa", "pa": "Pa", "bar": "bar", "bars": "bar", "kbar": "kbar", "mpa": "MPa", "km": "km", "m": "m",
    "km/s": "km/s", "kms": "km/s", "kms1": "km/s", "m/s": "m/s", "ms": "m/s", "ms1": "m/s", "kg/m3": "kg/m3",
    "kgm3": "kg/m3", "g/cm3": "g/cm3", "gcm3": "g/cm3", "g/cc": "g/cm3", "gcc": "g/cm3", "g/m3": "g/m3",
    "t/m3": "g/cm3", "k": "K", "kelvin": "K", "c": "C", "degc": "C", "j/k/kg": "J/K/kg", "jkkg": "J/K/kg",
}  # fmt: skip


def said_unit(text: str) -> str | None:
    """Return the unit that a name or a bracket says, such as km_s or kg/m^3; None where it says none known."""
    plain = re.sub(r"[^a-z0-9/]", "", text.lower().replace("³", "3").replace("_per_", "/"))
    return _WORDS.get(plain) or _WORDS.get(plain.replace("/", ""))


def to_ours(values: Floats, kind: str, unit: str | None, file: str, column: str) -> tuple[Floats, str]:
    """Return a column in our units, and a finding where the size of its numbers told the unit.

    A unit that is said must make numbers that can be; one that is not said must be the only one that does.

    Raises:
        InputError: where no unit fits, or several do.
    """
    known = FACTORS[kind]
    if unit is not None and unit not in known and unit not in _NO_UNIT_OF_ROCK.get(kind, {}):
        raise InputError(
            f"{file}: {column} is in {unit}, which is no unit of {kind}; give {', '.join(known)}"
        )
    if kind not in LIMITS:
        return values * known[_named(unit, kind, file, column)], ""
    low, high = LIMITS[kind]
    given = values[np.isfinite(values) & (values != 0)]
    ends = np.array([given.min(), given.max()]) if len(given) else np.array([])
    fits = [name for name, factor in known.items() if _inside(factor * ends, low, high)]
    if unit in fits:
        return values * known[unit], ""
    if kind == "depth":  # what ends above 7 km is no profile of the mantle
        fits = [name for name in fits if (known[name] * ends > 7.0).any()]
    if len(fits) == 1:
        said = (
            f"its name says {unit}, which would be no {kind} of the Earth"
            if unit
            else "its name says no unit"
        )
        return values * known[fits[0]], f"{column} is read in {fits[0]}: {said}, and its numbers tell"
    if fits and unit is None:
        likely = f"{column}_{fits[0].lower().replace('/', '_')}"
        raise InputError(
            f"{file}: {column} may be in {' or '.join(fits)}; name the column {likely} or the like"
        )
    raise InputError(
        f"{file}: {column} has {ends[0]:g} to {ends[1]:g}, which in no unit of {kind} ({', '.join(known)}) is "
        f"{low:g} to {high:g} {next(name for name, factor in known.items() if factor == 1)}; "
        "correct it, or convert mixed units to one"
    )


def _inside(ends: Floats, low: float, high: float) -> bool:
    return bool(((ends >= low) & (ends <= high)).all())


def _named(unit: str | None, kind: str, file: str, column: str) -> str:
    if unit is not None and unit in FACTORS[kind]:
        return unit
    names = ", ".join(FACTORS[kind])
    raise InputError(f"{file}: {column} says {unit or 'no unit'}; {kind} is read in {names}: name it so")
