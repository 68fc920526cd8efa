"""Delimited text with a header: ComCat's CSV and any CSV with a column mapping."""

import csv
import io
from collections.abc import Iterator, Mapping

import pyarrow as pa
from pyarrow import csv as arrow_csv

from terrella.errors import InputError
from terrella.formats.catalogues.columns import find_columns
from terrella.formats.catalogues.raw import Place, RawEvents
from terrella.formats.catalogues.table import events_from_table

_DELIMITERS = ",;\t|"
_LONGEST_HEADER = 100_000  # characters
_Row = tuple[int, int, list[str]]  # number from 0, line in the file from 1, fields


def read_delimited(text: str, file: str, columns: Mapping[str, str] | None = None) -> RawEvents:
    """Return the events of delimited text whose first line names the columns.

    `columns` maps our names to the header's (see `columns.find_columns`).

    Raises:
        InputError: where there is no header, a column is missing or a row cannot be read.
    """
    delimiter, names, header_lines = _header(text, file)
    return read_rows(text, file, delimiter, names, find_columns(names, columns, file), header_lines)


def read_rows(
    text: str,
    file: str,
    delimiter: str,
    names: list[str],
    found: Mapping[str, int],
    header_lines: int,
    quoted: bool = True,
) -> RawEvents:
    """Return the events of the rows below the header; `found` maps our names to positions in `names`.

    Where nothing is `quoted`, quotation marks are letters like any other.
    """
    quote = '"' if quoted else False
    used = sorted(set(found.values()))
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=arrow_csv.ReadOptions(
                column_names=[str(i) for i in range(len(names))], skip_rows=header_lines, block_size=1 << 22
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, quote_char=quote, newlines_in_values=quoted and '"' in text
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={str(i): pa.string() for i in used},
                include_columns=[str(i) for i in used],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise _unread(_rows(text, delimiter, header_lines, quoted), file, len(names), error) from error
    one_line_each = text.count("\n") + (not text.endswith("\n")) == header_lines + table.num_rows

    def name_row(row: int) -> str:
        line = (
            header_lines + row + 1
            if one_line_each
            else _line_of(_rows(text, delimiter, header_lines, quoted), row)
        )
        return f"row {row + 1} (line {line})"

    place = Place(file, name_row)
    position = {i: k for k, i in enumerate(used)}
    return events_from_table(
        table, {k: position[i] for k, i in found.items()}, [names[i] for i in used], place
    )


def _header(text: str, file: str) -> tuple[str, list[str], int]:
    """Return the delimiter, the names of the columns and the number of lines down to the header's end."""
    text = text[:_LONGEST_HEADER]
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    if delimiter not in first:
        raise InputError(
            f"{file}: not a catalogue that Terrella knows; expected ComCat CSV or GeoJSON, FDSN text, QuakeML, "
            "CSEP ASCII, ZMAP or Parquet, or a CSV whose first line names its columns"
        )
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    for fields in _walk(reader):
        if any(field.strip() for field in fields):
            return delimiter, [field.strip().lstrip("#") for field in fields], reader.line_num
    raise InputError(f"{file}: no header line found")


def _unread(rows: Iterator[_Row], file: str, n_columns: int, error: Exception) -> InputError:
    """Return the error that names the first row with too few or too many fields."""
    for row, line, fields in rows:
        if len(fields) != n_columns:
            return InputError(
                f"{file}, row {row + 1} (line {line}): {len(fields)} fields where the header has {n_columns}; "
                "correct the row, or fetch the file again if it is cut off"
            )
    reason = (str(error).splitlines() or ["unknown reason"])[0][:120]
    if "Empty CSV" in reason:
        return InputError(f"{file}: holds a header and no events")
    return InputError(f"{file}: cannot be read as CSV ({reason})")


def _line_of(rows: Iterator[_Row], wanted: int) -> int | str:
    return next((line for row, line, _ in rows if row == wanted), "?")


def _rows(text: str, delimiter: str, header_lines: int, quoted: bool) -> Iterator[_Row]:
    """Yield data row (from 0), line in the file (from 1) and fields; blank lines count as lines only."""
    lines = io.StringIO(text)
    for _ in range(header_lines):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    row, before = 0, 0
    for fields in _walk(reader):
        if fields:
            yield row, header_lines + before + 1, fields
            row += 1
        before = reader.line_num


def _walk(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Iterate a csv reader, ending quietly where its own limits are passed."""
    try:
        yield from reader
    except csv.Error:
        return
