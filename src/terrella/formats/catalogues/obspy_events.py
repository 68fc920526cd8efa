"""Catalogues that ObsPy reads: QuakeML, SC3ML, NDK, ISF, GSE2, Nordic and all else that it detects, mapped once."""

import io
import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from terrella.errors import InputError
from terrella.formats.catalogues.event_types import is_removed
from terrella.formats.catalogues.findings import Finding
from terrella.formats.catalogues.quakeml import id_of
from terrella.formats.catalogues.raw import Place, RawEvents, encode_names

# The scales in the order of preference, by how far up they tell great earthquakes apart.
_SCALES = (("mw", "Mw"), ("ms", "MS"), ("mb", "mb"), ("ml", "ML"), ("md", "Md"))
# Of one scale the agency listed first: those that review all others' readings, or invert moment tensors of all.
_AGENCIES = (
    "ISC-GEM", "GCMT", "HRV", "ISC", "ISC-EHB", "EHB", "IASPEI", "USGS-NEIC", "NEIC", "NEIS", "US", "USGS", "PDE",
    "USCGS", "EMSC", "CSEM", "IDC", "EIDC",
)  # fmt: skip
_MADE_UP = re.compile(r"^smi:local/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")  # by ObsPy, another each time
_SHOWN = 3
_KINDS = 5  # of warnings shown
_LOOKED_AT = 4096
_NO_XML = "XML that is no readable QuakeML or SC3ML"


def read_xml(content: bytes, file: str) -> RawEvents:
    """Return the events of QuakeML or SC3ML.

    Raises:
        InputError: where ObsPy cannot read the file.
    """
    if b"<!DOCTYPE" in content[:_LOOKED_AT] or b"<!ENTITY" in content[:_LOOKED_AT]:
        raise InputError(f"{file}: XML with a document type, as an HTML page has it; QuakeML was expected")
    if re.search(rb"<kml\b", content[:_LOOKED_AT]):
        raise InputError(f"{file}: KML, which holds a map; fetch the catalogue as CSV, QuakeML or GeoJSON")
    if b"\0" in content[:_LOOKED_AT]:
        content = _of_one_byte(content, file)
    content = _with_seconds_carried(content)
    events, warned = _read(content, file, _NO_XML)
    types = None
    if any("Event type" in text for text in warned):
        content, types = _without_types(content)
        events, warned = _read(content, file, _NO_XML)
    if events is None:
        raise InputError(f"{file}: {_NO_XML} (ObsPy knows no such format); fetch it again")
    if types is None or len(types) != len(events):
        types = [event.event_type for event in events]
    found = _said(warned)
    # The ISC's uk, for what is not known, comes as `other`; its explosions and rockbursts have words of their own.
    unsaid = [_is_iscs(event) and kind == "other event" for event, kind in zip(events, types, strict=True)]
    if any(unsaid):
        types = [None if unknown else kind for unknown, kind in zip(unsaid, types, strict=True)]
        found.append(Finding("events of type 'other', the ISC's word for unknown, kept", sum(unsaid)))
    return _mapped(events, types, found, file)


def _is_iscs(event: Any) -> bool:
    return str(_get(event.resource_id, "id") or "").lower().startswith("smi:isc/")


def read_with_obspy(content: bytes, file: str) -> RawEvents | None:
    """Return the events of text in a format that ObsPy detects, else None.

    Raises:
        InputError: where ObsPy knows the format and cannot read the file.
    """
    events, warned = _read(content, file, "cannot be read by ObsPy")
    if events is None:
        return None
    kind = str(getattr(events[0], "_format", "")) if events else ""
    found = [Finding(f"events read through ObsPy as {kind}", len(events))] if kind else []
    types = [event.event_type for event in events]
    if kind == "GSE2":
        # GSE2's uk, for what is not known, comes as QuakeML's word for what is no earthquake.
        types = [None if word == "other event" else word for word in types]
    return _mapped(events, types, [*found, *_said(warned)], file)


def _read(content: bytes, file: str, trouble: str) -> tuple[list[Any] | None, list[str]]:
    """Return ObsPy's events, None where it knows no such format, and what it warned of."""
    # ObsPy reads QuakeML a second time to detect it.
    kind = "QUAKEML" if re.search(rb"<(\w+:)?quakeml\b", content[:4096]) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy import read_events
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            events = list(read_events(io.BytesIO(content), format=kind))
        except Exception as error:  # ObsPy and lxml raise many kinds, none of which the user can act upon
            reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
            if _is_unknown_format(error):
                return None, []
            raise InputError(f"{file}: {trouble} ({reason}); fetch it again") from error
    return events, [
        " ".join(str(each.message).split()) for each in caught if issubclass(each.category, UserWarning)
    ]


def _is_unknown_format(error: Exception) -> bool:
    text = str(error)
    return (
        "Unknown format" in text
        or "Not a QuakeML compatible" in text
        or isinstance(error, UnicodeDecodeError)
    )


def _said(warned: Sequence[str]) -> list[Finding]:
    """Return ObsPy's warnings that concern events, those of one kind together."""
    kinds: dict[str, list[str]] = {}
    for text in warned:
        if not re.match(r"Setting attribute|.*\bURI\b", text):
            kinds.setdefault(re.sub(r"[\d.:]+|'[^']*'", "", text), []).append(text)
    return [
        Finding(f"warnings of ObsPy: {texts[0][:120]}", len(texts)) for texts in list(kinds.values())[:_KINDS]
    ]


def _with_seconds_carried(content: bytes) -> bytes:
    """Return XML with times of 24 hours or of 60 seconds and more carried on: ObsPy would drop them."""

    def carried(found: re.Match[bytes]) -> bytes:
        day, *clock = (each.decode() for each in found.groups() if each is not None)
        hours, minutes, seconds = map(int, clock)
        try:
            midnight = np.datetime64(day, "s")
        except ValueError:
            return found.group()
        return str(midnight + np.timedelta64((hours * 60 + minutes) * 60 + seconds, "s")).encode()

    late = rb"(\d{4}-\d\d-\d\d)T(?:(24):(\d\d):(\d\d)|(\d\d):(\d\d):([6-9]\d))"
    return re.sub(late, carried, content)


def _of_one_byte(content: bytes, file: str) -> bytes:
    """Return XML in UTF-16 or -32, as it says of itself, in ASCII."""
    from lxml import etree

    try:
        return etree.tostring(etree.fromstring(content, _parser()))
    except etree.XMLSyntaxError as error:
        raise InputError(f"{file}: {_NO_XML} ({str(error)[:120]}); fetch it again") from None


def _parser() -> Any:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, huge_tree=True)


def _without_types(content: bytes) -> tuple[bytes, list[str | None]]:
    """Return XML without the types of its events, and those.

    ObsPy leaves out events of types that QuakeML 1.2 does not have.
    """
    from lxml import etree

    root = etree.fromstring(content, _parser())
    types: list[str | None] = []
    for event in root.iter("{*}event"):
        kinds = event.findall("{*}type")
        types.append((kinds[0].text or "").strip() or None if kinds else None)
        for kind in kinds:
            event.remove(kind)
    return etree.tostring(root), types


def _mapped(
    events: Sequence[Any], event_types: Sequence[str | None], found: list[Finding], file: str
) -> RawEvents:
    """Return each event with one origin and one magnitude, and what had to be chosen."""
    ids = _identifiers(events)
    origins = [_origin(event) for event in events]
    magnitudes = [_magnitude(event, origin) for event, origin in zip(events, origins, strict=True)]
    types, type_names = encode_names(
        [_get(m, "magnitude_type") for m in magnitudes], "the magnitude type", file
    )
    kinds, kind_names = encode_names(list(event_types), "the event type", file)
    status, statuses = encode_names(
        [s if (s := _get(origin, "evaluation_status")) and is_removed(s) else None for origin in origins],
        "status",
        file,
    )

    def name_row(row: int) -> str:
        return f"event {row + 1}" + (f" ({ids[row]})" if ids[row] else "")

    found = [*found, *_choices(events, name_row)]
    return RawEvents(
        time_utc=np.array([_time(origin) for origin in origins], "datetime64[us]"),
        longitude=_floats(origins, "longitude"),
        latitude=_floats(origins, "latitude"),
        depth_km=(_floats(origins, "depth") / 1000).astype(np.float32),
        magnitude=_floats(magnitudes, "mag"),
        magnitude_type=types,
        magnitude_types=type_names,
        event_id=None if _nameless(events) else np.array([i.encode() for i in ids] or [b""])[: len(ids)],
        event_type=kinds,
        event_types=kind_names,
        row=np.arange(len(events)),
        place=Place(file, name_row),
        status=status,
        statuses=statuses,
        found=tuple(found),
    )


def _choices(events: Sequence[Any], name_row: Any) -> list[Finding]:
    """Return which events had several origins or magnitudes of which none is preferred."""
    out = []
    for what, rule in (
        ("origin", "hypocentres taken before centroids, then that of ISC, NEIC, EMSC, ..., else the first"),
        ("magnitude", "Mw taken before MS, mb, ML, Md and others; of one scale that of the origin's agency, then "
         "of GCMT, ISC, NEIC, ..., else the first"),
    ):  # fmt: skip
        rows = [
            row
            for row, event in enumerate(events)
            if len(getattr(event, f"{what}s")) > 1 and _preferred(event, what) is None
        ]
        if rows:
            named = tuple(name_row(row) for row in rows[:_SHOWN])
            out.append(Finding(f"events with several {what}s and none preferred; {rule}", len(rows), named))
    return out


def _preferred(event: Any, what: str) -> Any:
    """Return the preferred origin or magnitude, None where the event names none of its own."""
    wanted = getattr(event, f"preferred_{what}_id")
    chosen = [one for one in getattr(event, f"{what}s") if wanted is not None and one.resource_id == wanted]
    return chosen[0] if chosen else None


def _origin(event: Any) -> Any:
    def rank(origin: Any) -> tuple[bool, bool, int]:
        lacking = _get(origin, "time") is None or _get(origin, "latitude") is None
        return lacking, _get(origin, "origin_type") == "centroid", agency_rank(_agency(origin))

    return _preferred(event, "origin") or min(event.origins, key=rank, default=None)


def _magnitude(event: Any, origin: Any) -> Any:
    def rank(magnitude: Any) -> tuple[bool, int, bool, int]:
        agency = _agency(magnitude)
        other = (
            magnitude.origin_id != origin.resource_id if origin is not None and magnitude.origin_id else True
        )
        foreign = other and (not agency or agency != _agency(origin))
        return magnitude.mag is None, scale_rank(magnitude.magnitude_type), foreign, agency_rank(agency)

    return _preferred(event, "magnitude") or min(event.magnitudes, key=rank, default=None)


def scale_rank(name: str | None) -> int:
    """Return a rank of a magnitude's scale, the lowest first: Mw, MS, mb, ML, Md, others."""
    starts = [plain for plain, _ in _SCALES]
    return next((i for i, start in enumerate(starts) if (name or "").lower().startswith(start)), len(starts))


def agency_rank(agency: str) -> int:
    """Return a rank of an agency, the lowest first."""
    return _AGENCIES.index(agency.upper()) if agency.upper() in _AGENCIES else len(_AGENCIES)


def _agency(part: Any) -> str:
    info = _get(part, "creation_info")
    return str(_get(info, "agency_id") or _get(info, "author") or "")


def _identifiers(events: Sequence[Any]) -> list[str]:
    """Return the ids as we wrote them, and those proper of others."""
    whole = [str(event.resource_id.id) if event.resource_id is not None else "" for event in events]
    ours = [id_of(each) for each in whole]
    theirs = iter(_ids_proper([each for each, own in zip(whole, ours, strict=True) if own is None]))
    return [next(theirs) if own is None else own for own in ours]


def _nameless(events: Sequence[Any]) -> bool:
    """Return whether ObsPy made up the events' names."""
    return all(_MADE_UP.search(str(_get(event.resource_id, "id") or "")) for event in events)


def _ids_proper(whole: list[str]) -> list[str]:
    """Return what follows `eventid=` or `evid=`, else the last part that tells all events apart, else all."""
    whole = ["" if _MADE_UP.search(each) else each.removesuffix("/event") for each in whole]
    asked = [re.search(r"(?i)\bev(?:ent)?_?id=([^&/]+)", each) for each in whole]
    if whole and all(asked):
        return [match.group(1) for match in asked if match]
    parts = [each.split("/") for each in whole]
    for back in range(1, min(map(len, parts), default=0) + 1):
        last = [each[-back] for each in parts]
        if len(set(last)) == len(last) and all(last):
            return last
    proper = [
        match.group(1) if match else each.rsplit("/", 1)[-1] for match, each in zip(asked, whole, strict=True)
    ]
    return proper if len(set(proper)) == len(set(whole)) else whole


def _time(origin: Any) -> np.datetime64:
    moment = _get(origin, "time")
    return np.datetime64("NaT") if moment is None else np.datetime64(moment.ns // 1000, "us")


def _floats(parts: Sequence[Any], name: str) -> np.ndarray:
    return np.array([np.nan if (v := _get(part, name)) is None else float(v) for part in parts], np.float64)


def _get(part: Any, name: str) -> Any:
    return None if part is None else getattr(part, name, None)
