"""The page of a watch: one file, written anew as data arrive, with stations, latest records, picks and events."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terrella.earth.land import land_rings
from terrella.engine.one_file_page import write_page
from terrella.formats.waveforms.archive import Archive, Segment
from terrella.formats.waveforms.miniseed import Found
from terrella.pick.association.sites import Stations
from terrella.pick.watch import state as kept
from terrella.pick.watch.events import Event, events
from terrella.pick.watch.state import Made, Station

PAGE = "page.html"
_SPAN_NS = 180 * 10**9  # of records that are drawn
_COLUMNS = 600  # of a drawn record: the smallest and largest sample of each
_SCALE = 1000
_MOST_STATIONS = 40
_MOST_EVENTS = 20
_AROUND_DEGREES = 0.5


def write_watch_page(
    path: Path, archive: Archive, state: sqlite3.Connection, places: Stations | None, offset: float,
    again_s: float, found: Found,
) -> None:  # fmt: skip
    """Write the page of what was recorded last, its picks, the last events, and where stations stand.

    `offset` is added to magnitudes; the page is loaded again every `again_s` seconds.
    """
    ends = {station: max(file.end_ns for file in files) for station, files in archive.stations.items()}
    end_ns = max(ends.values(), default=0)
    first_ns = end_ns - _SPAN_NS
    recent = kept.picks(state, first_ns, end_ns)
    latest = {(each.network, each.station): each.pick.time_ns for each in recent}
    shown = sorted(ends, key=lambda station: (-latest.get(station, 0), -ends[station], station))[
        :_MOST_STATIONS
    ]
    data = {
        "first_ms": first_ns / 1e6,
        "seconds": _SPAN_NS / 1e9,
        "again_s": again_s,
        "stations": _stations(ends, end_ns, places),
        "land": [] if places is None or not len(places) else _land(places),
        "events": [_event(each, offset) for each in events(state)[: -_MOST_EVENTS - 1 : -1]],
        "records": [_record(archive, each, recent, first_ns, end_ns, found) for each in sorted(shown)],
        "left_out": len(ends) - len(shown),
    }
    write_page(path, "terrella.pick", "watch.html", ("watch.js",), data)


def _stations(ends: dict[Station, int], end_ns: int, places: Stations | None) -> list[dict[str, Any]]:
    rows = {} if places is None else {name: row for row, name in enumerate(places.name)}
    found = []
    for station in sorted(ends):
        row = rows.get(".".join(station), rows.get(station[1]))
        place = None if row is None or places is None else (places.longitude[row], places.latitude[row])
        found.append(
            {
                "name": ".".join(station),
                "place": None if place is None else [round(float(each), 4) for each in place],
                "behind_s": round((end_ns - ends[station]) / 1e9, 1),
            }
        )
    return found


def _land(places: Stations) -> list[list[list[float]]]:
    """Return the outlines of land around the stations."""
    lon, lat = places.longitude, places.latitude
    west, east = lon.min() - _AROUND_DEGREES, lon.max() + _AROUND_DEGREES
    south, north = lat.min() - _AROUND_DEGREES, lat.max() + _AROUND_DEGREES
    near = []
    for ring in land_rings("50m"):
        low, high = ring.min(0), ring.max(0)
        if low[0] < east and high[0] > west and low[1] < north and high[1] > south:
            near.append(np.round(ring, 2).tolist())
    return near


def _event(event: Event, offset: float) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "place": [round(event.longitude, 4), round(event.latitude, 4)],
        "depth_km": round(event.depth_km, 1),
        "magnitude": None if event.magnitude is None else round(event.magnitude + offset, 2),
        "ms": event.time_ns / 1e6,
        "picks": len(event.picks),
    }


def _record(
    archive: Archive, station: Station, made: Sequence[Made], first_ns: int, end_ns: int, found: Found
) -> dict[str, Any]:
    """Return a station's vertical record, or its first, in columns, and its picks."""
    used = archive.instruments(*station, first_ns, end_ns, found)
    codes = used[-1].codes if used else ()
    code = next((each for each in codes if each[3].endswith("Z")), codes[0] if codes else None)
    segments = [] if code is None else archive.read([code], first_ns, end_ns, found)
    own = [each.pick for each in made if (each.network, each.station) == station]
    return {
        "station": ".".join(station),
        "channel": "" if code is None else code[3],
        **_columns(segments, first_ns),
        "picks": [
            {
                "phase": each.phase,
                "second": round((each.time_ns - first_ns) / 1e9, 3),
                "probability": round(each.probability, 3),
            }
            for each in own
        ],
    }


def _columns(segments: Sequence[Segment], first_ns: int) -> dict[str, list[int | None]]:
    """Return the smallest and largest sample of each column of a record, None where there is none."""
    low, high = np.full(_COLUMNS, np.inf), np.full(_COLUMNS, -np.inf)
    for segment in segments:
        seconds = (segment.first_ns - first_ns) / 1e9 + np.arange(len(segment.samples)) / segment.rate_hz
        column = np.floor(seconds / (_SPAN_NS / 1e9) * _COLUMNS).astype(np.int64)
        samples = segment.samples.astype(float)
        inside = (column >= 0) & (column < _COLUMNS) & np.isfinite(samples)
        np.minimum.at(low, column[inside], samples[inside])
        np.maximum.at(high, column[inside], samples[inside])
    some = np.isfinite(low)
    if not some.any():
        return {"low": [], "high": []}
    middle = float(np.median((low[some] + high[some]) / 2))
    unit = max(float(np.abs(np.stack([low[some], high[some]]) - middle).max()), 1e-300) / _SCALE
    return {
        name: [
            round((value - middle) / unit) if full else None for value, full in zip(values, some, strict=True)
        ]
        for name, values in (("low", low.tolist()), ("high", high.tolist()))
    }
