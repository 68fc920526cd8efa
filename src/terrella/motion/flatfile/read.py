"""A flatfile of ground motion: CSV, Parquet or HDF5 in, records out; what it does not say is refused or found."""

import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.motion.flatfile.columns import SECOND, TYPES, find_column, find_columns, known_names, squeezed
from terrella.motion.flatfile.component import rows_of_median
from terrella.motion.flatfile.distances import joyner_boore
from terrella.motion.flatfile.hdf5 import read_hdf5
from terrella.motion.flatfile.measures import find_measures
from terrella.motion.flatfile.motions import with_motions
from terrella.motion.flatfile.numbers import number
from terrella.motion.flatfile.sources import mechanisms, told_setting, years
from terrella.motion.flatfile.table import MECHANISMS, RJB_FROM, Flatfile, Floats
from terrella.motion.flatfile.text import read_text_table
from terrella.motion.models.bssa14 import RANGES

_NUMBERS = (
    "magnitude", "rjb_km", "rrup_km", "repi_km", "rhyp_km", "top_km", "depth_km", "vs30_m_s", "rake_deg",
    "event_latitude", "event_longitude", "station_latitude", "station_longitude",
)  # fmt: skip
_LIMITS = {
    "magnitude": (-2, 10), "vs30_m_s": (20, 6000), "event_latitude": (-90, 90), "station_latitude": (-90, 90),
    "event_longitude": (-180, 360), "station_longitude": (-180, 360), "rake_deg": (-180, 360),
    "depth_km": (-8.9, 800),
}  # fmt: skip
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
            table = _lines(read_hdf5(path))
        elif start.startswith(b"PAR1"):
            table = _lines(pd.read_parquet(path))
        else:
            text = read_text_table(path, known_names)
            table, findings = text.table, text.findings
    except (OSError, ValueError, ImportError, EOFError, zlib.error, pd.errors.ParserError) as error:
        raise InputError(f"{path} cannot be read as a flatfile: {str(error).splitlines()[0]}") from None
    if not len(table):
        raise InputError(f"{path} holds no records")
    return table, findings


def records_of(table: pd.DataFrame, file: str, how: Reading) -> Flatfile:
    """Return the records of a table, whose index is each row's line."""
    names = [str(name) for name in table.columns]
    table = table.set_axis(names, axis=1)
    found = find_columns(names, how.columns, file)
    columns, of_component = (
        find_measures(names, how.columns if how.motions else {}, file) if how.motions else ({}, [])
    )
    _refuse_doubled(
        names,
        [
            *(each for own in found.values() for each in own),
            *(c for f in columns.values() for c in f.columns),
        ],
        file,
    )
    row = table.index.to_numpy()
    numbers, findings = _numbers(table, found, file)
    findings += _magnitude_types(table, found["magnitude"][0]) if how.motions else []
    magnitude = numbers["magnitude"]
    rjb, source = joyner_boore(numbers, magnitude)
    needed = {"magnitude": magnitude, "distance": rjb, "Vs30": numbers["vs30_m_s"]}
    kept, more = rows_of_median(table, file) if how.motions else (np.ones(len(table), bool), [])
    findings += [*of_component, *more]
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
    mechanism, of_mechanism = mechanisms(table, found, numbers)
    year, of_time = years(table, found)
    findings += [*of_mechanism, *of_time, *told_setting(table, kept)]
    if how.motions:
        event, station = (
            _labels(table, found, numbers, what, file, findings) for what in ("event", "station")
        )
    else:
        event = station = row.astype(str)
    records = Flatfile(
        event=event, station=station,
        magnitude=magnitude, rjb_km=rjb, rjb_from=source, vs30_m_s=numbers["vs30_m_s"],
        depth_km=numbers.get("depth_km", nothing), mechanism=mechanism,
        event_longitude=numbers.get("event_longitude", nothing),
        event_latitude=numbers.get("event_latitude", nothing),
        station_longitude=numbers.get("station_longitude", nothing),
        station_latitude=numbers.get("station_latitude", nothing),
        year=year, measures=(), ln_motion=np.zeros((len(table), 0)), row=row,
    )  # fmt: skip
    kept &= ~np.isin(records.station, list(how.without))
    if unknown := [each for each in how.without if each not in records.station]:
        raise InputError(f"{file}: data.without names the station {unknown[0]!r}, which is not there")
    if how.motions and not columns:
        raise InputError(
            f"{file}: no column of PGA, PGV or SA(T) was recognised; name one, such as --data.columns.PGA COLUMN"
        )
    if not kept.any():
        raise InputError(_nothing_kept(found, needed, file))
    if how.motions:
        records, kept, more = with_motions(records, table, columns, kept, how.unit, file)
        findings += more
    records = records.rows(kept)
    findings += _told(records)
    return replace(records, findings=tuple(findings))


def _lines(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its rows numbered as lines below a header."""
    return table.set_axis(pd.RangeIndex(2, 2 + len(table)), axis=0)


def _nothing_kept(found: Mapping[str, Sequence[str]], needed: Mapping[str, Floats], file: str) -> str:
    lacking = [what for what, values in needed.items() if not np.isfinite(values).any()]
    said = f"; no row has a {' or a '.join(lacking)}" if lacking else ""
    if "distance" in lacking and "rhyp_km" in found and "depth_km" not in found:
        said += f" ({found['rhyp_km'][0]} needs a depth beside it: --data.columns.depth_km COLUMN)"
    return f"{file}: no row has a magnitude, a distance and a Vs30{said}"


def _refuse_doubled(names: Sequence[str], used: Sequence[str], file: str) -> None:
    for name in used:
        if names.count(name) > 1:
            raise InputError(f"{file}: several columns are called {name!r}; rename all but one")


def _numbers(
    table: pd.DataFrame, found: Mapping[str, Sequence[str]], file: str
) -> tuple[dict[str, Floats], list[str]]:
    """Return the quantities that are numbers, NaN where missing; second columns fill the gaps of the first."""
    numbers, findings = {}, []
    for ours in _NUMBERS:
        if ours not in found:
            continue
        first, *seconds = found[ours]
        low, high = _LIMITS.get(ours, (0, 25000))
        within = _LIMITS.get(ours)
        values = number(table[first], first, file, within)
        for second in seconds:
            more = number(table[second], second, file, within)
            gaps = ~np.isfinite(values) & np.isfinite(more)
            if gaps.any():
                findings.append(
                    f"{gaps.sum():,} of {len(values):,} rows have their {ours} from {second}, since "
                    f"{first} is empty"
                )
            values = np.where(gaps, more, values)
        if ours == "vs30_m_s" and squeezed(first) in SECOND[ours]:
            findings.append(f"{ours} is from {first}, since no column of measured values is there")
        wrong = (values < low) | (values > high)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{file}: {first} is {values[at]:g} in line {table.index[at]}, expected {low:g} to {high:g}; "
                "correct it or leave it empty"
            )
        numbers[ours] = values
    return numbers, findings


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
            own = pd.Series([f"line {n}" for n in table.index], index=labels.index, dtype="string")
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


def _magnitude_types(table: pd.DataFrame, name: str) -> list[str]:
    column = find_column(table.columns, TYPES)
    if column is None:
        ours = find_column(table.columns, ("rjbfrom",)) is not None
        moment = ours or "mw" in name.lower() or "moment" in name.lower()
        return [] if moment else [f"nothing says of which type {name} is: it is taken as moment magnitude"]
    types = table[column].astype("string").str.strip().fillna("")
    other = (types != "") & ~types.str.lower().str.match(r"(?:mw|m$|u|-?\d)")
    if not other.any():
        return []
    named = ", ".join(types[other].unique()[:_SHOWN])
    return [
        f"{other.sum():,} rows have magnitudes of type {named} by {column}: they are taken as moment magnitudes"
    ]


def _told(records: Flatfile) -> list[str]:
    found = []
    for source, how in enumerate(RJB_FROM[1:], 1):
        rows = int((records.rjb_from == source).sum())
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
