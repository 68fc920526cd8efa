"""Text with a header: ComCat's CSV, FDSN event text, HORUS and any table of which a line names the columns."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
from pyarrow import csv as arrow_csv

from terrella.errors import InputError
from terrella.formats.catalogues.columns import HEADERS, looks_like_header
from terrella.formats.catalogues.findings import Finding
from terrella.formats.catalogues.headers import squeezed
from terrella.formats.catalogues.raw import RawEvents
from terrella.formats.catalogues.table import read_columns
from terrella.formats.catalogues.table_times import UNZONED, Rest

EXPECTED = (
    "ComCat CSV or GeoJSON, FDSN text, QuakeML, CSEP ASCII, ZMAP, Parquet, a format that ObsPy reads (NDK, ISF, "
    "SC3ML, Nordic, ...), or a table whose first line names its columns"
)
_DELIMITERS = ",;\t|"
_LONGEST_HEADER = 100_000  # characters
_LONGEST_PREAMBLE = 100  # lines
_SAMPLE = 100  # rows
_MOST_NOTES = 10  # lines
# Columns of few values, which Arrow reads faster as such.
_CATEGORIES = frozenset(word for ours in ("magnitude_type", "event_type", "status") for word in HEADERS[ours])
_CATEGORY = pa.dictionary(pa.int32(), pa.string())
_Row = tuple[int, int, list[str]]  # number from 0, line in the file from 1, fields


@dataclass(frozen=True)
class Header:
    """A line that names columns: what separates them (None: spaces), their names, and the lines down to its end.

    `below_text`: lines that are no comments come before.
    """

    delimiter: str | None
    names: list[str]
    lines: int
    below_text: bool = False


def find_header(text: str, columns: Mapping[str, str] | None) -> Header | None:
    """Return the first line that names a catalogue's columns, below a preamble or behind a comment's mark."""
    lines = text[:_LONGEST_HEADER].split("\n")
    for i, line in enumerate(lines[:_LONGEST_PREAMBLE]):
        if line.strip() and (header := _header(lines, i)) and looks_like_header(header.names, columns):
            return replace(
                header, below_text=any(each.strip() and not is_comment(each) for each in lines[:i])
            )
    return None


def first_header(text: str, file: str) -> Header:
    """Return the first line that is no comment as a header, whatever it says.

    Raises:
        InputError: where it has no columns.
    """
    lines = text[:_LONGEST_HEADER].split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip() and not is_comment(line)), 0)
    header = _header(lines, first)
    if header.delimiter is None:
        raise InputError(f"{file}: not a catalogue that Terrella knows; expected {EXPECTED}")
    return header


def read_table(text: str, file: str, header: Header, columns: Mapping[str, str] | None = None) -> RawEvents:
    """Return the events of the rows below a header; comments and repeated headers among them are passed over.

    `columns` maps our names to the header's (see `columns.find_columns`).

    Raises:
        InputError: where a column is missing or a row cannot be read.
    """
    if header.delimiter == "|" or '"' not in text:
        text = without_comments(text, header.lines)
    text = _without_repeats(text, header.lines)
    text, notes = _without_notes(text, header)
    text, names = _without_ruler(text, header.lines), header.names
    if header.delimiter is None:
        text, names = _tabbed(text, file, header, columns)
    quoted = header.delimiter in (",", ";", "\t")
    events = read_rows(text, file, header.delimiter or "\t", names, header.lines, columns, quoted)
    # The FDSN's event text is in UTC by its specification.
    found = [each for each in events.found if header.delimiter != "|" or each.what != UNZONED]
    if notes:
        found.append(Finding("lines of words below the table passed over", len(notes), tuple(notes[:1])))
    return replace(events, found=tuple(found))


def read_rows(
    text: str,
    file: str,
    delimiter: str,
    names: list[str],
    header_lines: int,
    columns: Mapping[str, str] | None = None,
    quoted: bool = True,
) -> RawEvents:
    """Return the events of the rows below a number of lines; `columns` maps our names to `names`.

    Where nothing is `quoted`, quotation marks are letters like any other.
    """
    n_rows = 0

    def read(used: list[int]) -> pa.Table:
        nonlocal n_rows
        table = _read_with_arrow(text, file, delimiter, names, header_lines, quoted, used)
        n_rows = table.num_rows
        return table

    def rest(others: list[int]) -> Rest:
        start = text[: _offset(text, header_lines) + _LONGEST_HEADER]
        few = _rows(start, delimiter, header_lines, quoted)
        first = [fields for _, (_, _, fields) in zip(range(_SAMPLE), few, strict=False)]
        return {names[i]: [fields[i] for fields in first if i < len(fields)] for i in others}

    def rows() -> Iterator[_Row]:
        return _rows(text, delimiter, header_lines, quoted)

    def name_row(row: int) -> str:
        one_line_each = text.count("\n") + (not text.endswith("\n")) == header_lines + n_rows
        line = header_lines + row + 1 if one_line_each else _line_of(rows(), row)
        return f"row {row + 1} (line {line})"

    return read_columns(names, columns, file, read, name_row, rest)


def without_comments(text: str, header_lines: int = 0) -> str:
    """Return text with the comments below a number of lines made blank, so that all lines keep their numbers."""
    start = _offset(text, header_lines)
    # One letter is found far sooner than two, and most files have none.
    marks = [mark for mark in "#%" if text.find(mark, start) >= 0]
    if not any(text.startswith(mark, start) or text.find(f"\n{mark}", start) >= 0 for mark in marks):
        return text
    return text[:start] + re.sub(r"(?m)^[ \t]*[#%].*$", "", text[start:])


def _without_ruler(text: str, header_lines: int) -> str:
    """Return text without a line of dashes below the header."""
    start = _offset(text, header_lines)
    ruler = re.match(r"[ \t]*[-=+| \t]{4,}(?=\r?\n)", text[start : start + 1000])
    return text if ruler is None else text[:start] + text[start + ruler.end() :]


def _without_notes(text: str, header: Header) -> tuple[str, list[str]]:
    """Return text without the lines of words at its end, such as a source to cite, and these; none is a cut row."""
    notes: list[str] = []
    while header.delimiter is not None and len(notes) < _MOST_NOTES:
        start = text.rstrip().rfind("\n") + 1
        line = text[start:].strip()
        words = next(csv.reader([line], delimiter=header.delimiter), [])
        if len(words) != 1 or not re.match(r"[^\W\d].* ", words[0]) or _offset(text, header.lines) > start:
            break
        notes.insert(0, words[0][:60])
        text = text[:start]
    return text, notes


def is_comment(line: str) -> bool:
    """Return whether a line of text is a comment."""
    return line.lstrip().startswith(("#", "%"))


def _header(lines: list[str], i: int) -> Header:
    line = lines[i].lstrip("#% \t" if is_comment(lines[i]) else "")
    delimiter = max(_DELIMITERS, key=line.count)
    if delimiter not in line:
        return Header(None, [name.lstrip("#") for name in line.split()], i + 1)
    reader = csv.reader(
        (each + "\n" for each in (line, *lines[i + 1 :])),
        delimiter=delimiter,
        quoting=csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL,
    )
    fields = next(_walk(reader), [])
    return Header(delimiter, [field.strip().lstrip("#").strip() for field in fields], i + reader.line_num)


def _without_repeats(text: str, header_lines: int) -> str:
    """Return text without further headers, which come where answers of a service were joined to one file."""
    start = _offset(text, header_lines)
    header = text[_offset(text, header_lines - 1) : start].rstrip("\n")
    if text.find(f"\n{header}", start - 1) < 0:
        return text
    below = text[start:].split("\n")
    return text[:start] + "\n".join("" if line == header else line for line in below)


def _offset(text: str, lines: int) -> int:
    """Return where the line after a number of lines begins."""
    start = 0
    for _ in range(lines):
        start = text.find("\n", start) + 1 or len(text)
    return start


def _tabbed(text: str, file: str, header: Header, columns: Mapping[str, str] | None) -> tuple[str, list[str]]:
    """Return rows that spaces separate with tabs, and the names of their columns; no value may be blank.

    Words at the end of rows may be of any number, as names of places are. Columns before them are told by where
    they stand: all their values, and the header's name, one below the other.
    """
    lines = text.split("\n")
    rows = [[] if i < header.lines else line.split() for i, line in enumerate(lines)]
    names = header.names
    if any(row and len(row) != len(names) for row in rows):
        n = _in_columns(lines, header)
        if not looks_like_header(names[:n], columns):
            refuse_ragged(rows, len(names), file)
        names = names[:n]
    return "\n".join("\t".join(row[: len(names)]) for row in rows), names


def _in_columns(lines: list[str], header: Header) -> int:
    """Return how many of a table's first columns are such that all their values stand one below the other."""
    named = [found.span() for found in re.finditer(r"\S+", lines[header.lines - 1])]
    spans = [
        [found.span() for _, found in zip(named, re.finditer(r"\S+", line), strict=False)]
        for line in lines[header.lines :]
        if line.strip()
    ]
    for k in range(min(map(len, spans), default=0)):
        starts, ends = zip(*(each[k] for each in spans), strict=True)
        below = min(starts) < named[k][1] and max(ends) > named[k][0]
        if max(starts) >= min(ends) or not below:
            return k
    return min(map(len, spans), default=0)


def refuse_ragged(rows: list[list[str]], n_columns: int, file: str) -> None:
    """Refuse the first row that has another number of fields."""
    number = 0
    for line, row in enumerate(rows, 1):
        number += bool(row)
        if row and len(row) != n_columns:
            raise InputError(
                f"{file}, row {number} (line {line}): {len(row)} fields where the first line has {n_columns}; "
                "correct the row, or fetch the file again if it is cut off"
            )


def _read_with_arrow(
    text: str, file: str, delimiter: str, names: list[str], header_lines: int, quoted: bool, used: list[int]
) -> pa.Table:
    try:
        return arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=arrow_csv.ReadOptions(
                column_names=[str(i) for i in range(len(names))], skip_rows=header_lines, block_size=1 << 22
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted and '"' in text,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={
                    str(i): _CATEGORY if squeezed(names[i]) in _CATEGORIES else pa.string() for i in used
                },
                include_columns=[str(i) for i in used],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        rows = _rows(text, delimiter, header_lines, quoted)
        raise _unread(rows, file, len(names), error) from error


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
