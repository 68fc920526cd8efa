"""Tables whose columns are separated by spaces: ZMAP, which has no header, and tables with one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.columns import find_columns
from terrella.formats.catalogues.delimited import read_rows
from terrella.formats.catalogues.raw import RawEvents

ZMAP = ("longitude", "latitude", "year", "month", "day", "magnitude", "depth_km", "hour", "minute", "second")
_COMMENTS = ("%", "#")
_LONGEST_LINE = 10_000  # characters
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)  # the month, in a common year


def is_zmap(text: str) -> bool:
    """Return whether the first row is ZMAP's: ten or more numbers, of which the right ones make a date."""
    first = next((line for line in text[:_LONGEST_LINE].splitlines() if _is_row(line)), "")
    numbers = [_number(field) for field in first.split()]
    if len(numbers) < len(ZMAP) or any(number is None for number in numbers):
        return False
    _, _, _, month, day, _, _, hour, minute, *_ = (float(number or 0) for number in numbers)
    return 1 <= month <= 12 and 1 <= day <= 31 and 0 <= hour <= 24 and 0 <= minute <= 60


def read_zmap(text: str, file: str) -> RawEvents:
    """Return the events of a ZMAP table.

    Columns are longitude, latitude, year, month, day, magnitude, depth in km, hour, minute, second and any
    number of others, such as errors. The year may be a decimal one; lines that begin with % or # are comments.

    Raises:
        InputError: at the first row that cannot be read.
    """
    lines = text.split("\n")
    rows = [line.split() if _is_row(line) else [] for line in lines]
    n_columns = len(next(row for row in rows if row))
    _refuse_ragged(rows, n_columns, file)
    _make_years_whole([row for row in rows if row])
    names = [*ZMAP, *(f"column {i + 1}" for i in range(len(ZMAP), n_columns))]
    found = {name: i for i, name in enumerate(ZMAP)}
    return read_rows("\n".join("\t".join(row) for row in rows), file, "\t", names, found, 0, quoted=False)


def is_spaced_table(text: str) -> bool:
    """Return whether the first line names columns and has nothing but spaces between them."""
    first = next((line for line in text[:_LONGEST_LINE].splitlines() if line.strip()), "")
    names = first.lstrip("# ").split()
    return len(names) >= 4 and not set(first) & set(",;\t|") and all(_number(name) is None for name in names)


def read_spaced_table(text: str, file: str, columns: Mapping[str, str] | None = None) -> RawEvents:
    """Return the events of a table with a header and columns that spaces separate; no value may be blank.

    Raises:
        InputError: where a column is missing or a row cannot be read.
    """
    rows = [line.split() for line in text.split("\n")]
    header = next(i for i, row in enumerate(rows) if row)
    names = " ".join(rows[header]).lstrip("# ").split()
    rows[header] = []
    _refuse_ragged(rows, len(names), file)
    found = find_columns(names, columns, file)
    return read_rows("\n".join("\t".join(row) for row in rows), file, "\t", names, found, 0, quoted=False)


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


def _make_years_whole(rows: list[list[str]]) -> None:
    """Put the year itself in place of a decimal year.

    A decimal year with few digits may round up to the year after, so the month and the day say which it is.
    """
    years = [_number(row[2]) for row in rows]
    if all(year is None or not np.isfinite(year) or year == int(year) for year in years):
        return
    for row, year in zip(rows, years, strict=True):
        month, day = _number(row[3]), _number(row[4])
        if year is not None and np.isfinite(year) and month in range(1, 13) and day in range(1, 32):
            passed = (_DAYS_BEFORE[int(month or 0) - 1] + (day or 0) - 0.5) / 365.25
            row[2] = str(round(year - passed))


def _refuse_ragged(rows: Sequence[list[str]], n_columns: int, file: str) -> None:
    number = 0
    for line, row in enumerate(rows, 1):
        number += bool(row)
        if row and len(row) != n_columns:
            raise InputError(
                f"{file}, row {number} (line {line}): {len(row)} fields where the first line has {n_columns}; "
                "correct the row, or fetch the file again if it is cut off"
            )


def _is_row(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(_COMMENTS)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
