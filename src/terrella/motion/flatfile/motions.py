"""Motions of a flatfile as natural logarithms in g and cm/s, from columns in any unit, logarithms among them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.motion.flatfile.columns import find_column
from terrella.motion.flatfile.measures import Found
from terrella.motion.flatfile.numbers import number, without_repeated_negatives
from terrella.motion.flatfile.table import Flatfile, Floats
from terrella.motion.flatfile.unit_words import UNITS, said_unit
from terrella.motion.flatfile.units import chosen_units, refuse_mixed, velocity_factor
from terrella.motion.models.bssa14 import covers, median

_UNIT_COLUMNS = ("accelerationunit", "accelerationunits", "accunit", "pgaunit", "saunit")
_LOGARITHMS = {"ln": 1.0, "log10": float(np.log(10))}
_FEWEST, _VARIED = 15, 0.3  # records that tell logarithms, and how far a model's medians must spread
_SLOPES, _FLAT = (0.4, 2.2), 0.6  # of logarithms on a model's medians, and of the logarithms of logarithms
_CLOSER, _FOLLOWED = 0.02, 0.4  # in correlation, and the least of it


def with_motions(
    records: Flatfile,
    table: pd.DataFrame,
    columns: Mapping[str, Found],
    kept: np.ndarray,
    unit: str | None,
    file: str,
) -> tuple[Flatfile, np.ndarray, list[str]]:
    """Return records with their motions, which of them have one, and what was found.

    Raises:
        InputError: where a column holds a word, a unit cannot be told, or units are mixed.
    """
    measures = tuple(columns)
    expected = np.full((len(table), len(measures)), np.nan)
    covered = np.array([covers(measure) for measure in measures])
    expected[np.ix_(kept, covered)] = median(records.rows(kept), tuple(np.array(measures)[covered].tolist()))
    inside = kept & (records.magnitude >= 4) & (records.rjb_km < 150)
    of_rows, findings = _unit_column(table, unit, file)
    numbers = {m: _numbers(table, found, of_rows, file) for m, found in columns.items()}
    ln = np.full(expected.shape, np.nan)
    _refuse_logarithms(
        columns, numbers, {m: np.where(kept, expected[:, i], np.nan) for i, m in enumerate(measures)}, file
    )
    for i, measure in enumerate(measures):
        ln[:, i], more = _ln(columns[measure], numbers[measure])
        findings += more
    residuals = {m: np.where(inside, (ln - expected)[:, i], np.nan) for i, m in enumerate(measures)}
    factors, more = _factors(table, columns, unit, of_rows is not None, residuals, file)
    findings += more
    ln += np.log([factors[measure] for measure in measures])
    main = measures.index("PGA") if "PGA" in measures else int(np.argmax(covered))
    findings += refuse_mixed((ln - expected)[kept, main], records.station[kept], records.row[kept], file)
    without = kept & ~np.isfinite(ln).any(1)
    if without.any():
        findings.append(
            f"{without.sum():,} rows without any motion are left out, the first in line {records.row[without][0]}"
        )
    if not (kept & ~without).any():
        raise InputError(f"{file}: no row has a motion beside its magnitude, distance and Vs30")
    kept = kept & ~without
    held = np.isfinite(ln[kept]).any(0)
    some = replace(records, measures=measures, ln_motion=ln).of_measures(
        tuple(np.array(measures)[held].tolist())
    )
    return some, kept, findings


def _factors(
    table: pd.DataFrame,
    columns: Mapping[str, Found],
    unit: str | None,
    converted: bool,
    residuals: Mapping[str, Floats],
    file: str,
) -> tuple[dict[str, float], list[str]]:
    """Return what turns a measure's numbers into g or cm/s, and how that was told."""
    findings = []
    if unit is None and find_column([str(name) for name in table.columns], ("esmeventid", "emecmw")):
        unit = "cm/s2"  # as the Engineering Strong Motion database documents its flatfiles
        findings.append("accelerations are in cm/s², as ESM's flatfiles have them")
    accelerations = {
        m: found for m, found in columns.items() if m != "PGV" and not (converted and _unnamed(found))
    }
    units, more = chosen_units(accelerations, unit, residuals, file)
    factors = dict.fromkeys(columns, 1.0) | {m: UNITS[each] for m, each in units.items()}
    if "PGV" in columns:
        factors["PGV"], of_velocity = velocity_factor(columns["PGV"], residuals["PGV"], file)
        more += of_velocity
    return factors, findings + more


def _unnamed(found: Found) -> bool:
    return said_unit(found.name.unit) is None


def _numbers(table: pd.DataFrame, found: Found, of_rows: Floats | None, file: str) -> list[Floats]:
    """Return the numbers of a measure's columns, in g where a column of units says theirs row by row."""
    numbers = [number(table[column], column, file) for column in found.columns]
    if of_rows is None or found.name.measure == "PGV" or not _unnamed(found):
        return numbers
    if base := _LOGARITHMS.get(found.name.logarithm):
        return [each + np.log(of_rows) / base for each in numbers]
    return [each * of_rows for each in numbers]


def _unit_column(table: pd.DataFrame, unit: str | None, file: str) -> tuple[Floats | None, list[str]]:
    column = find_column([str(name) for name in table.columns], _UNIT_COLUMNS)
    if unit is not None or column is None:
        return None, []
    said = f"accelerations are in the units of {column}, where a column's own name says none"
    return _of_rows(table[column], column, file), [said]


def _of_rows(column: "pd.Series[str]", name: str, file: str) -> Floats:
    words = column.astype("string").str.strip().fillna("")
    units = words.map(lambda word: UNITS.get(said_unit(word) or "", np.nan)).to_numpy(float)
    if (unknown := ~np.isfinite(units) & (words != "").to_numpy(bool)).any():
        at = int(np.flatnonzero(unknown)[0])
        raise InputError(
            f"{file}: {name} is {words.iloc[at]!r} in line {column.index[at]}, expected g, %g, cm/s2 or m/s2"
        )
    return np.asarray(units)


def _refuse_logarithms(
    columns: Mapping[str, Found],
    numbers: Mapping[str, list[Floats]],
    expected: Mapping[str, Floats],
    file: str,
) -> None:
    """Refuse logarithms of which no name says the base, or that there are any.

    Where most measures without a unit in their names look like logarithms, they are.
    """
    for found in columns.values():
        if found.name.logarithm == "log":
            raise InputError(
                f"{file}: {found.shown!r} does not say the base of its logarithms; call it log10 or ln"
            )
    plain = [
        m for m, found in columns.items() if not found.name.logarithm and not found.name.unit.strip(" _.-")
    ]
    alike = [m for m in plain if _like_logarithms(numbers[m][0], expected[m])]
    if len(alike) * 2 > len(plain):
        raise InputError(
            f"{file}: the numbers of {columns[alike[0]].shown!r} are like logarithms beside BSSA14's medians; say "
            "so and of which base in its name, such as 'ln PGA (g)' or 'log10 PGA (cm/s2)'"
        )


def _like_logarithms(numbers: Floats, expected: Floats) -> bool:
    """Return whether numbers follow a model's medians one for one, closer than their logarithms do."""
    known = np.isfinite(numbers) & np.isfinite(expected) & (numbers != 0)
    x, e = numbers[known], expected[known]
    if len(x) < _FEWEST or np.std(e) < _VARIED or np.std(x) == 0:
        return False
    plain = np.log(np.abs(x))
    slopes = [float(np.polyfit(e, factor * x, 1)[0]) for factor in _LOGARITHMS.values()]
    alike = any(_SLOPES[0] < slope < _SLOPES[1] for slope in slopes)
    follow = float(np.corrcoef(e, x)[0, 1])
    closer = follow > max(np.corrcoef(e, plain)[0, 1] if np.std(plain) else 0, _FOLLOWED) + _CLOSER
    return bool(alike and closer and np.polyfit(e, plain, 1)[0] < _FLAT)


def _ln(found: Found, numbers: Sequence[Floats]) -> tuple[Floats, list[str]]:
    """Return ln of a measure's numbers (record,), of two columns the mean, and what was found."""
    if base := found.name.logarithm:
        return np.mean([_LOGARITHMS[base] * each for each in numbers], 0), []
    ln, findings = [], []
    for each, column in zip(numbers, found.columns, strict=True):
        kept, said = without_repeated_negatives(each, column)
        findings += said
        # RotD50 and the like are sizes; a peak with its sign is one too.
        with np.errstate(divide="ignore"):
            ln.append(np.where(kept == 0, np.nan, np.log(np.abs(kept))))
    return np.asarray(np.mean(ln, 0)), findings
