"""Tables whose columns spaces separate and no header names: ZMAP, hypoDD's and GrowClust's, Athens's bulletin."""

import re
from pathlib import Path

import numpy as np

from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.delimited import read_rows, refuse_ragged
from terrella.formats.catalogues.raw import RawEvents

ZMAP = ("longitude", "latitude", "year", "month", "day", "magnitude", "depth_km", "hour", "minute", "second")
_RELOCATED = (
    "event_id", "latitude", "longitude", "depth_km", *(f"column {i}" for i in range(5, 11)), "year", "month", "day",
    "hour", "minute", "second", "magnitude",
)  # fmt: skip
_HYPODD_EVENT = (
    "date",
    "time_of_day",
    "latitude",
    "longitude",
    "depth_km",
    "magnitude",
    "eh",
    "ez",
    "rms",
    "event_id",
)
# GrowClust's catalogue and those of Hauksson et al. and Ross et al. for southern California.
_GROWCLUST = (
    "year", "month", "day", "hour", "minute", "second", "event_id", "latitude", "longitude", "depth_km",
    "magnitude",
)  # fmt: skip
_ATHENS = (
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "latitude",
    "longitude",
    "depth_km",
    "magnitude",
)
_LAYOUTS = {
    "ZMAP": ZMAP,
    "hypoDD.reloc": _RELOCATED,
    "hypoDD's event.dat": _HYPODD_EVENT,
    "GrowClust": _GROWCLUST,
    "Athens": _ATHENS,
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# The bulletin of the National Observatory of Athens: two lines of header, months by name.
_ATHENS_ROW = re.compile(rf"\s*\d{{4}}\s+({'|'.join(_MONTHS)})(\s+\d+){{3}}\s+[\d.]+(\s+-?[\d.]+){{4}}\s*$")
_LONGEST_LINE = 10_000  # characters


def layout(text: str) -> str | None:
    """Return which table of numbers the first row is of, by the columns that make a date and a place."""
    lines = [line for line in text[:_LONGEST_LINE].splitlines() if line.strip()]
    if any(map(_ATHENS_ROW.match, lines[:3])):
        return "Athens"
    fields = lines[0].split() if lines else []
    if len(fields) >= len(_GROWCLUST) and _is_growclust(fields[: len(_GROWCLUST)]):
        return "GrowClust"
    numbers = [_number(field) for field in fields]
    if len(numbers) < len(ZMAP) or any(number is None for number in numbers):
        return None
    value = [float(number or 0) for number in numbers]
    if len(fields) == len(_HYPODD_EVENT) and re.fullmatch(r"[12]\d{7}", fields[0]) and fields[1].isdecimal():
        return "hypoDD's event.dat"
    if (
        len(fields) >= len(_RELOCATED)
        and value[10] >= 1000
        and _is_clock(*value[10:15])
        and abs(value[1]) <= 90
    ):
        return "hypoDD.reloc"
    if (
        abs(value[0]) <= 360
        and abs(value[1]) <= 90
        and value[2] >= 0
        and _is_clock(value[2] // 1, *value[3:5], *value[7:9])
    ):
        return "ZMAP"
    return None


def read_layout(text: str, file: str, name: str) -> RawEvents:
    """Return the events of a table of numbers without a header.

    ZMAP's columns are longitude, latitude, year, month, day, magnitude, depth in km, hour, minute, second and any
    number of others, such as errors. The year may be a decimal one.

    Raises:
        InputError: at the first row that cannot be read.
    """
    rows = [line.split() for line in text.split("\n")]
    known = _LAYOUTS[name]
    if name == "Athens":
        rows = _with_numbered_months(text.split("\n"))
    if name == "GrowClust":  # words of any number may follow
        rows = [row[: len(known)] for row in rows]
    n_columns = len(next(row for row in rows if row))
    refuse_ragged(rows, n_columns, file)
    names = [*known, *(f"column {i + 1}" for i in range(len(known), n_columns))]
    if name == "hypoDD's event.dat":
        for row in (row for row in rows if row):
            row[1] = (
                f"{row[1]:0>8}"[:6] + "." + f"{row[1]:0>8}"[6:]
            )  # HHMMSSss, hundredths of a second behind
    tabbed = "\n".join("\t".join(row) for row in rows)
    columns = {
        ours: ours for ours in known if not ours.startswith("column") and ours not in ("eh", "ez", "rms")
    }
    return read_rows(tabbed, file, "\t", names, 0, columns, quoted=False)


def _is_growclust(fields: list[str]) -> bool:
    numbers = [_number(field) for field in fields]
    if any(number is None for number in numbers) or not fields[6].isdecimal():
        return False
    value = [float(number or 0) for number in numbers]
    return (
        1800 <= value[0] < 2200
        and _is_clock(*value[:5])
        and 0 <= value[5] < 61
        and abs(value[7]) <= 90
        and abs(value[8]) <= 360
    )


def _with_numbered_months(lines: list[str]) -> list[list[str]]:
    """Return the fields of lines below the header, with numbers for the names of months."""
    first = next(i for i, line in enumerate(lines) if _ATHENS_ROW.match(line))
    rows = [[] if i < first else line.split() for i, line in enumerate(lines)]
    for row in rows:
        if len(row) > 1 and row[1] in _MONTHS:
            row[1] = str(_MONTHS.index(row[1]) + 1)
    return rows


def _is_clock(year: float, month: float, day: float, hour: float, minute: float) -> bool:
    whole = all(part == int(part) for part in (year, month, day, hour, minute) if np.isfinite(part))
    return whole and 1 <= month <= 12 and 1 <= day <= 31 and 0 <= hour <= 24 and 0 <= minute <= 60


def write_zmap(catalogue: Catalogue, path: Path) -> None:
    """Write ZMAP's ten columns with a decimal year; ids and types of magnitude have no place in it."""
    time = catalogue.time_utc
    year, month, day = (time.astype(f"datetime64[{unit}]") for unit in "YMD")
    year_us = ((year + 1).astype(time.dtype) - year.astype(time.dtype)).astype(float)
    decimal = year.astype(int) + 1970 + (time - year.astype(time.dtype)).astype(float) / year_us
    microseconds = (time - day.astype(time.dtype)).astype(int)
    columns = (
        catalogue.longitude.tolist(),
        catalogue.latitude.tolist(),
        [f"{value:.10f}" for value in decimal],
        ((month - year.astype("datetime64[M]")).astype(int) + 1).tolist(),
        ((day - month.astype("datetime64[D]")).astype(int) + 1).tolist(),
        catalogue.magnitude.tolist(),
        ["NaN" if text == "nan" else text for text in catalogue.depth_km.astype(str)],
        (microseconds // 3_600_000_000).tolist(),
        (microseconds // 60_000_000 % 60).tolist(),
        [f"{value / 1e6:.6f}" for value in microseconds % 60_000_000],
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines("\t".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
