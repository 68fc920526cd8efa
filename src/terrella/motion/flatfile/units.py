"""Units of ground motion: from a column's name, from a word of the user, or from the size of the numbers."""

from collections.abc import Mapping

import numpy as np

from terrella.errors import InputError
from terrella.motion.flatfile.measures import Found, period_of
from terrella.motion.flatfile.table import Floats
from terrella.motion.flatfile.unit_words import G_CM_S2, UNITS, VELOCITIES, said_unit, said_velocity

_TOLD = ("g", "%g", "m/s2", "cm/s2")  # apart by enough to be told by size
_FEWEST = 10  # records from whose size a unit can be told
_FAR = 1.0  # largest median residual of the unit that is believed
# Median residuals in a unit that is said, from which it is doubted and refused.
_DOUBTFUL, _WRONG = 2.0, float(np.log(100)) - 1
_LONG_S = 0.5
_MIXED = (0.02, 10)  # share and number of records in another unit above which the units are mixed
_OFFSETS = (np.log(100), np.log(G_CM_S2))  # between g and %g, and between g and cm/s²
_NEAR = 1.0


def unit_by_size(residual: Floats) -> str | None:
    """Return the unit in which motions agree with a published model; None where that cannot be told.

    `residual` (record,) is ln of the number as it stands, less the model's median in ln g.
    """
    middle = _middle(residual)
    if middle is None:
        return None
    near = {unit: abs(middle + np.log(UNITS[unit])) for unit in _TOLD}
    best = min(near, key=lambda unit: near[unit])
    return best if near[best] <= _FAR else None


def chosen_units(
    columns: Mapping[str, Found], asked: str | None, residuals: Mapping[str, Floats], file: str
) -> tuple[dict[str, str], list[str]]:
    """Return the unit of each measure of acceleration, and findings on how they were told.

    Raises:
        InputError: where a unit cannot be told, columns are in several units and their names do not say so, or a
            name says a unit that its numbers are not in.
    """
    named = {measure: said_unit(found.name.unit) for measure, found in columns.items()}
    units: dict[str, str] = {}
    findings = []
    for measure, unit in named.items():
        if unit and asked and unit != asked:
            raise InputError(
                f"{file}: {columns[measure].shown!r} is in {unit} by its name, and data.unit says {asked}"
            )
    said = set(filter(None, named.values()))
    # NGA-West2 says it of PGA alone.
    of_rest = next(iter(said)) if asked is None and len(said) == 1 else asked
    for measure, unit in named.items():
        if taken := unit or of_rest:
            units[measure] = taken
            _refuse_others(
                measure, columns[measure].shown, residuals[measure], taken, bool(unit), asked, file
            )
    if by_size := [measure for measure in columns if measure not in units]:
        unit = _unit_of_all({m: columns[m] for m in by_size}, residuals, file)
        units |= dict.fromkeys(by_size, unit)
        findings.append(
            f"accelerations are in {unit}, as told by their size beside BSSA14's median; --data.unit says otherwise"
        )
    return units, findings + _doubts(columns, units, residuals)


def velocity_factor(found: Found, residual: Floats, file: str) -> tuple[float, list[str]]:
    """Return what turns PGV into cm/s, and findings: its name's unit, else cm/s, or m/s where its size says so.

    `residual` (record,) is ln of the number as it stands, less the model's median in ln cm/s.

    Raises:
        InputError: where its name says a unit that is none of velocity, or one that its numbers are not in.
    """
    middle, said = _middle(residual), said_velocity(found.name.unit)
    if found.name.unit.strip(" _.-") and said is None:
        raise InputError(
            f"{file}: the unit of {found.shown!r} is not known; PGV is read in cm/s, m/s or mm/s"
        )
    if said is None and middle is not None and abs(middle + np.log(VELOCITIES["m/s"])) <= _FAR:
        return VELOCITIES["m/s"], ["PGV is in m/s, as told by its size beside BSSA14's median"]
    factor = VELOCITIES[said or "cm/s"]
    off = 0.0 if middle is None else middle + float(np.log(factor))
    if abs(off) > _WRONG and said:
        raise InputError(_contradicted(file, found.shown, said, off))
    if abs(off) > _DOUBTFUL:
        return factor, [
            f"PGV is read in {said or 'cm/s'}, and is {np.exp(off):.3g} times what BSSA14 expects"
        ]
    return factor, []


def _unit_of_all(columns: Mapping[str, Found], residuals: Mapping[str, Floats], file: str) -> str:
    """Return the unit that most measures are in by their size.

    Raises:
        InputError: where none can be told, or one is far from what a model expects in that unit.
    """
    told = {m: unit for m in columns if (unit := unit_by_size(residuals[m])) is not None}
    if not told:
        raise InputError(
            f"{file}: the unit of {columns[next(iter(columns))].shown!r} is in no name, and cannot be told from "
            "its numbers; say it with --data.unit g, %g, cm/s2 or m/s2"
        )
    units = list(told.values())
    unit = max(units, key=units.count)
    other = next((m for m in told if abs(_off(residuals[m], unit)) > _limit(m)), None)
    if other is not None:
        of_unit = next(m for m, each in told.items() if each == unit)
        shown = ", ".join(f"{columns[m].shown} in {told[m]}" for m in columns if m in (of_unit, other))
        raise InputError(
            f"{file}: mixed units: by the size of their numbers {shown}; convert them, or say with --data.unit"
        )
    return unit


def _refuse_others(
    measure: str, column: str, residual: Floats, unit: str, named: bool, asked: str | None, file: str
) -> None:
    """Refuse numbers that are in another unit than their name says, or another column's."""
    off = _off(residual, unit)
    if asked is not None or abs(off) <= (_WRONG if named else _limit(measure)):
        return
    if named:
        raise InputError(_contradicted(file, column, unit, off))
    if other := unit_by_size(residual):
        raise InputError(
            f"{file}: mixed units: {column!r} is in {other} by the size of its numbers, where another column's "
            f"name says {unit}; name the unit in each column, such as 'PGA (g)'"
        )


def _doubts(
    columns: Mapping[str, Found], units: Mapping[str, str], residuals: Mapping[str, Floats]
) -> list[str]:
    """Return a finding on measures that are far from what a model expects in their unit."""
    offs = {m: off for m, unit in units.items() if abs(off := _off(residuals[m], unit)) > _DOUBTFUL}
    if not offs:
        return []
    first = next(iter(offs))
    more = f" and {len(offs) - 1} others" if len(offs) > 1 else ""
    times = f"{np.exp(offs[first]):.3g} times"
    return [f"{columns[first].shown}{more}, read in {units[first]}, are {times} what BSSA14 expects"]


def _off(residual: Floats, unit: str) -> float:
    middle = _middle(residual)
    return 0.0 if middle is None else middle + float(np.log(UNITS[unit]))


def _limit(measure: str) -> float:
    """Return how far a measure may lie off a model: at long periods the model may be at fault, not the unit."""
    return _WRONG if (period_of(measure) or 0.0) > _LONG_S else _DOUBTFUL


def _contradicted(file: str, column: str, unit: str, off: float) -> str:
    return (
        f"{file}: {column!r} is in {unit} by its name, and its numbers are {np.exp(off):.3g} times what BSSA14 "
        "expects; correct the name or the numbers"
    )


def _middle(residual: Floats) -> float | None:
    known = residual[np.isfinite(residual)]
    return float(np.median(known)) if len(known) >= _FEWEST else None


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
