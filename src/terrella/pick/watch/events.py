"""Events of the picks that a watch keeps: associated again where picks changed, under the names they had."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from terrella.formats.waveforms.archive import DAY_NS
from terrella.pick.association.associate import LEAST_STATIONS, AssociationSettings, associate
from terrella.pick.association.command import event_ids
from terrella.pick.association.sites import Stations
from terrella.pick.association.tables import Picks, known_picks, read_stations
from terrella.pick.data.tally import Tally
from terrella.pick.watch import state as kept

ARRIVALS, CATALOGUE = "arrivals", "catalogue"  # kinds of what is written
_S_KM_S = 3.0  # with which the last arrivals come
_LONGEST_S = 200.0
_KM_PER_DEGREE = 111.2
_COLUMNS = ("time_ns", "longitude", "latitude", "depth_km", "magnitude")
_SAME = (10_000_000, 5e-4, 5e-4, 0.1, 0.01)  # of these columns, differences that are no revision
_LEAST_SHARED = 0.5  # of the picks of the smaller of two events that are one


Arrival = tuple[str, str, int, float, float]  # trace, P or S, time in ms, residual in s, distance in km


@dataclass(frozen=True)
class Associating:
    """How picks become events."""

    stations: Stations
    settings: AssociationSettings
    crossing_ns: int  # from an event to its last pick


@dataclass(frozen=True)
class Event:
    """An event that is kept, with its picks."""

    event_id: str
    time_ns: int
    longitude: float
    latitude: float
    depth_km: float
    magnitude: float | None
    picks: tuple[Arrival, ...]
    revision: int = 1

    @property
    def keys(self) -> set[tuple[str, str, int]]:
        """What picks belong to it."""
        return {each[:3] for each in self.picks}


def associating(inventory: Path, settings: AssociationSettings, found: Tally) -> Associating:
    """Return how the picks of the stations of an inventory become events.

    Raises:
        InputError: where the inventory cannot be read.
    """
    stations = read_stations(inventory, found)
    lon, lat = stations.longitude, stations.latitude
    wide = np.ptp(lon) * np.cos(np.radians(lat.mean())) * _KM_PER_DEGREE
    across = float(np.hypot(wide, np.ptp(lat) * _KM_PER_DEGREE)) + 2 * settings.margin_km
    return Associating(stations, settings, round(min(across / _S_KM_S, _LONGEST_S) * 1e9))


def associate_changed(
    state: sqlite3.Connection, how: Associating, complete_ns: int, found: Tally
) -> list[tuple[str, Event]]:
    """Associate where picks changed; keep and return what is new, revised or withdrawn, in order of time.

    An event is kept once all its picks may have been made: those before `complete_ns` are. It keeps the name of the
    event with which it shares at least half of the picks of either.

    Raises:
        InputError: where a station's place is not clear.
    """
    rows = state.execute("SELECT MIN(first_ns), MAX(end_ns) FROM unassociated").fetchone()
    if rows[0] is None:
        return []
    first_ns, end_ns = rows
    crossing = how.crossing_ns
    picks = _picks(state, first_ns - 3 * crossing, end_ns + 2 * crossing, how, found)
    now = _events(picks, how)
    before = events(state, first_ns - 3 * crossing, end_ns + 2 * crossing)
    changes: list[tuple[str, Event]] = []
    moved: list[Event] = []
    matched = _matches(before, now)
    names = {row[0] for row in state.execute("SELECT event_id FROM events")}
    for number, event in enumerate(now):
        old = matched.get(number)
        if old is not None:
            if not _is_same(old, event):
                named = replace(event, event_id=old.event_id, revision=old.revision + 1)
                changes.append(("revised", named))
            elif old.keys != event.keys:  # by some ms, which a next match must know
                moved.append(replace(old, picks=event.picks))
        elif event.time_ns >= first_ns - crossing and event.time_ns + crossing <= complete_ns:
            while event.event_id in names:
                event = replace(event, event_id=f"{event.event_id}b")
            names.add(event.event_id)
            changes.append(("new", event))
    stay = {each.event_id for each in matched.values()}
    changes += [
        ("withdrawn", replace(old, revision=old.revision + 1))
        for old in before
        if old.event_id not in stay and first_ns - crossing <= old.time_ns < end_ns
    ]
    changes.sort(key=lambda each: each[1].time_ns)
    with kept.changing(state):
        for event in moved:
            _keep(state, event, False)
        for what, event in changes:
            _keep(state, event, what == "withdrawn")
        if changes or moved:
            old_days = {each.event_id: each.time_ns // DAY_NS for each in before}
            days = {
                day
                for each in [*moved, *(event for _, event in changes)]
                for day in (each.time_ns // DAY_NS, old_days.get(each.event_id))
            }
            kept.to_write(state, ARRIVALS, {day for day in days if day is not None})
            kept.to_write(state, CATALOGUE, [0])
        state.execute("DELETE FROM unassociated")
        if end_ns > complete_ns - 2 * crossing:  # events there may still wait for their last picks
            again = max(first_ns, complete_ns - 2 * crossing)
            state.execute("INSERT INTO unassociated VALUES (?, ?)", (again, end_ns))
    return changes


def events(state: sqlite3.Connection, first_ns: int = -(2**62), end_ns: int = 2**62) -> list[Event]:
    """Return the events between two times that are not withdrawn, in order of time."""
    rows = state.execute(
        "SELECT event_id, time_ns, longitude, latitude, depth_km, magnitude, picks, revision FROM events "
        "WHERE time_ns >= ? AND time_ns < ? AND NOT withdrawn ORDER BY time_ns, event_id",
        (first_ns, end_ns),
    )
    return [
        Event(
            event_id, at, lon, lat, depth, magnitude, tuple(tuple(each) for each in json.loads(of)), revision
        )
        for event_id, at, lon, lat, depth, magnitude, of, revision in rows
    ]


def table_of(found: Sequence[Event]) -> pd.DataFrame:
    """Return events as an association has them."""
    columns: dict[str, Any] = {name: [getattr(each, name) for each in found] for name in _COLUMNS[1:]}
    time = (
        np.array([each.time_ns for each in found], np.int64).view("datetime64[ns]").astype("datetime64[us]")
    )
    return pd.DataFrame({"time": time, **columns}).astype(dict.fromkeys(_COLUMNS[1:], float))


def _picks(state: sqlite3.Connection, first_ns: int, end_ns: int, how: Associating, found: Tally) -> Picks:
    """Return picks as an association takes them, in milliseconds as they are written."""
    made = kept.picks(state, first_ns, end_ns)
    milliseconds = [(each.pick.time_ns // 1000 + 500) // 1000 for each in made]
    table = pd.DataFrame(
        {
            "trace_id": [each.trace_id for each in made],
            "network": [each.network for each in made],
            "station": [each.station for each in made],
            "location": [each.trace_id.split(".")[2] for each in made],
            "phase": [each.pick.phase for each in made],
            "time": np.array(milliseconds, "datetime64[ms]").astype("datetime64[us]"),
            "amplitude": np.array([each.pick.amplitude for each in made], float),
        }
    )
    return known_picks(table, how.stations, found)


def _events(picks: Picks, how: Associating) -> list[Event]:
    if len(np.unique(picks.station.astype(str))) < LEAST_STATIONS or len(picks) < how.settings.min_picks:
        return []
    made = associate(picks, how.stations, how.settings)
    names = event_ids(made.events)
    time_ns = made.events["time"].to_numpy("datetime64[ns]").astype(np.int64).tolist()
    milliseconds = picks.time_utc.astype("datetime64[ms]").astype(np.int64).tolist()
    own: list[list[Arrival]] = [[] for _ in names]
    columns = (made.assignments[name].tolist() for name in ("event", "pick", "residual_s", "distance_km"))
    for event, pick, residual_s, distance_km in zip(*columns, strict=True):
        key = picks.trace_id[pick], picks.phase[pick], milliseconds[pick]
        own[event].append((*key, round(residual_s, 4), round(distance_km, 3)))
    places = zip(*(made.events[column].tolist() for column in _COLUMNS[1:]), strict=True)
    return [
        Event(name, at, lon, lat, depth, None if np.isnan(size) else size, tuple(sorted(arrivals)))
        for name, at, (lon, lat, depth, size), arrivals in zip(names, time_ns, places, own, strict=True)
    ]


def _matches(before: Sequence[Event], now: Sequence[Event]) -> dict[int, Event]:
    """Return which event of before each is, by the picks that they share, the most first."""
    shared = sorted(
        (
            (len(old.keys & event.keys), number, place)
            for number, event in enumerate(now)
            for place, old in enumerate(before)
            if len(old.keys & event.keys) >= _LEAST_SHARED * min(len(old.keys), len(event.keys))
        ),
        key=lambda each: (-each[0], each[1], each[2]),
    )
    found: dict[int, Event] = {}
    taken: set[int] = set()
    for _, number, place in shared:
        if number not in found and place not in taken:
            found[number] = before[place]
            taken.add(place)
    return found


def _is_same(old: Event, now: Event) -> bool:
    arrivals = [{each[:2] for each in event.picks} for event in (old, now)]
    if arrivals[0] != arrivals[1] or (old.magnitude is None) != (now.magnitude is None):
        return False
    return all(
        abs((getattr(old, name) or 0) - (getattr(now, name) or 0)) <= most
        for name, most in zip(_COLUMNS, _SAME, strict=True)
    )


def _keep(state: sqlite3.Connection, event: Event, withdrawn: bool) -> None:
    numbers = (event.time_ns, event.longitude, event.latitude, event.depth_km, event.magnitude)
    row = (event.event_id, *numbers, event.revision, withdrawn, json.dumps(event.picks))
    state.execute("INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
