"""QuakeML 1.2: read through ObsPy, written as one line of XML per event."""

import io
import re
import warnings
from collections import Counter
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.raw import Place, RawEvents, encode_names

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">\n'
    '<eventParameters publicID="smi:local/catalogue">\n'
)
_OURS = "smi:local/event/"
_TAIL = "</eventParameters>\n</q:quakeml>\n"


def read_quakeml(content: bytes, file: str) -> RawEvents:
    """Return each event's preferred (else first) origin and magnitude.

    Raises:
        InputError: where ObsPy cannot read the file.
    """
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content[:4096]:
        raise InputError(f"{file}: XML with a document type, as an HTML page has it; QuakeML was expected")
    events = _read_with_obspy(content, file)
    origins = [_preferred(event, "origin") for event in events]
    magnitudes = [_preferred(event, "magnitude") for event in events]
    ids = _event_ids(events)
    types, type_names = encode_names(
        [_get(m, "magnitude_type") for m in magnitudes], "the magnitude type", file
    )
    kinds, kind_names = encode_names([event.event_type for event in events], "the event type", file)
    return RawEvents(
        time_utc=np.array([_time(origin) for origin in origins], "datetime64[us]"),
        longitude=_floats(origins, "longitude"),
        latitude=_floats(origins, "latitude"),
        depth_km=(_floats(origins, "depth") / 1000).astype(np.float32),
        magnitude=_floats(magnitudes, "mag"),
        magnitude_type=types,
        magnitude_types=type_names,
        event_id=np.array([i.encode() for i in ids] or [b""])[: len(ids)],
        event_type=kinds,
        event_types=kind_names,
        row=np.arange(len(events)),
        place=Place(file, lambda row: f"event {row + 1} ({ids[row]})"),
    )


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


def _read_with_obspy(content: bytes, file: str) -> list[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
            from obspy import read_events

            return list(read_events(io.BytesIO(content), format="QUAKEML"))
    except Exception as error:  # ObsPy and lxml raise many kinds, none of which the user can act upon
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{file}: XML that is no readable QuakeML ({reason}); fetch it again") from error


def _preferred(event: Any, what: str) -> Any:
    """Return the preferred origin or magnitude where the event has it, else the first, else None."""
    every = getattr(event, f"{what}s")
    wanted = getattr(event, f"preferred_{what}_id")
    chosen = [one for one in every if wanted is not None and one.resource_id == wanted]
    return (chosen or every or [None])[0]


def _event_ids(events: list[Any]) -> list[str]:
    """Return the ids proper, or the agency's whole ones where those alone tell events apart."""
    whole = [str(event.resource_id.id) if event.resource_id is not None else "" for event in events]
    proper = {each: _id_proper(each) for each in whole}
    theirs = [each for each in proper if not each.startswith(_OURS)]
    apart = len({proper[each] for each in theirs}) == len(theirs)
    return [proper[each] if apart or each.startswith(_OURS) else each for each in whole]


def _id_proper(whole: str) -> str:
    """Return an id as we wrote it; of ComCat's `...?eventid=ci38457511&format=quakeml` the middle, else the end."""
    if whole.startswith(_OURS):
        return _decoded(whole.removeprefix(_OURS))
    asked = re.search(r"ev(?:ent)?id=([^&]+)", whole, re.IGNORECASE)
    return asked.group(1) if asked else whole.rsplit("/", 1)[-1]


def _encoded(given: bytes) -> str:
    """Return an id with all that a resource's name may not hold, and ~, as ~ and two hexadecimal digits."""
    return re.sub(rb"[^\w.*()'+?=,;#/&-]", lambda found: b"~%02x" % found[0][0], given).decode()


def _decoded(name: str) -> str:
    """Return the id that was written under a name, without the number that told it from its likes."""
    plain = re.sub(r"~~\d+$", "", name).encode()
    return re.sub(rb"~([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), plain).decode(
        "utf-8", "replace"
    )


def _time(origin: Any) -> np.datetime64:
    moment = _get(origin, "time")
    return np.datetime64("NaT") if moment is None else np.datetime64(moment.ns // 1000, "us")


def _floats(parts: list[Any], name: str) -> np.ndarray:
    return np.array([np.nan if (v := _get(part, name)) is None else float(v) for part in parts], np.float64)


def _get(part: Any, name: str) -> Any:
    return None if part is None else getattr(part, name)
