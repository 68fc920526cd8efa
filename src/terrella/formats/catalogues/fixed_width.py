"""Catalogues whose values are told by where they stand in a line: JMA's hypocentre records, Hypoinverse summaries.

Columns as in the JMA's "Format of hypocenter records" (Seismological Bulletin of Japan) and in Klein (2002), User's
guide to HYPOINVERSE-2000, U.S. Geological Survey Open-File Report 02-171, summary and archive headers.
"""

import re
from collections.abc import Callable

from terrella.errors import InputError
from terrella.formats.catalogues.delimited import read_rows
from terrella.formats.catalogues.raw import RawEvents

_JMA = re.compile(r"[JUI]\d{4}[ \d]{12}.{4}[ -][ \d]{6}.{4}[ -][ \d]{7}.{4}")
_HYPOINVERSE = re.compile(r"[12]\d{3}[ \d]{12}[ \d]{2}[ SN][ \d]{4}[ \d]{3}[ EW][ \d]{4}[- \d]{5}")
# What follows a header in an archive: the shadow lines, phases of stations, and an end.
_ARCHIVE = re.compile(r"\$|[A-Z][A-Z0-9]{1,4}|\s+\d*\s*$")
_PREFERRED = slice(146, 150)  # of a Hypoinverse line
_JMA_TYPES = {"1": "earthquake", "3": "anthropogenic event", "4": "noise", "5": "low frequency event"}
_NAMES = ["time", "latitude", "longitude", "depth", "magnitude", "magnitude type", "id", "type"]


def fixed_layout(text: str) -> str | None:
    """Return which of these formats the first line is of."""
    first = next((line for line in text[:10_000].splitlines() if line.strip()), "")
    if _JMA.match(first) and len(first.rstrip()) >= 61:
        return "JMA"
    return "Hypoinverse" if _HYPOINVERSE.match(first) and len(first.rstrip()) >= 140 else None


def read_fixed(text: str, file: str, name: str) -> RawEvents:
    """Return the events of a file; JMA's times are Japan's, nine hours before UTC.

    Raises:
        InputError: at the first line that is of another form, or holds no number where one stands.
    """
    read_line: Callable[[str], list[str] | None] = _of_jma if name == "JMA" else _of_hypoinverse
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            row = read_line(line) if line.strip() else None
        except ValueError:
            raise InputError(
                f"{file}, line {number}: no line of {name}'s format, as the first one is; correct or delete it"
            ) from None
        rows.append("\t".join(row) if row else "")
    names = [f"time{' (UTC+9)' if name == 'JMA' else ' (UTC)'}", *_NAMES[1:]]
    return read_rows("\n".join(rows), file, "\t", names, 0, quoted=False)


def _of_jma(line: str) -> list[str]:
    if not _JMA.match(line):
        raise ValueError
    filled = line.replace(" ", "0")
    time = _time(filled[1:])
    latitude, longitude = (
        _degrees(line[start : start + width], filled[start + width : start + width + 4])
        for start, width in ((21, 3), (32, 4))
    )
    depth = f"{int(filled[44:49]) / 100:g}" if line[44:49].strip() else ""
    magnitude = _jma_magnitude(line[52:54])
    return [
        time,
        latitude,
        longitude,
        depth,
        magnitude,
        line[54:55].strip(),
        "",
        _JMA_TYPES.get(line[60:61], ""),
    ]


def _jma_magnitude(said: str) -> str:
    """Return tenths as a number; −0.1 to −0.9 have a sign, −1.0 to −3.9 the letters A to C for the tens."""
    if not said.strip():
        return ""
    if said[0] in "ABC":
        return f"-{'ABC'.index(said[0]) + 1}.{int(said[1])}"
    return f"{int(said) / 10:.1f}"


def _of_hypoinverse(line: str) -> list[str] | None:
    if not _HYPOINVERSE.match(line):
        if _ARCHIVE.match(line):
            return None
        raise ValueError
    filled = line.replace(" ", "0")
    time = _time(filled)
    latitude = _degrees(line[16:18], filled[19:23], line[18] == "S")
    longitude = _degrees(line[23:26], filled[27:31], line[26] != "E")
    magnitude = line[_PREFERRED]
    unset = not magnitude[1:].strip() or (magnitude[:1] == " " and not magnitude[1:].strip(" 0"))
    value = "" if unset else f"{int(magnitude[1:]) / 100:g}"
    depth = f"{int(line[31:36]) / 100:g}"
    return [time, latitude, longitude, depth, value, magnitude[:1].strip(), line[136:146].strip(), ""]


def _time(digits: str) -> str:
    date, clock = (
        f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}",
        f"{digits[8:10]}:{digits[10:12]}:{digits[12:14]}",
    )
    return f"{date}T{clock}.{digits[14:16]}"


def _degrees(whole: str, hundredths: str, negative: bool = False) -> str:
    """Return degrees of whole ones and hundredths of minutes."""
    degrees = abs(int(whole or 0)) + int(hundredths) / 6000
    return f"{-degrees if negative or '-' in whole else degrees:.6f}"
