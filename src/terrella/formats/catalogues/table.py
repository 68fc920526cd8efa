"""A table of columns as events: the part that CSV, CSEP ASCII, GeoJSON and Parquet share."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from terrella.errors import InputError
from terrella.formats.catalogues import values
from terrella.formats.catalogues.columns import HEADERS, find_columns
from terrella.formats.catalogues.event_types import Kind, is_magnitude_type, kind_of
from terrella.formats.catalogues.findings import Finding
from terrella.formats.catalogues.headers import hemisphere, is_metres, squeezed
from terrella.formats.catalogues.raw import Floats, Place, RawEvents
from terrella.formats.catalogues.table_times import Columns, Rest, event_times

_SAMPLE = 1000  # places that tell soon that not all are whole
_FEW = 10  # places, of which fewer may be whole degrees by chance
_YES_OR_NO = {"", "true", "false", "yes", "no"}
_HEMISPHERES = {"latitude": ("N", "S"), "longitude": ("E", "W")}


def events_from_table(
    table: pa.Table, found: Mapping[str, int], names: list[str], place: Place, rest: Callable[[], Rest] = dict
) -> RawEvents:
    """Return the events of a table.

    `found` maps our names to positions in `names`, the file's own column names, in the order of the
    table's columns (see `columns.find_columns`); `rest` gives the first values of the file's other columns.

    Raises:
        InputError: at the first value that is neither of the expected form nor missing, and where columns that
            make one value contradict each other.
    """
    columns = Columns(table, found, names, place, rest)
    told: list[Finding] = []
    time = event_times(columns, told)
    event_type, event_types = _event_types(columns, told)
    magnitude_type, magnitude_types = _names(columns, "magnitude_type", "the magnitude type")
    magnitude, said_types, said_names = values.magnitudes(
        columns.get("magnitude"), columns.name("magnitude"), columns.place
    )
    if not magnitude_types:
        magnitude_type, magnitude_types = said_types, said_names
    if event_types and all(is_magnitude_type(word) for word in event_types):
        if not magnitude_types:
            magnitude_type, magnitude_types = event_type, event_types
        event_type, event_types = None, ()
    if "event_type" not in found:
        _refuse_unused_types(columns)
    status, statuses = values.removed_statuses(columns.get("status")) if "status" in found else (None, ())
    n = table.num_rows
    longitude, latitude = (_coordinate(columns, axis, told) for axis in ("longitude", "latitude"))
    if n >= _FEW and all(_whole(degrees) for degrees in (longitude, latitude)):
        told.append(Finding("places in whole degrees; name minutes with --columns.latitude_minutes=NAME", n))
    return RawEvents(
        time_utc=time,
        longitude=longitude,
        latitude=latitude,
        depth_km=_depth(columns, told),
        magnitude=magnitude,
        magnitude_type=np.full(n, -1, np.int8) if magnitude_type is None else magnitude_type,
        magnitude_types=magnitude_types,
        event_id=values.identifiers(columns.get("event_id")) if "event_id" in found else None,
        event_type=event_type,
        event_types=event_types,
        row=np.arange(n),
        place=place,
        status=status if statuses else None,
        statuses=statuses,
        found=tuple(told),
        column_names=tuple((ours, names[i]) for ours, i in found.items()),
    )


def read_columns(
    names: list[str],
    columns: Mapping[str, str] | None,
    file: str,
    read: Callable[[list[int]], pa.Table],
    name_row: Callable[[int], str],
    rest: Callable[[list[int]], Rest],
) -> RawEvents:
    """Return the events of a table: `read` gives the columns at some positions, and `rest` a look at others."""
    found = find_columns(names, columns, file)
    used = sorted(set(found.values()))
    table = read(used)
    position = {i: k for k, i in enumerate(used)}
    others = [i for i in range(len(names)) if i not in position]
    return events_from_table(
        table,
        {ours: position[i] for ours, i in found.items()},
        [names[i] for i in used],
        Place(file, name_row),
        lambda: rest(others),
    )


def _names(columns: Columns, ours: str, what: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    return values.names(columns.get(ours), what, columns.place) if ours in columns else (None, ())


def _event_types(columns: Columns, told: list[Finding]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return what shook, of a column that holds words: one with a value of its own in every row does not."""
    try:
        return _names(columns, "event_type", "the event type")
    except InputError:
        n = columns.table.num_rows
        told.append(
            Finding(f"values of column {columns.name('event_type')} too various for types of events", n)
        )
        return None, ()


def _refuse_unused_types(columns: Columns) -> None:
    """Refuse a column of types of events whose header nobody knows."""
    for name, given in columns.rest().items():
        if {word.strip().lower() for word in given} <= _YES_OR_NO:
            continue
        kinds = [kind_of(word) for word in set(given) if word.strip()]
        told = any("earthquake" in word.lower() for word in given) or Kind.OTHER in kinds
        short = max((len(word.strip()) for word in given), default=0) < 4  # codes mean other things elsewhere
        if told and not short and 2 * kinds.count(Kind.UNKNOWN) < len(kinds):
            raise columns.error(
                f"column {name} seems to hold what shook; if so, say --columns.event_type={name}, else leave it out"
            )


def _coordinate(columns: Columns, ours: str, told: list[Finding]) -> Floats:
    """Return degrees from all columns that make them, south and west negative."""
    name, place = columns.name(ours), columns.place
    out = values.degrees(columns.get(ours), name, place)
    parts = [
        columns.number(key) if (key := f"{ours}_{part}") in columns else None
        for part in ("minutes", "seconds")
    ]
    for part in (each for each in parts if each is not None):
        for row in np.flatnonzero((part < 0) | (part > 60))[:1]:
            raise place.error(int(row), f"{part[row]:g} minutes or seconds of {name}; expected 0 to 60")
    out = values.parts_of_degrees(out, *parts)
    side = f"{ours}_hemisphere"
    if side in columns:
        return values.with_hemisphere(out, columns.get(side), name, place)
    _refuse_unused_hemisphere(columns, ours, out)
    if hemisphere(name) != _HEMISPHERES[ours][1]:
        return out
    if np.any(out < 0):
        raise columns.error(
            f"column {name} holds negative values and its header says {hemisphere(name)}; "
            "take the letter out of the header where the sign says it"
        )
    told.append(Finding(f"{ours}s made negative, as the header {name} says", int((~np.isnan(out)).sum())))
    return -out


def _whole(degrees: Floats) -> bool:
    return all(bool(np.all(part == np.rint(part))) for part in (degrees[:_SAMPLE], degrees))


def _refuse_unused_hemisphere(columns: Columns, ours: str, degrees: Floats) -> None:
    """Refuse a column of hemispheres whose header nobody knows, where the degrees have no sign."""
    if np.any(degrees < 0):
        return
    positive, negative = _HEMISPHERES[ours]
    for name, given in columns.rest().items():
        letters = {value.strip().upper() for value in given} - {""}
        if negative in letters and letters <= {positive, negative}:
            raise columns.error(
                f"column {name} holds hemispheres and {columns.name(ours)} no signs; "
                f"say --columns.{ours}_hemisphere={name}"
            )


def _depth(columns: Columns, told: list[Finding]) -> np.ndarray:
    if "depth_km" not in columns:
        return np.full(columns.table.num_rows, np.nan, np.float32)
    name = columns.name("depth_km")
    depth, bounded = values.depths(columns.get("depth_km"), name, columns.place)
    if bounded:
        told.append(Finding("depths of which only an upper bound is given, taken as that", bounded))
    if squeezed(name) in HEADERS["depth_km"] and is_metres(name):
        told.append(Finding(f"depths in metres, as the header {name} says", int((~np.isnan(depth)).sum())))
        depth = depth / 1000
    return np.clip(depth, -1e30, 1e30).astype(np.float32)
