"""Writing QuakeML 1.2, one line of XML per event; `obspy_events` reads it."""

import re
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from terrella.formats.catalogues.catalogue import Catalogue

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">\n'
    '<eventParameters publicID="smi:local/catalogue">\n'
)
_OURS = "smi:local/event/"
_TAIL = "</eventParameters>\n</q:quakeml>\n"


def write_quakeml(catalogue: Catalogue, path: Path) -> None:
    """Write each event with one origin (depth in m) and one magnitude, both preferred."""
    types = [*catalogue.magnitude_types, ""]  # code −1 finds the blank
    times = np.datetime_as_string(catalogue.time_utc, unit="us")
    used: Counter[str] = Counter()
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD)
        for i in range(len(catalogue)):
            given = b"" if catalogue.event_id is None else catalogue.event_id[i]
            name = _encoded(given)
            used[name] += 1
            if not name or used[name] > 1:  # resources need names of their own
                name = f"{name}~~{used[name]}"
            file.write(_event_xml(catalogue, i, name, str(times[i]), types[catalogue.magnitude_type[i]]))
        file.write(_TAIL)


def _event_xml(catalogue: Catalogue, i: int, name: str, time: str, magnitude_type: str) -> str:
    event, origin, magnitude = (
        escape(f"smi:local/{what}/{name}") for what in ("event", "origin", "magnitude")
    )
    depth_km = catalogue.depth_km[i]
    # The shortest decimal of the stored single-precision depth, moved by three places without rounding.
    depth = "" if np.isnan(depth_km) else f"<depth><value>{float(str(depth_km)) * 1000:.9g}</value></depth>"
    kind = f"<type>{escape(magnitude_type)}</type>" if magnitude_type else ""
    return (
        f'<event publicID="{event}"><preferredOriginID>{origin}</preferredOriginID>'
        f"<preferredMagnitudeID>{magnitude}</preferredMagnitudeID><type>earthquake</type>"
        f'<origin publicID="{origin}"><time><value>{time}Z</value></time>'
        f"<latitude><value>{float(catalogue.latitude[i])!r}</value></latitude>"
        f"<longitude><value>{float(catalogue.longitude[i])!r}</value></longitude>{depth}</origin>"
        f'<magnitude publicID="{magnitude}"><mag><value>{float(catalogue.magnitude[i])!r}</value></mag>'
        f"{kind}<originID>{origin}</originID></magnitude></event>\n"
    )


def id_of(resource: str) -> str | None:
    """Return the event id that we wrote as a resource's name, None for a resource of others."""
    if not resource.startswith(_OURS):
        return None
    # Without the number that told the name from its likes.
    plain = re.sub(r"~~\d+$", "", resource.removeprefix(_OURS)).encode()
    return re.sub(rb"~([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), plain).decode(
        "utf-8", "replace"
    )


def _encoded(given: bytes) -> str:
    """Return an id with all that a resource's name may not hold, and ~, as ~ and two hexadecimal digits."""
    return re.sub(rb"[^\w.*()'+?=,;#/&-]", lambda found: b"~%02x" % found[0][0], given).decode()
