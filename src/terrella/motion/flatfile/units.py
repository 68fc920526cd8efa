"""Units of ground motion: from a column's name, from a word of the user, or from the size of the numbers."""

import re
from collections.abc import Mapping

import numpy as np

from terrella.errors import InputError
from terrella.motion.flatfile.table import Floats

G_CM_S2 = 980.665
UNITS: dict[str, float] = {"g": 1.0, "%g": 0.01, "m/s2": 100 / G_CM_S2, "cm/s2": 1 / G_CM_S2}
_WORDS = {
    "g": "g", "ing": "g", "%g": "%g", "pctg": "%g", "percentg": "%g", "cms2": "cm/s2", "cmss": "cm/s2",
    "cmsec2": "cm/s2", "cmpers2": "cm/s2", "gal": "cm/s2", "gals": "cm/s2", "cms^2": "cm/s2", "ms2": "m/s2",
    "msec2": "m/s2", "mss": "m/s2", "mpers2": "m/s2",
}  # fmt: skip
_VELOCITY = {"cms": 1.0, "cmsec": 1.0, "cmpers": 1.0, "ms": 100.0, "msec": 100.0, "mm/s": 0.1, "mms": 0.1}
_FEWEST = 10  # records from whose size a unit can be told
_FAR = 1.0  # largest median residual of the unit that is believed
_MIXED = (0.02, 10)  # share and number of records in another unit above which the units are mixed
_OFFSETS = (np.log(100), np.log(G_CM_S2))  # between g and %g, and between g and cm/s²
_NEAR = 1.0


def said_unit(after: str) -> str | None:
    """Return the unit of acceleration that stands after a measure in a column's name; None where none does."""
    plain = re.sub(r"[^a-z0-9%]", "", after.lower().replace("²", "2").replace("**", ""))
    return _WORDS.get(plain)


def velocity_factor(after: str, file: str, column: str) -> float:
    """Return what turns a PGV column into cm/s, which it is where its name does not say.

    Raises:
        InputError: where its name says a unit that is none of velocity.
    """
    plain = re.sub(r"[^a-z0-9/]", "", after.lower())
    if not plain:
        return 1.0
    factor = _VELOCITY.get(plain.replace("/", ""))
    if factor is None:
        raise InputError(f"{file}: the unit of {column!r} is not known; PGV is read in cm/s, m/s or mm/s")
    return factor


def unit_by_size(residual: Floats) -> str | None:
    """Return the unit in which motions agree with a published model; None where that cannot be told.

    `residual` (record,) is ln of the number as it stands, less the model's median in ln g.
    """
    known = residual[np.isfinite(residual)]
    if len(known) < _FEWEST:
        return None
    middle = float(np.median(known))
    near = {unit: abs(middle + np.log(factor)) for unit, factor in UNITS.items()}
    best = min(near, key=lambda unit: near[unit])
    return best if near[best] <= _FAR else None


def chosen_units(
    columns: Mapping[str, tuple[str, str]], asked: str | None, residuals: Mapping[str, Floats], file: str
) -> tuple[dict[str, str], list[str]]:
    """Return the unit of each measure of acceleration, and findings on how they were told.

    Raises:
        InputError: where a unit cannot be told, or columns are in several units and their names do not say so.
    """
    units: dict[str, str] = {}
    by_size: list[str] = []
    said = {unit for _, after in columns.values() if (unit := said_unit(after))}
    # NGA-West2 says it of PGA alone.
    of_rest = next(iter(said)) if asked is None and len(said) == 1 else asked
    for measure, (column, after) in columns.items():
        named = said_unit(after)
        if named and asked and named != asked:
            raise InputError(f"{file}: {column!r} is in {named} by its name, and data.unit says {asked}")
        unit = named or of_rest
        if unit is None:
            unit = unit_by_size(residuals[measure])
            by_size.append(measure)
        if unit is None:
            raise InputError(
                f"{file}: the unit of {column!r} is in no name, and cannot be told from its numbers; say it with "
                f"--data.unit g, %g, cm/s2 or m/s2"
            )
        units[measure] = unit
    told = {units[measure] for measure in by_size}
    if len(told) > 1:
        shown = ", ".join(f"{columns[m][0]} in {units[m]}" for m in by_size[:4])
        raise InputError(
            f"{file}: mixed units: by the size of their numbers {shown}; convert them, or say with --data.unit"
        )
    findings = []
    if by_size:
        findings.append(
            f"accelerations are in {told.pop()}, as told by their size beside BSSA14's median; "
            "--data.unit says otherwise"
        )
    return units, findings


def refuse_mixed(residual: Floats, station: np.ndarray, row: np.ndarray, file: str) -> list[str]:
    """Return findings on stations whose records may be in another unit.

    `residual` (record,) is ln motion less a published model's median, in one unit.

    Raises:
        InputError: where many records lie off by the ratio of two units.
    """
    centred = residual - np.nanmedian(residual)
    off = np.zeros(len(residual), bool)
    for each in _OFFSETS:
        off |= np.abs(np.abs(centred) - each) < _NEAR
    # A tail is no second unit: its records lie between the units' ratios too.
    between = (np.abs(centred) > _NEAR * 1.5) & (np.abs(centred) < _OFFSETS[0] - _NEAR)
    several = off.sum() > max(_MIXED[0] * len(residual), _MIXED[1]) and off.sum() > 0.25 * between.sum()
    if several:
        first = row[np.flatnonzero(off)[0]]
        raise InputError(
            f"{file}: mixed units: {off.sum():,} of {len(residual):,} records are off by about the ratio "
            "of two units "
            f"(100 or 981), the first in line {first}; convert them to one unit"
        )
    found = []
    for name in np.unique(station[off]):
        own = centred[station == name]
        if len(own) >= 3 and np.abs(np.median(own)) > _OFFSETS[0] - _NEAR:
            ratio = np.exp(np.median(own))
            found.append(
                f"station {name}: {len(own)} records {ratio:.3g} times what BSSA14 expects of others "
                "here: perhaps in "
                "another unit; they are kept, --data.without leaves them out"
            )
    return found
