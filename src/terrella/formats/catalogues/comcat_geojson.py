"""Reading the GeoJSON of the USGS ComCat search and feeds."""

import json
from typing import Any

import numpy as np

from terrella.errors import InputError
from terrella.formats.catalogues.raw import Floats, Place, RawEvents, encode_names

_MISSING_TIME = np.iinfo(np.int64).min


def read_comcat_geojson(text: str, file: str) -> RawEvents:
    """Return the events of a FeatureCollection; times are milliseconds since 1970, depths km.

    Raises:
        InputError: where it is no such collection, or a feature holds text for a number.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: damaged or truncated JSON ({error}); fetch it again") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        raise InputError(f"{file}: JSON, but no ComCat GeoJSON; expected a FeatureCollection with 'features'")
    place = Place(file, lambda row: f"feature {row + 1} ({str(features[row].get('id', 'no id'))[:40]})")
    properties = [_dict(f.get("properties")) for f in features]
    positions = [_position(f) for f in features]
    milliseconds = _numbers([p.get("time") for p in properties], "time", place)
    types, type_names = encode_names([_text(p.get("magType")) for p in properties], "magType", file)
    kinds, kind_names = encode_names([_text(p.get("type")) for p in properties], "type", file)
    return RawEvents(
        time_utc=_times(milliseconds, place),
        longitude=_numbers([p[0] for p in positions], "longitude", place),
        latitude=_numbers([p[1] for p in positions], "latitude", place),
        depth_km=np.clip(_numbers([p[2] for p in positions], "depth", place), -1e30, 1e30).astype(np.float32),
        magnitude=_numbers([p.get("mag") for p in properties], "mag", place),
        magnitude_type=types,
        magnitude_types=type_names,
        event_id=np.array([(_text(f.get("id")) or "").encode("utf-8", "replace") for f in features] or [b""])[
            : len(features)
        ],
        event_type=kinds,
        event_types=kind_names,
        row=np.arange(len(features)),
        place=place,
    )


def _times(milliseconds: Floats, place: Place) -> np.ndarray:
    for row in np.flatnonzero(np.abs(milliseconds) > 2.5e14)[:1]:
        raise place.error(int(row), f"time = {milliseconds[row]:g}; expected milliseconds since 1970")
    known = ~np.isnan(milliseconds)
    ticks = np.full(len(milliseconds), _MISSING_TIME, np.int64)
    ticks[known] = np.round(milliseconds[known] * 1000)
    return ticks.view("datetime64[us]")


def _numbers(values: list[Any], name: str, place: Place) -> Floats:
    """Return numbers with NaN for null; anything else is refused with its feature."""
    for row, value in enumerate(values):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise place.error(row, f"{name} = {str(value)[:40]!r}; expected a number")
    try:
        return np.array([np.nan if v is None else float(v) for v in values], np.float64)
    except OverflowError as error:
        raise InputError(f"{place.file}: {name} holds a number beyond all bounds") from error


def _position(feature: dict[str, Any]) -> list[Any]:
    coordinates = _dict(feature.get("geometry")).get("coordinates")
    given = coordinates[:3] if isinstance(coordinates, list) else []
    return [*given, None, None, None][:3]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
