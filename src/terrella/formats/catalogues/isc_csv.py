"""The ISC Bulletin's event catalogue as comma-separated lines, within the page that its search answers with.

A line holds an event: EVENTID, TYPE, AUTHOR, DATE, TIME, LAT, LON, DEPTH, DEPFIX, then AUTHOR, TYPE and MAG of each
of its magnitudes (https://www.isc.ac.uk/iscbulletin/search/catalogue/).
"""

import re
from dataclasses import replace

from terrella.errors import InputError
from terrella.formats.catalogues.delimited import read_rows
from terrella.formats.catalogues.findings import Finding
from terrella.formats.catalogues.obspy_events import agency_rank, scale_rank
from terrella.formats.catalogues.raw import RawEvents

_HEADER = re.compile(r"(?m)^[ #]*EVENTID *,(?: *TYPE *,)? *AUTHOR *,.*$")
_NAMES = [
    "event_id",
    "event_type",
    "date",
    "time",
    "latitude",
    "longitude",
    "depth_km",
    "magnitude_type",
    "magnitude",
]


def is_isc_csv(text: str) -> bool:
    """Return whether a text holds a header of the ISC's: columns of an origin, then those of magnitudes."""
    header = _HEADER.search(text)
    return header is not None and header.group().count("AUTHOR") > 1


def read_isc_csv(text: str, file: str) -> RawEvents:
    """Return the events; of several magnitudes Mw is taken before MS, mb, ML and others.

    Raises:
        InputError: where a line has fewer fields than an origin.
    """
    header = _HEADER.search(text)
    assert header is not None
    typed = "TYPE" in header.group().split("AUTHOR")[0]
    above = text[: header.end()].count("\n") + 1
    rows, several = [""] * above, 0
    for number, line in enumerate(text[header.end() + 1 :].split("\n"), above + 1):
        if not re.match(r" *\d", line):
            if rows[-1:] != [""] and re.match(r"STOP|</", line.strip()):
                break
            rows.append("")
            continue
        fields = [field.strip() for field in line.split(",")]
        origin = fields if typed else [fields[0], "", *fields[1:]]
        if len(origin) < 9:
            raise InputError(
                f"{file}, line {number}: {len(fields)} fields; expected those of an origin at least"
            )
        found = [origin[i : i + 3] for i in range(9, len(origin) - 2, 3) if origin[i + 2]]
        several += len(found) > 1
        best = min(found, key=lambda each: (scale_rank(each[1]), agency_rank(each[0])), default=["", "", ""])
        rows.append("\t".join([*origin[:2], *origin[3:8], best[1], best[2]]))
    events = read_rows("\n".join(rows), file, "\t", _NAMES, 0, {name: name for name in _NAMES}, quoted=False)
    said = Finding("events with several magnitudes; Mw taken before MS, mb, ML, Md and others", several)
    return replace(events, found=(said, *events.found)) if several else events
