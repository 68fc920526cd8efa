"""The API described by OpenAPI 3.1, for people and for programs that make clients of it."""

from typing import Any

import terrella
from terrella.live.issuing import MODELS
from terrella.live.web.answers import LAYERS

_JSON, _STREAM, _FLOATS = "application/json", "text/event-stream", "application/octet-stream"
_FORMATS = (_JSON, "application/geo+json", "application/x-netcdf", "text/plain")


def openapi() -> dict[str, Any]:
    """Return the description of the API."""
    name = _in_path("name", "time of a forecast, such as 20190706T040000Z, or latest")
    model, horizon = (
        _word("model", MODELS),
        _number("horizon", 0, 100, "place among horizons_days", "integer"),
    )
    at = [
        _number("longitude", -180, 360, "degrees east", required=True),
        _number("latitude", -90, 90, "degrees north", required=True),
        _number("radius_km", 0, 2000, "distance within which cells count"),
        _number("magnitude", -9, 9.9, "smallest magnitude"),
        _number("days", 0.0416, 3650, "days after the issue time"),
        _text("forecast", "name of a forecast; the latest without it"),
    ]
    events = [
        _text("since", "UTC time"),
        _text("until", "UTC time"),
        _number("min_magnitude", -9, 9.9, "smallest magnitude"),
        _number("limit", 1, 100_000, "most events", "integer"),
    ]
    polygon = {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "required": ["polygon"], "properties": {
            "polygon": {"type": "object", "description": "GeoJSON polygon of one ring"},
            "magnitude": {"type": "number"}, "days": {"type": "number"}, "forecast": {"type": "string"},
        }}}},
    }  # fmt: skip
    formats = _word("format", ("json", "geojson", "netcdf", "csep"))
    values = [name, model, horizon, _word("layer", LAYERS)]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Terrella live", "version": terrella.__version__},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/api/health": _get("Whether it runs, and the last forecast"),
            "/metrics": _get("Counters for Prometheus", kind="text/plain"),
            "/api/grid": _get("The grid of all forecasts"),
            "/api/land": _get("Outlines of the land", [_word("detail", ("110m", "50m"))]),
            "/api/forecasts": _get(
                "Forecasts, the last first",
                [_number("limit", 1, 2000, "most forecasts", "integer"), _text("before", "UTC time")],
            ),
            "/api/forecasts/{name}": _get("One forecast", [name, formats, model, horizon], *_FORMATS),
            "/api/forecasts/{name}/values": _get(
                "Its cells as 32-bit floats, little-endian", values, kind=_FLOATS
            ),
            "/api/history": _get(
                "What was issued for a cell",
                [_number("cell", 0, 1e7, "place among the cells", "integer", True), horizon],
            ),
            "/api/probability": {
                **_get("Probability of earthquakes near a point", at),
                "post": {**_get("Probability of earthquakes in a polygon")["get"], "requestBody": polygon},
            },
            "/api/events": _get("Events as they are known now, the last first", events),
            "/api/events/points": _get(
                "Their longitude, latitude and magnitude as 32-bit floats, little-endian",
                events,
                kind=_FLOATS,
            ),
            "/api/scores": _get("How forecasts did, beside climatology"),
            "/api/stream": _get("The number of the last entry, whenever there is a new one", kind=_STREAM),
            "/api/runs": _get("Trainings: how far they have come, and their losses by epoch"),
            "/api/runs/stream": _get("All trainings, and then each that has changed", kind=_STREAM),
        },
    }


def _get(
    about: str, parameters: list[dict[str, Any]] | None = None, kind: str = _JSON, *others: str
) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "200": {"description": "the answer", "content": {each: {} for each in (kind, *others)}}
    }
    refusals = {
        "401": "no token",
        "404": "no such thing",
        "408": "the body did not come",
        "413": "too long",
        "414": "too long",
        "422": "a question that cannot be answered",
        "429": "too many requests",
        "503": "the record cannot be read",
    }
    answers |= {
        code: {"description": what, "content": {"application/json": {}}} for code, what in refusals.items()
    }
    return {"get": {"summary": about, "parameters": parameters or [], "responses": answers}}


def _parameter(name: str, about: str, schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": about, "required": required, "schema": schema}


def _number(
    name: str, low: float, high: float, about: str, kind: str = "number", required: bool = False
) -> dict[str, Any]:
    return _parameter(name, about, {"type": kind, "minimum": low, "maximum": high}, required)


def _word(name: str, options: tuple[str, ...]) -> dict[str, Any]:
    return _parameter(name, f"{options[0]} without it", {"type": "string", "enum": list(options)})


def _text(name: str, about: str) -> dict[str, Any]:
    return _parameter(name, about, {"type": "string"})


def _in_path(name: str, about: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "description": about, "required": True, "schema": {"type": "string"}}
