"""Readings that name no event, put together: the phases of one arrival at a station, then of one time at many."""

from dataclasses import dataclass, field

import pandas as pd

from terrella.formats.waveforms.phases import phase_kind

_SECOND = 10**9
_LONGEST_NS = (
    120 * _SECOND
)  # from the first reading of an event to its last, at a station and among stations' first
_TWICE_NS = 2 * _SECOND  # within it, two readings of a phase are of one arrival


@dataclass
class _Group:
    """An event's readings at one station, by their rows."""

    station: tuple[str, str]
    first_ns: int
    rows: list[int] = field(default_factory=list)
    latest: dict[str, int] = field(default_factory=dict)  # by phase


@dataclass
class _Event:
    first_ns: int
    stations: set[tuple[str, str]]
    rows: list[int]


def group_loose(readings: pd.DataFrame) -> list[str]:
    """Return names of events for readings in order of time (network, station, phase, time_ns).

    At a station, a new event begins with a phase that the last one has already, with a P after its S, and two
    minutes after its first reading; events of several stations are one where their first readings are less than
    two minutes apart.
    """
    names = [""] * len(readings)
    for number, event in enumerate(_events(_groups(readings)), 1):
        for row in event.rows:
            names[row] = f"loose-{number}"
    return names


def _groups(readings: pd.DataFrame) -> list[_Group]:
    groups: list[_Group] = []
    last: dict[tuple[str, str], _Group] = {}
    columns = (readings[name] for name in ("network", "station", "phase", "time_ns"))
    for row, (network, station, phase, time_ns) in enumerate(zip(*columns, strict=True)):
        group = last.get((network, station))
        if group is None or _is_new(group, phase, time_ns):
            group = last[network, station] = _Group((network, station), time_ns)
            groups.append(group)
        group.rows.append(row)
        group.latest.setdefault(phase, time_ns)
    return groups


def _is_new(group: _Group, phase: str, time_ns: int) -> bool:
    if time_ns - group.first_ns > _LONGEST_NS:
        return True
    if phase in group.latest:
        return time_ns - group.latest[phase] > _TWICE_NS
    return phase_kind(phase) == "P" and any(phase_kind(each) == "S" for each in group.latest)


def _events(groups: list[_Group]) -> list[_Event]:
    events: list[_Event] = []
    first_open = 0
    for group in groups:
        while first_open < len(events) and group.first_ns - events[first_open].first_ns > _LONGEST_NS:
            first_open += 1
        # The latest one that this station is not part of yet.
        fitting = (each for each in reversed(events[first_open:]) if group.station not in each.stations)
        event = next(fitting, None)
        if event is None:
            event = _Event(group.first_ns, set(), [])
            events.append(event)
        event.stations.add(group.station)
        event.rows += group.rows
    return events
