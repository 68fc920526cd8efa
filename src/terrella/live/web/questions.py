"""What a request asks, checked: numbers, times, names and polygons, with a line where one is wrong."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from terrella.errors import InputError
from terrella.forecast.windows import parse_time
from terrella.live.times import microseconds

_MOST_CORNERS = 1000


def number(
    asked: Mapping[str, str], name: str, low: float, high: float, default: float | None = None
) -> float:
    """Return a number of a query.

    Raises:
        InputError: where it is missing, no number, or outside its range.
    """
    text = asked.get(name)
    if text is None:
        if default is None:
            raise InputError(f"{name} is missing: a number from {low:g} to {high:g}")
        return default
    return in_range(text, name, low, high)


def whole(asked: Mapping[str, str], name: str, low: int, high: int, default: int | None = None) -> int:
    """Return a whole number of a query.

    Raises:
        InputError: where it is missing, no whole number, or outside its range.
    """
    value = number(asked, name, low, high, default)
    if value != int(value):
        raise InputError(f"{name} must be a whole number")
    return int(value)


def in_range(given: Any, name: str, low: float, high: float) -> float:
    """Return a number given as text or as JSON.

    Raises:
        InputError: where it is no number, or outside its range.
    """
    try:
        value = float(given) if not isinstance(given, bool) else np.nan
    except (TypeError, ValueError, OverflowError):
        value = np.nan
    if not low <= value <= high:
        raise InputError(f"{name} must be a number from {low:g} to {high:g}")
    return value


def chosen(asked: Mapping[str, str], name: str, options: tuple[str, ...]) -> str:
    """Return one of some words, the first by default.

    Raises:
        InputError: where it is another.
    """
    value = asked.get(name, options[0])
    if value not in options:
        raise InputError(f"{name} must be one of {', '.join(options)}")
    return value


def time_us(asked: Mapping[str, str], name: str, default: int) -> int:
    """Return a UTC time in microseconds since 1970.

    Raises:
        InputError: where it is no time.
    """
    if name not in asked:
        return default
    return microseconds(parse_time(asked[name], name))


def polygon(body: bytes) -> tuple[list[tuple[float, float]], dict[str, Any]]:
    """Return the outer corners of a GeoJSON polygon in a JSON object, and what else stands in it.

    Raises:
        InputError: where there is none, or it has too many corners.
    """
    try:
        values = json.loads(body)
        rings = values["polygon"]["coordinates"]
        corners = [
            (in_range(lon, "longitude", -360, 360), in_range(lat, "latitude", -90, 90))
            for lon, lat in rings[0]
        ]
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise InputError(
            'the body must be JSON with "polygon": a GeoJSON polygon of longitudes and latitudes'
        ) from None
    if not 4 <= len(corners) <= _MOST_CORNERS or len(rings) != 1:
        raise InputError(
            f"a polygon has one ring of 4 to {_MOST_CORNERS} corners, the last of which is the first"
        )
    return corners, values
