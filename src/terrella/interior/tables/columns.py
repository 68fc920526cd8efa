"""Columns of numbers in text or Parquet: names with units, wherever a file has them."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.formats.encoding import decoded
from terrella.interior.tables.grid import Floats, Ints
from terrella.interior.tables.units import said_unit

_NAMES = {
    "depth": ("depth", "z", "dep"), "radius": ("radius", "r"), "pressure": ("pressure", "p", "pres"),
    "density": ("density", "rho", "dens"), "temperature": ("temperature", "t", "temp"),
    "entropy": ("entropy", "s"), "longitude": ("longitude", "lon"), "latitude": ("latitude", "lat"),
    "profile": ("profile", "column", "site"), "vp": ("vp",), "vs": ("vs",), "vpv": ("vpv",), "vph": ("vph",),
    "vsv": ("vsv",), "vsh": ("vsh",), "eta": ("eta",),
}  # fmt: skip
_OURS = {theirs: ours for ours, names in _NAMES.items() for theirs in names}
_HEADING = re.compile(r"[^\s,;\[(]+(?:\s*[\[(][^\])]*[\])])?")
_PARTS = re.compile(r"([^\[(,]+)[\[(,]\s*([^\])]*)")


@dataclass(frozen=True, eq=False)
class Column:
    """A column: its name and unit as the file has them, and its numbers, NaN where there is none."""

    name: str
    unit: str | None
    values: Floats


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a file that are known, by our names, and the line of each row."""

    file: str
    known: dict[str, Column]
    line: Ints
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.line)

    def needed(self, name: str) -> Column:
        """Return a column that must be there.

        Raises:
            InputError: where it is not.
        """
        if name not in self.known:
            raise InputError(f"{self.file}: no column of {name}; it has {', '.join(self.names)}")
        return self.known[name]


def name_and_unit(heading: str) -> tuple[str | None, str | None]:
    """Return our name of a heading such as Vp(m/s), rho,kg/m3 or depth_km, and its unit; None where unknown."""
    text = heading.strip().strip('"')
    parts = _PARTS.match(text)
    if parts:
        return _OURS.get(parts[1].strip().lower()), said_unit(parts[2]) or parts[2].strip() or None
    name, _, rest = text.partition("_")
    unit = said_unit(rest) if rest else None
    return _OURS.get(name.lower() if unit or not rest else text.lower()), unit


def read_text(path: Path) -> str:
    """Return a text file's content.

    Raises:
        InputError: where it is not there, empty, no text, or in another encoding than UTF-8.
    """
    must_exist(path, "a table or profile")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a file")
    return decoded(path.read_bytes(), str(path)).text


def read_columns(path: Path) -> Columns:
    """Return the columns of a file: CSV, blanks between columns with a heading in a comment or not, or Parquet.

    Raises:
        InputError: where it cannot be read, its heading does not fit, or a cell is no number.
    """
    must_exist(path, "a profile or table")
    if path.suffix == ".parquet":
        try:
            table = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
        return _known(str(path), [str(each) for each in table.columns], table, 1)
    lines = read_text(path).rstrip().splitlines()
    first = next((n for n, line in enumerate(lines) if _is_data(line)), None)
    if first is None:
        raise InputError(f"{path} has no row of numbers")
    # A semicolon or a tab separates where there is one: a comma may then be a decimal one.
    comma = next((sign for sign in ";\t," if sign in lines[first].strip()), None)
    if comma == "\t" and _headings(lines[:first], comma, lines[first].count("\t") + 1) is None:
        comma = None  # any blanks do
    if comma in (";", "\t") and re.search(r"\d,\d", lines[first]):
        raise InputError(f"{path}, line {first + 1}: its numbers have decimal commas; write them with points")
    width = len(re.split(r"\s+", lines[first].strip()) if comma is None else lines[first].split(comma))
    headings = _headings(lines[:first], comma, width)
    if headings is None:
        raise InputError(
            f"{path}: no line above the first row of numbers (line {first + 1}) names its {width} columns"
        )
    for at, line in enumerate(lines[first:], first + 1):
        cells = len(line.split() if comma is None else line.split(comma))
        if line.strip() and cells < width and '"' not in line:
            raise InputError(
                f"{path}, line {at}: {cells} cells where the first row has {width}; a missing one is nan"
            )
    body = io.StringIO("\n".join(lines[first:]))
    try:
        table = pd.read_csv(
            body, sep=comma or r"\s+", header=None, skip_blank_lines=False, skipinitialspace=True
        )
    except pd.errors.ParserError as error:
        raise InputError(f"{path} cannot be read as a table: {str(error).splitlines()[0].strip()}") from None
    return _known(str(path), headings, table, first + 1)


def _is_data(line: str) -> bool:
    start = re.split(r"[\s,;]+", line.strip(), maxsplit=1)[0]
    try:
        float(start or "x")
    except ValueError:
        # A first column of labels is one too, where numbers follow it.
        cells = [each for each in re.split(r"[\s,;]+", line.strip()) if each]
        return not line.lstrip().startswith(("#", "|")) and sum(_is_number(each) for each in cells) >= 2
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _headings(above: Sequence[str], comma: str | None, width: int) -> list[str] | None:
    """Return the names in the last line above the numbers that has as many."""
    for line in reversed(above):
        text = line.strip().lstrip("#").strip()
        found = _HEADING.findall(text) if comma is None else [each.strip() for each in text.split(comma)]
        if len(found) == width:
            return found
    return None


def _known(file: str, headings: Sequence[str], table: pd.DataFrame, first_line: int) -> Columns:
    line = np.arange(len(table)) + first_line
    known: dict[str, Column] = {}
    for at, heading in enumerate(headings):
        ours, unit = name_and_unit(heading)
        if ours is None:
            continue
        if ours in known:
            raise InputError(f"{file}: {known[ours].name} and {heading} are both columns of {ours}; keep one")
        column = table.iloc[:, at]
        values = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
        wrong = np.isnan(values) & column.notna().to_numpy()
        if ours == "profile":
            values = pd.factorize(column)[0].astype(float)
        elif wrong.any():
            where = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{file}: {heading} is {column.iloc[where]!r} in line {line[where]}, expected a number"
            )
        known[ours] = Column(heading, unit, values)
    return Columns(file, known, line, tuple(headings))
