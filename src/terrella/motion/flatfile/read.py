"""A flatfile of ground motion: CSV, Parquet or HDF5 in, records out; what it does not say is refused or found."""

import csv
import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.formats.encoding import decoded
from terrella.motion.flatfile.columns import SECOND, TYPES, find_column, find_columns, find_measures, squeezed
from terrella.motion.flatfile.component import rows_of_median
from terrella.motion.flatfile.distances import joyner_boore
from terrella.motion.flatfile.hdf5 import read_hdf5
from terrella.motion.flatfile.table import MECHANISMS, RJB_FROM, Flatfile, Floats
from terrella.motion.flatfile.units import UNITS, chosen_units, refuse_mixed, velocity_factor
from terrella.motion.models.bssa14 import RANGES, median

_NUMBERS = (
    "magnitude", "rjb_km", "rrup_km", "repi_km", "rhyp_km", "top_km", "depth_km", "vs30_m_s", "rake_deg",
    "event_latitude", "event_longitude", "station_latitude", "station_longitude",
)  # fmt: skip
_LIMITS = {
    "magnitude": (-2, 10), "vs30_m_s": (20, 6000), "event_latitude": (-90, 90), "station_latitude": (-90, 90),
    "event_longitude": (-180, 360), "station_longitude": (-180, 360), "rake_deg": (-180, 360),
    "depth_km": (-10, 800),
}  # fmt: skip
_STAND_INS = (-999.0, -99.0, -9.0, 999.0, 9999.0, -9999.0, -999999.0)
# Of NGA-West2: 0 strike-slip, 1 normal, 2 reverse, 3 reverse-oblique, 4 normal-oblique.
_CODES = {"0": 1, "1": 2, "2": 3, "3": 3, "4": 2}
_SLIP = {"ss": 1, "strikeslip": 1, "s": 1, "nf": 2, "ns": 2, "n": 2, "normal": 2, "normaloblique": 2, "no": 2,
         "tf": 3,
         "rs": 3, "r": 3, "reverse": 3, "thrust": 3, "reverseoblique": 3, "ro": 3, "t": 3}  # fmt: skip
_SHOWN = 3


@dataclass(frozen=True)
class Reading:
    """How a flatfile is read, where it does not say itself."""

    columns: Mapping[str, str]
    unit: str | None = None
    without: Sequence[str] = ()
    motions: bool = True  # whether motions must be there; scenarios to predict have none


def read_flatfile(path: Path, how: Reading) -> Flatfile:
    """Return the records of a flatfile that hold all that a model needs.

    Raises:
        InputError: where the file, a column or a unit is at fault; findings tell of rows that are left out.
    """
    table, findings = read_table(path)
    records = records_of(table, str(path), how)
    return replace(records, findings=(*findings, *records.findings))


def read_table(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table as it stands, CSV fields as text, and what was found of its encoding.

    Raises:
        InputError: where it cannot be read, or holds nothing.
    """
    must_exist(path, "a flatfile of ground motion (CSV, Parquet, HDF5)")
    with path.open("rb") if path.is_file() else io.BytesIO() as file:
        start = file.read(8)
    findings: tuple[str, ...] = ()
    try:
        if start.startswith(b"\x89HDF"):
            table = read_hdf5(path)
        elif start.startswith(b"PAR1"):
            table = pd.read_parquet(path)
        else:
            table, findings = _read_csv(path)
    except (OSError, ValueError, ImportError, EOFError, zlib.error, pd.errors.ParserError) as error:
        raise InputError(f"{path} cannot be read as a flatfile: {str(error).splitlines()[0]}") from None
    if not len(table):
        raise InputError(f"{path} holds no records")
    return table, findings


def records_of(table: pd.DataFrame, file: str, how: Reading) -> Flatfile:
    """Return the records of a table; its lines are counted from the header's, which is the first."""
    names = [str(name) for name in table.columns]
    table = table.set_axis(names, axis=1)
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{file}: several columns are called {doubled[0]!r}; rename all but one")
    found = find_columns(names, how.columns, file)
    row = np.arange(len(table)) + 2
    numbers, findings = _numbers(table, found, file)
    findings += _magnitude_types(table)
    magnitude = numbers["magnitude"]
    rjb, source = joyner_boore(numbers, magnitude)
    needed = {"magnitude": magnitude, "distance": rjb, "Vs30": numbers["vs30_m_s"]}
    kept, of_component = rows_of_median(table, file) if how.motions else (np.ones(len(table), bool), [])
    findings += of_component
    for what, values in needed.items():
        missing = kept & ~np.isfinite(values)
        if missing.any():
            findings.append(
                f"{missing.sum():,} rows without a {what} are left out, the first in line {row[missing][0]}"
            )
        kept &= ~missing
    if negative := int((rjb[kept] < 0).sum()):
        raise InputError(
            f"{file}: {negative:,} distances are negative, the first in line {row[kept][rjb[kept] < 0][0]}"
        )
    nothing = np.full(len(table), np.nan)
    if how.motions:
        event, station = (
            _labels(table, found, numbers, what, file, findings) for what in ("event", "station")
        )
    else:
        event = station = row.astype(str)
    records = Flatfile(
        event=event, station=station,
        magnitude=magnitude, rjb_km=rjb, rjb_from=source, vs30_m_s=numbers["vs30_m_s"],
        depth_km=numbers.get("depth_km", nothing), mechanism=_mechanisms(table, found, numbers, file),
        event_longitude=numbers.get("event_longitude", nothing),
        event_latitude=numbers.get("event_latitude", nothing),
        station_longitude=numbers.get("station_longitude", nothing),
        station_latitude=numbers.get("station_latitude", nothing),
        year=_years(table, found), measures=(), ln_motion=np.zeros((len(table), 0)), row=row,
    )  # fmt: skip
    kept &= ~np.isin(records.station, list(how.without))
    if unknown := [each for each in how.without if each not in records.station]:
        raise InputError(f"{file}: data.without names the station {unknown[0]!r}, which is not there")
    columns = find_measures(names, how.columns)
    if how.motions and not columns:
        raise InputError(
            f"{file}: no column of PGA, PGV or SA(T) was recognised; name one, such as --data.columns.PGA COLUMN"
        )
    if not kept.any():
        raise InputError(f"{file}: no row has a magnitude, a distance and a Vs30")
    if how.motions:
        records, kept, more = _with_motions(records, table, columns, kept, how.unit, file)
        findings += more
    records = records.rows(kept)
    findings += _told(records)
    return replace(records, findings=tuple(findings))


def _with_motions(
    records: Flatfile,
    table: pd.DataFrame,
    columns: Mapping[str, tuple[str, str]],
    kept: np.ndarray,
    unit: str | None,
    file: str,
) -> tuple[Flatfile, np.ndarray, list[str]]:
    measures, findings = tuple(columns), []
    values = np.stack(
        [_number(table[columns[measure][0]], columns[measure][0], file) for measure in measures], 1
    )
    # RotD50 and the like are sizes; a peak with its sign is one too.
    values = np.abs(values)
    values[values == 0] = np.nan
    ln = np.log(values)
    expected = np.full(ln.shape, np.nan)
    expected[kept] = median(records.rows(kept), measures)
    accelerations = {measure: columns[measure] for measure in measures if measure != "PGV"}
    inside = kept & (records.magnitude >= 4) & (records.rjb_km < 150)
    residuals = {m: np.where(inside, (ln - expected)[:, i], np.nan) for i, m in enumerate(measures)}
    if unit is None and find_column([str(name) for name in table.columns], ("esmeventid", "emecmw")):
        unit = "cm/s2"  # as the Engineering Strong Motion database documents its flatfiles
        findings.append("accelerations are in cm/s², as ESM's flatfiles have them")
    units, more = chosen_units(accelerations, unit, residuals, file)
    findings += more
    for i, measure in enumerate(measures):
        factor = (
            velocity_factor(columns["PGV"][1], file, columns["PGV"][0])
            if measure == "PGV"
            else UNITS[units[measure]]
        )
        ln[:, i] += np.log(factor)
    main = measures.index("PGA") if "PGA" in measures else 0
    findings += refuse_mixed((ln - expected)[kept, main], records.station[kept], records.row[kept], file)
    without = kept & ~np.isfinite(ln).any(1)
    if without.any():
        findings.append(
            f"{without.sum():,} rows without any motion are left out, the first in line {records.row[without][0]}"
        )
    if not (kept & ~without).any():
        raise InputError(f"{file}: no row has a motion beside its magnitude, distance and Vs30")
    return replace(records, measures=measures, ln_motion=ln), kept & ~without, findings


def _numbers(
    table: pd.DataFrame, found: Mapping[str, Sequence[str]], file: str
) -> tuple[dict[str, Floats], list[str]]:
    """Return the quantities that are numbers, NaN where missing; second columns fill the gaps of the first."""
    numbers, findings = {}, []
    for ours in _NUMBERS:
        if ours not in found:
            continue
        first, *seconds = found[ours]
        values = _number(table[first], first, file)
        for second in seconds:
            more = _number(table[second], second, file)
            gaps = ~np.isfinite(values) & np.isfinite(more)
            if gaps.any():
                findings.append(
                    f"{gaps.sum():,} of {len(values):,} rows have their {ours} from {second}, since "
                    f"{first} is empty"
                )
            values = np.where(gaps, more, values)
        if ours == "vs30_m_s" and squeezed(first) in SECOND[ours]:
            findings.append(f"{ours} is from {first}, since no column of measured values is there")
        low, high = _LIMITS.get(ours, (0, 25000))
        wrong = (values < low) | (values > high)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{file}: {first} is {values[at]:g} in line {at + 2}, expected {low:g} to {high:g}; "
                "correct it or leave it empty"
            )
        numbers[ours] = values
    return numbers, findings


def _number(column: "pd.Series[Any]", name: str, file: str) -> Floats:
    """Return a column as numbers, NaN where it is empty or holds what stands for nothing, such as −999.

    Raises:
        InputError: where it holds a word.
    """
    if column.dtype.kind in "biuf":
        values = column.to_numpy(float)
    else:
        text = column.astype("string").str.strip()
        empty = text.isna() | text.str.lower().isin(
            ["", "na", "nan", "none", "null", "-", "n/a", "inf", "-inf"]
        )
        values = pd.to_numeric(text.mask(empty), errors="coerce").to_numpy(float, na_value=np.nan)
        wrong = np.isnan(values) & ~empty.to_numpy(bool)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise InputError(f"{file}: {name} is {text.iloc[at]!r} in line {at + 2}, expected a number")
    return np.asarray(np.where(np.isin(values, _STAND_INS) | ~np.isfinite(values), np.nan, values))


def _labels(
    table: pd.DataFrame, found: Mapping[str, Sequence[str]], numbers: Mapping[str, Floats], what: str, file: str,
    findings: list[str],
) -> np.ndarray:  # fmt: skip
    """Return whose record a row is, of an event or a station; by place where no column names it."""
    if what in found:
        labels = table[found[what][0]].astype("string").str.strip().fillna("")
        if (
            what == "station"
            and "network" in found
            and squeezed(found[what][0]) in ("stationcode", "station", "sta", "stationid")
        ):
            labels = table[found["network"][0]].astype("string").str.strip().fillna("") + "." + labels
        without = labels.str.strip(".") == ""
        if not without.all():
            # Rows of nobody are all their own.
            own = pd.Series([f"line {n + 2}" for n in range(len(table))], index=labels.index, dtype="string")
            if without.any():
                findings.append(f"{without.sum():,} rows name no {what}; each is taken as one of its own")
            return labels.mask(without, own).to_numpy(object).astype(str)
    longitude, latitude = (numbers.get(f"{what}_{axis}") for axis in ("longitude", "latitude"))
    if longitude is None or latitude is None:
        raise InputError(
            f"{file}: no column says which {what} a record is of; name it with --data.columns.{what} COLUMN"
        )
    findings.append(f"no column names the {what}s; records of one place (0.001°) are taken as of one {what}")
    places = [f"{x:.3f} {y:.3f}" for x, y in zip(longitude, latitude, strict=True)]
    if what == "event":
        size = [f"{place} {m:g}" for place, m in zip(places, numbers["magnitude"], strict=True)]
        return np.array(size)
    return np.array(places)


def _magnitude_types(table: pd.DataFrame) -> list[str]:
    column = find_column(table.columns, TYPES)
    if column is None:
        return []
    types = table[column].astype("string").str.strip().fillna("")
    other = (types != "") & ~types.str.lower().str.match(r"(?:mw|m$|u|-?\d)")
    if not other.any():
        return []
    named = ", ".join(types[other].unique()[:_SHOWN])
    return [
        f"{other.sum():,} rows have magnitudes of type {named} by {column}: they are taken as moment magnitudes"
    ]


def _mechanisms(
    table: pd.DataFrame, found: Mapping[str, Sequence[str]], numbers: Mapping[str, Floats], file: str
) -> np.ndarray:
    """Return positions in MECHANISMS: by rake where there is one, else by word or code."""
    known = np.zeros(len(table), int)
    if "mechanism" in found:
        for at, value in enumerate(table[found["mechanism"][0]].astype("string").str.strip().fillna("")):
            word = squeezed(value.removesuffix(".0"))
            known[at] = _SLIP.get(word, _CODES.get(word, 0))
    rake = numbers.get("rake_deg")
    if rake is not None:
        rake = (rake + 180) % 360 - 180
        with np.errstate(invalid="ignore"):
            by_rake = np.where((rake > 30) & (rake < 150), 3, np.where((rake < -30) & (rake > -150), 2, 1))
        known = np.where(np.isfinite(rake), by_rake, known)
    return known


def _years(table: pd.DataFrame, found: Mapping[str, Sequence[str]]) -> Floats:
    if "time" in found:
        times = pd.to_datetime(
            table[found["time"][0]].astype("string"), errors="coerce", utc=True, format="ISO8601"
        )
        years = (times.dt.year + (times.dt.day_of_year - 1) / 365.25).to_numpy(float, na_value=np.nan)
        if np.isfinite(years).any():
            return np.asarray(years)
    if "year" in found:
        years = pd.to_numeric(table[found["year"][0]], errors="coerce").to_numpy(float, na_value=np.nan)
        return np.asarray(np.where((years > 1850) & (years < 2200), years, np.nan))
    return np.full(len(table), np.nan)


def _told(records: Flatfile) -> list[str]:
    found = []
    for number, how in enumerate(RJB_FROM[1:], 1):
        rows = int((records.rjb_from == number).sum())
        if rows:
            found.append(f"{rows:,} of {len(records):,} rows have no Rjb: it is estimated from the {how}")
    twice = int(pd.DataFrame({"event": records.event, "station": records.station}).duplicated().sum())
    if twice and records.measures:
        found.append(f"{twice:,} rows repeat an event and a station of another row; each counts as a record")
    unspecified = int((records.mechanism == MECHANISMS.index("U")).sum())
    if unspecified:
        found.append(
            f"{unspecified:,} of {len(records):,} rows have no mechanism: BSSA14's for unspecified ones is taken"
        )
    for name, (low, high) in RANGES.items():
        values = getattr(records, name)
        outside = int(((values < low) | (values > high)).sum())
        if outside:
            found.append(f"{outside:,} rows have a {name} outside BSSA14's range, {low:g} to {high:g}")
    return found


def _read_csv(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table of text; comma, semicolon, tab or bar between fields, lines of comments before the header."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    found = decoded(content, str(path), names=True)
    lines = found.text.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if first is None:
        raise ValueError("it holds nothing but comments")
    delimiter = max(",;\t|", key=lines[first].count)
    if not lines[first].count(delimiter):
        raise ValueError(f"its first line, {lines[first][:60]!r}, names no columns")
    table = pd.read_csv(
        io.StringIO("\n".join(lines[first:])),
        sep=delimiter,
        dtype="string",
        keep_default_na=False,
        quoting=csv.QUOTE_MINIMAL,
    )
    decimal_comma = delimiter == ";" and not any("." in line for line in lines[first + 1 : first + 6])
    if decimal_comma:
        table = table.apply(lambda column: column.str.replace(",", "."))
    return table, found.findings
