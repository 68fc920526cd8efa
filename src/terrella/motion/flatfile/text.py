"""Tables of text: what separates fields, which line names the columns, and rows that do not fit it."""

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from terrella.errors import InputError
from terrella.formats.encoding import decoded

_DELIMITERS = ",;\t|"
_SEARCHED = 60  # lines above which the header stands
_NUMBER_WITH_COMMA = r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?"


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table of text, whose index is each row's line from 1, and what was found."""

    table: pd.DataFrame
    findings: tuple[str, ...]


def read_text_table(path: Path, known: Callable[[Sequence[str]], int]) -> TextTable:
    """Return a table whose fields commas, semicolons, tabs, bars or spaces separate; a title may stand above it.

    `known` counts the names of a line that a flatfile has.

    Raises:
        InputError, ValueError: where there is no header, or a row has other fields than it names.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ValueError("it is a workbook or an archive; save the sheet as CSV, or unpack it")
    found = decoded(content, str(path), names=True)
    lines = found.text.split("\n")
    end, delimiter, names = _header(lines, known)
    _refuse_split_names(names, str(path))
    body = lines[end:]
    names = _fitted(names, body, delimiter)
    if not any(line.strip() for line in body):
        return TextTable(pd.DataFrame(columns=names), found.findings)
    _refuse_short(body, len(names), delimiter, end, str(path))
    table = pd.read_csv(
        io.StringIO("\n".join(body)),
        sep=r"\s+" if delimiter == " " else delimiter,
        header=None,
        names=range(len(names)),
        index_col=False,
        dtype="string",
        keep_default_na=False,
        quoting=csv.QUOTE_MINIMAL,
        comment=None,
        skip_blank_lines=False,
        low_memory=False,
    )
    return TextTable(_whole(table, names, delimiter, end), found.findings)


def _header(lines: Sequence[str], known: Callable[[Sequence[str]], int]) -> tuple[int, str, list[str]]:
    """Return the number of lines down to the names of the columns, what separates fields, and the names."""
    first = None
    for at, line in enumerate(lines[:_SEARCHED]):
        plain = line.lstrip("# \t") if line.lstrip().startswith("#") else line
        if not plain.strip() or plain.lower().startswith("sep="):
            continue
        delimiter, names, more = _fields([plain, *lines[at + 1 : at + _SEARCHED]])
        if known(names) >= 3:
            return at + more, delimiter, names
        if first is None and plain is line:
            first = at + more, delimiter, names
    if first is None:
        raise ValueError("it holds nothing but comments")
    if len(first[2]) == 1:
        raise ValueError(f"its first line, {first[2][0][:60]!r}, names no columns")
    return first


def _fields(lines: Sequence[str]) -> tuple[str, list[str], int]:
    """Return what separates the fields of the first of some lines, its fields, and over how many lines they go."""
    delimiter = max(_DELIMITERS, key=lines[0].count)
    if not lines[0].count(delimiter):
        return " ", [field for field in _split(lines[0], " ") if field], 1
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, skipinitialspace=True)
    return delimiter, [" ".join(field.split()) for field in next(reader, [])], reader.line_num


def _split(line: str, delimiter: str) -> list[str]:
    plain = line.strip() if delimiter == " " else line
    return next(csv.reader([plain], delimiter=delimiter, skipinitialspace=True), [])


def _refuse_split_names(names: Sequence[str], file: str) -> None:
    """Refuse names with commas outside quotation marks: all columns after one would be others."""
    for name in names:
        if name.count("(") > name.count(")") and ")" in "".join(names[names.index(name) + 1 :]):
            raise InputError(
                f"{file}: a column's name holds a separator outside quotation marks ({name!r}, ...), so that which "
                "column is which cannot be told; put such names in quotation marks"
            )


def _fitted(names: list[str], body: Sequence[str], delimiter: str) -> list[str]:
    """Return names for the fields that rows have: one more where R wrote rows' names, or a separator ends each row.

    Raises:
        ValueError: where rows have other fields than the header names.
    """
    rows = [_split(line, delimiter) for line in body[:20] if line.strip()][:3]
    if not rows or any(len(row) != len(names) + 1 for row in rows):
        return names
    if all(not row[-1].strip() for row in rows):
        return [*names, ""]
    if [row[0].strip() for row in rows] == [str(n + 1) for n in range(len(rows))]:
        return ["", *names]
    raise ValueError(
        f"its rows have {len(rows[0])} fields and its header {len(names)}; name the column that is missing"
    )


def _refuse_short(body: Sequence[str], fields: int, delimiter: str, above: int, file: str) -> None:
    """Refuse a row that is cut off, since its last number may be too."""
    if delimiter == " ":
        return
    for at, line in enumerate(body):
        few = line.count(delimiter) < fields - 1 and line.strip() and not line.startswith("#")
        if few and line.count('"') % 2 == 0 and '"' not in "".join(body[max(at - 1, 0) : at]):
            raise InputError(
                f"{file}: line {above + 1 + at} has fewer fields than the header names; correct it, or fetch the "
                "file again if it is cut off"
            )


def _whole(table: pd.DataFrame, names: list[str], delimiter: str, above: int) -> pd.DataFrame:
    """Return a table under its names, without blank rows, with points for decimal commas."""
    blank = (table.isna() | (table == "")).all(axis=1)
    comments = table[0].str.startswith("#").fillna(False)
    table = table.set_axis(names, axis=1)
    table.index = pd.RangeIndex(above + 1, above + 1 + len(table))
    table = table[~(blank | comments).to_numpy(bool)]
    if delimiter != ",":
        for place in range(table.shape[1]):
            column = table.iloc[:, place]
            filled = column[column.fillna("") != ""]
            if (
                len(filled)
                and filled.str.contains(",").any()
                and filled.str.fullmatch(_NUMBER_WITH_COMMA + r"|[+-]?\d+").all()
            ):
                table.isetitem(place, column.str.replace(",", ".").to_numpy(object))
    return table
