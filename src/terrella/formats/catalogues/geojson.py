"""Reading JSON of events: GeoJSON of ComCat, EMSC, INGV and GeoNet, and plain records of AFAD, KNMI and others."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from terrella.errors import InputError
from terrella.formats.catalogues.columns import HEADERS, TIMES
from terrella.formats.catalogues.headers import squeezed
from terrella.formats.catalogues.raw import RawEvents
from terrella.formats.catalogues.table import read_columns
from terrella.formats.catalogues.table_times import Rest

_SAMPLE = 100  # features


def read_geojson(text: str, file: str, columns: Mapping[str, str] | None = None) -> RawEvents:
    """Return the events of a FeatureCollection, of one Feature, or of a list of records, bare or under one key.

    Places are those of the geometry, depths the property's where there is one. Numbers of a collection are
    milliseconds since 1970, as ComCat has them. A third coordinate is a depth in km, but a height where EMSC wrote
    the file.

    Raises:
        InputError: where it is no such collection, or a feature holds text for a number.
    """
    features, plain = _features(text, file)
    properties = [_dict(feature.get("properties")) for feature in features]
    positions = [_position(feature) for feature in features]
    keys = list(dict.fromkeys(key for each in properties for key in each))
    fields: dict[str, list[Any]] = {key: [each.get(key) for each in properties] for key in keys}
    upward = -1 if "evtype" in keys else 1
    for name, ours, i in (
        ("longitude", "longitude", 0),
        ("latitude", "latitude", 1),
        ("depth", "depth_km", 2),
    ):
        there = [key for key in keys if squeezed(key) in HEADERS[ours]]
        values = [position[i] for position in positions]
        if i == 2 and upward < 0:
            values = [-value if isinstance(value, int | float) else value for value in values]
        known = any(value is not None for value in values)
        if not there or (i < 2 and known):
            for key in there:
                del fields[key]
            fields[name] = values
    if any("id" in feature for feature in features):
        fields = {
            "id": [feature.get("id") for feature in features],
            **{k: v for k, v in fields.items() if k != "id"},
        }
    names = list(fields)
    given = dict(columns or {})
    when = next((key for key in names if squeezed(key) in TIMES["time"]), None)
    if (
        when is not None
        and not plain
        and not {"time", "time_epoch_s", "time_epoch_ms"} & set(given)
        and _is_number(fields[when])
    ):
        given["time_epoch_ms"] = when

    def name_row(row: int) -> str:
        return f"feature {row + 1} ({str(fields.get('id', ['no id'] * len(features))[row])[:40]})"

    def read(used: list[int]) -> pa.Table:
        arrays = [_array(fields[names[i]], names[i], file, name_row) for i in used]
        return pa.Table.from_arrays(arrays, [str(i) for i in used])

    def rest(others: list[int]) -> Rest:
        return {names[i]: [str(v) for v in fields[names[i]][:_SAMPLE] if v is not None] for i in others}

    return read_columns(names, given, file, read, name_row, rest)


def _features(text: str, file: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the features, and whether they were plain records."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: damaged or truncated JSON ({error}); fetch it again") from error
    features = document.get("features") if isinstance(document, dict) else None
    if isinstance(document, dict) and document.get("type") == "Feature":
        features = [document]
    plain = not isinstance(features, list)
    if plain:
        lists = [document] if isinstance(document, list) else _lists(document)
        features = [_feature(each) for each in lists[0]] if len(lists) == 1 else None
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        raise InputError(
            f"{file}: JSON, but no GeoJSON of events; expected a FeatureCollection with 'features', or one list of "
            "records that name their values"
        )
    if not features:
        raise InputError(f"{file}: holds no events")
    return features, plain


def _lists(document: Any) -> list[list[Any]]:
    """Return the lists of records that lie under the keys of a document."""
    found = [each for each in _dict(document).values() if isinstance(each, list)]
    return [each for each in found if each and all(isinstance(record, dict) for record in each)]


def _feature(record: Any) -> Any:
    """Return a record as a feature; what it nests is left out but for a geometry."""
    if not isinstance(record, dict):
        return record
    flat = {key: value for key, value in record.items() if not isinstance(value, dict | list | bool)}
    points = [_dict(value) for value in record.values() if _dict(value).get("type") == "Point"]
    return {"properties": flat, "geometry": points[0] if len(points) == 1 else None}


def _array(values: list[Any], name: str, file: str, name_row: Any) -> pa.Array:
    """Return numbers as such, and all else as text."""
    if _is_number(values):
        try:
            return pa.array([None if v is None else float(v) for v in values], pa.float64())
        except OverflowError as error:
            raise InputError(f"{file}: {name} holds a number beyond all bounds") from error
    for row, value in enumerate(values):
        if not isinstance(value, str | int | float | None) or isinstance(value, bool):
            raise InputError(
                f"{file}, {name_row(row)}: {name} = {str(value)[:40]!r}; expected a number or text"
            )
    return pa.array(
        [None if v is None else str(v).encode("utf-8", "replace").decode() for v in values], pa.string()
    )


def _is_number(values: list[Any]) -> bool:
    kinds = {type(value) for value in values} - {type(None)}
    return bool(kinds) and kinds <= {int, float}


def _position(feature: dict[str, Any]) -> list[Any]:
    coordinates = _dict(feature.get("geometry")).get("coordinates")
    given = coordinates[:3] if isinstance(coordinates, list) else []
    return [*given, None, None, None][:3]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
