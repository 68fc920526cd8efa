"""The text format of FDSN event services: one event a line, columns between upright bars, nothing quoted."""

from collections.abc import Mapping

from terrella.formats.catalogues.columns import find_columns
from terrella.formats.catalogues.delimited import read_rows
from terrella.formats.catalogues.raw import RawEvents

_FIRST = "eventid"
_LONGEST_HEADER = 1000  # characters


def is_fdsn_text(text: str) -> bool:
    """Return whether the first line is the header of FDSN event text, `#EventID | Time | ...`."""
    first = text.lstrip()[:_LONGEST_HEADER].partition("\n")[0]
    names = _names(first)
    return len(names) > 1 and names[0].lower() == _FIRST


def read_fdsn_text(text: str, file: str, columns: Mapping[str, str] | None = None) -> RawEvents:
    """Return the events of FDSN event text; depths are km, times UTC.

    Quotation marks are part of a place's name. A header that comes again, where answers were joined to one
    file, is passed over.

    Raises:
        InputError: where a column is missing or a row cannot be read.
    """
    lines = text.split("\n")
    header = next(i for i, line in enumerate(lines) if line.strip())
    # A blank line is no row, and so the rows after it keep their lines in the file.
    lines[header + 1 :] = ["" if _is_header(line) else line for line in lines[header + 1 :]]
    names = _names(lines[header])
    found = find_columns(names, columns, file)
    return read_rows("\n".join(lines), file, "|", names, found, header + 1, quoted=False)


def _is_header(line: str) -> bool:
    return line.lstrip("# ").lower().startswith(_FIRST)


def _names(line: str) -> list[str]:
    return [name.strip() for name in line.strip().lstrip("#").split("|")]
