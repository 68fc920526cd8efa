"""Reading a catalogue in any format that Terrella knows."""

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.check import check_events
from terrella.formats.catalogues.findings import Finding, Findings
from terrella.formats.catalogues.raw import RawEvents
from terrella.formats.encoding import Decoded, decoded, wide

_START = 100_000  # characters that tell a format


def read_catalogue(
    path: Path | str, columns: Mapping[str, str] | None = None, drop_incomplete: bool = False
) -> tuple[Catalogue, Findings]:
    """Return the events of a file in order of time, checked, and what was found while checking.

    The format is recognised by content: Parquet; GeoJSON of ComCat, EMSC and others, and lists of JSON records;
    CSEP ASCII; tables of ZMAP, hypoDD, GrowClust and Athens; records of JMA and Hypoinverse; the ISC's event
    catalogue; text with a header (ComCat CSV, FDSN event text, HORUS, any other, in many languages); and through
    ObsPy QuakeML, SC3ML, NDK, ISF, GSE2, Nordic, CMTSOLUTION and what else it detects; each may be gzipped.
    Times without a zone are UTC unless a header gives one, depths km positive down. Text is UTF-8, UTF-16 with
    its mark or, with a finding, of the older encoding in which its header is found, else Latin-1. `columns` maps
    our names (time, longitude, latitude, magnitude, depth_km, magnitude_type, event_id, event_type,
    time_epoch_s, time_epoch_ms, year, …) to the table's. With `drop_incomplete`, rows without time, place or
    magnitude are left out instead of refused.

    Raises
    ------
    InputError
        Where the file cannot be read or holds impossible values.
    """
    path = Path(path)
    try:
        raw = _read_raw(path, columns)
        checked = check_events(raw, path.name.split(".")[0] or "catalogue", drop_incomplete)
    except InputError as error:
        if columns or "--columns." not in str(error):
            raise
        raise InputError(f"{error}; --columns is for `terrella forecast data {path} -o OUT`") from None
    _return_memory()
    return checked


def _read_raw(path: Path, columns: Mapping[str, str] | None) -> RawEvents:
    start = _first_bytes(path)
    if start.startswith(b"PAR1"):
        from terrella.formats.catalogues.parquet import read_parquet

        return read_parquet(path, columns)
    if path.suffix.lower() in (".parquet", ".pq"):
        raise InputError(f"{path}: not a Parquet file, or damaged at its start; fetch or write it again")
    content = _content(path)
    text_start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text_start:
        raise InputError(f"{path}: the file is empty; a catalogue was expected")
    if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")) and re.search(
        rb"xl/work|W\0o\0r\0k\0b\0o\0o\0k", content
    ):
        raise InputError(f"{path}: an Excel workbook; save the sheet with the events as CSV (UTF-8)")
    if content.startswith(b"PK"):  # a zip file, such as ObsPy's CSZ
        from terrella.formats.catalogues.obspy_events import read_with_obspy

        events = read_with_obspy(content, str(path))
        if events is not None:
            return events
    of_two_bytes = wide(content) is not None
    if b"\0" in content[:65536] and not of_two_bytes:
        raise InputError(
            f"{path}: binary data in no catalogue format; expected Parquet, ComCat CSV or GeoJSON, FDSN text, "
            "QuakeML, CSEP ASCII, ZMAP, another table, or a format that ObsPy reads"
        )
    if of_two_bytes:
        text_start = text_start.replace(b"\0", b"").lstrip(b"\xfe\xff \t\r\n")
    if text_start.startswith(b"<") and b"EVENT_CATALOGUE" not in content[:_START]:
        from terrella.formats.catalogues.obspy_events import read_xml

        return read_xml(content, str(path))
    from terrella.formats.catalogues.alphabets import in_alphabet

    text = in_alphabet(content, str(path), decoded(content, str(path), names=True), columns)
    events = _read_text(text, content, str(path), columns)
    return replace(events, found=(*(Finding(said, 0) for said in text.findings), *events.found))


def _read_text(found: Decoded, content: bytes, file: str, columns: Mapping[str, str] | None) -> RawEvents:
    text = found.text
    if re.match(r"\s*(\{|\[\s*[\[{])", text[:1000]):
        from terrella.formats.catalogues.geojson import read_geojson

        return read_geojson(text, file, columns)
    from terrella.formats.catalogues.aligned import layout, read_layout
    from terrella.formats.catalogues.csep_ascii import is_csep_ascii, read_csep_ascii
    from terrella.formats.catalogues.delimited import find_header, first_header, read_table, without_comments
    from terrella.formats.catalogues.fixed_width import fixed_layout, read_fixed
    from terrella.formats.catalogues.isc_csv import is_isc_csv, read_isc_csv

    if not columns and is_isc_csv(text[:_START]):
        return read_isc_csv(text, file)
    header = find_header(text, columns)
    if not columns:
        start = without_comments(text[:_START])
        if is_csep_ascii(start):
            return read_csep_ascii(without_comments(text), file)
        if (name := fixed_layout(start)) is not None:
            return read_fixed(text, file, name)
        name = layout(start)
        if name == "Athens" or (header is None and name):
            return read_layout(without_comments(text), file, name)
    # A bulletin may have a table's header in its midst.
    if not columns and (header is None or header.below_text):
        from terrella.formats.catalogues.obspy_events import read_with_obspy

        try:
            events = read_with_obspy(content, file)
            if events is None and not found.encoding.startswith("utf-8"):
                # A byte for each letter, since columns may be counted in bytes.
                events = read_with_obspy(text.encode("ascii", "replace"), file)
        except InputError:
            if header is None:
                raise
            events = None  # taken for a bulletin that it is none of
        if events is not None:
            return events
    return read_table(text, file, header or first_header(text, file), columns)


def _return_memory() -> None:
    """Hand back what Arrow used for reading and would keep: twice the size of the catalogue."""
    import pyarrow

    pyarrow.default_memory_pool().release_unused()


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path}: a folder; a catalogue file was expected")
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file{_neighbour(path)}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    if not start:
        raise InputError(f"{path}: the file is empty; a catalogue was expected")
    return start


def _neighbour(path: Path) -> str:
    """Return a hint at a file of nearly this name in the same folder."""
    import difflib

    if not path.parent.is_dir():
        return f"; the folder {path.parent} does not exist either"
    close = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], 1)
    return f"; did you mean {path.parent / close[0]}?" if close else ""


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged or truncated gzip ({error}); fetch it again") from error
