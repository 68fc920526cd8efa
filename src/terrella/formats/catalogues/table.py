"""A table of columns as events: the part that CSV, CSEP ASCII and Parquet share."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from terrella.formats.catalogues import values
from terrella.formats.catalogues.raw import Place, RawEvents

_TIME_PARTS = ("year", "month", "day", "hour", "minute", "second")


def events_from_table(table: pa.Table, found: Mapping[str, int], names: list[str], place: Place) -> RawEvents:
    """Return the events of a table.

    `found` maps our names to positions in `names`, the file's own column names, in the order of the
    table's columns (see `columns.find_columns`).

    Raises:
        InputError: at the first value that is neither of the expected form nor missing.
    """
    n = table.num_rows

    def number(ours: str) -> npt.NDArray[np.float64]:
        return values.numbers(table.column(found[ours]), names[found[ours]], place)

    magnitude_type = np.full(n, -1, np.int8)
    magnitude_types: tuple[str, ...] = ()
    event_type: npt.NDArray[np.int8] | None = None
    event_types: tuple[str, ...] = ()
    if "magnitude_type" in found:
        magnitude_type, magnitude_types = values.names(
            table.column(found["magnitude_type"]), "the magnitude type", place
        )
    if "event_type" in found:
        event_type, event_types = values.names(table.column(found["event_type"]), "the event type", place)
    depth = number("depth_km") if "depth_km" in found else np.full(n, np.nan)
    return RawEvents(
        time_utc=_times(table, found, names, place),
        longitude=number("longitude"),
        latitude=number("latitude"),
        depth_km=np.clip(depth, -1e30, 1e30).astype(np.float32),
        magnitude=number("magnitude"),
        magnitude_type=magnitude_type,
        magnitude_types=magnitude_types,
        event_id=values.identifiers(table.column(found["event_id"])) if "event_id" in found else None,
        event_type=event_type,
        event_types=event_types,
        row=np.arange(n),
        place=place,
        column_names=tuple((ours, names[i]) for ours, i in found.items()),
    )


def _times(
    table: pa.Table, found: Mapping[str, int], names: list[str], place: Place
) -> npt.NDArray[np.datetime64]:
    for key, unit_s in (("time_epoch_s", 1.0), ("time_epoch_ms", 1e-3)):
        if key in found:
            return values.times_from_epoch(table.column(found[key]), unit_s, names[found[key]], place)
    if "time" in found:
        name, column = names[found["time"]], table.column(found["time"])
        for date, clock in (("date", "time"), ("time", "time_of_day")):
            if date in found and clock in found:
                both = values.joined(table.column(found[date]), table.column(found[clock]))
                name, column = (name, column) if both is None else (f"{names[found[date]]} and time", both)
        return values.times(column, name, place)
    parts = {
        k: values.numbers(table.column(found[k]), names[found[k]], place) for k in _TIME_PARTS if k in found
    }
    return values.times_from_parts(parts, place)
