"""The CSEP ASCII catalogue: lon, lat, magnitude, time, depth, catalogue and event ids, one event a line."""

import csv
import re
from pathlib import Path

import numpy as np

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.delimited import read_rows
from terrella.formats.catalogues.raw import RawEvents

HEADER = ("lon", "lat", "M", "time_string", "depth", "catalog_id", "event_id")
_COLUMNS = {
    "longitude": "lon", "latitude": "lat", "magnitude": "M", "time": "time_string", "depth_km": "depth",
    "event_id": "event_id",
}  # fmt: skip


def is_csep_ascii(text: str) -> bool:
    """Return whether the first line is CSEP's header or a row in CSEP's order."""
    first = text[:1000].lstrip().partition("\n")[0]
    fields = [field.strip() for field in first.split(",")]
    if len(fields) != len(HEADER):
        return False
    return _is_header(fields) or bool(re.match(r"\d{4}-\d{2}-\d{2}", fields[3]))


def read_csep_ascii(text: str, file: str) -> RawEvents:
    """Return the events of one CSEP catalogue, with or without the header line.

    Raises:
        InputError: where the file holds several (simulated) catalogues or a row cannot be read.
    """
    blank_lines = text[: len(text) - len(text.lstrip())].count("\n")
    first = text.lstrip().partition("\n")[0]
    header_lines = blank_lines + _is_header([field.strip() for field in first.split(",")])
    rows = text.splitlines()[header_lines:]
    numbers = {line.split(",")[5].strip() for line in rows if line.count(",") == len(HEADER) - 1}
    if len(numbers) > 1:
        raise InputError(
            f"{file}: holds {len(numbers)} catalogues (catalog_id {', '.join(sorted(numbers)[:3])}, ...); "
            "one was expected: split the file by catalog_id"
        )
    return read_rows(text, file, ",", list(HEADER), header_lines, _COLUMNS)


def write_csep_ascii(catalogue: Catalogue, path: Path) -> None:
    """Write a catalogue with id 0; the magnitude type has no place in this format and is left out."""
    ids = (
        range(1, len(catalogue) + 1)
        if catalogue.event_id is None
        else np.char.decode(catalogue.event_id, "utf-8")
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(
            zip(
                catalogue.longitude.tolist(),
                catalogue.latitude.tolist(),
                catalogue.magnitude.tolist(),
                np.datetime_as_string(catalogue.time_utc, unit="us"),
                catalogue.depth_km.astype(str),
                ["0"] * len(catalogue),
                ids,
                strict=True,
            )
        )


def _is_header(fields: list[str]) -> bool:
    return [field.lower() for field in fields[:2]] == ["lon", "lat"] and fields[-2:] == [
        "catalog_id",
        "event_id",
    ]
