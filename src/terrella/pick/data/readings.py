"""Arrivals that people read, from tables, QuakeML and its like, or headers of SAC: event, station, phase, time."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.formats.waveforms.phases import is_unused, phase_kind, plain_phase
from terrella.formats.waveforms.picks import read_pick_texts
from terrella.pick.data.loose import group_loose
from terrella.pick.data.readings_sac import is_sac, read_sac
from terrella.pick.data.tally import Tally

COLUMNS = (
    "event_id", "network", "station", "location", "channel", "phase", "time_ns", "status", "used",
)  # fmt: skip
EVENT_COLUMNS = (
    "source_id", "source_origin_time", "source_latitude_deg", "source_longitude_deg", "source_depth_km",
    "source_magnitude", "source_magnitude_type",
)  # fmt: skip
_TABLES = (".csv", ".tsv")
_NO_EVENT = ("", "-1", "-1.0", "nan", "none")
# How far a reading can be trusted: by the location, by whoever read it, no further than that there was something.
LOCATED, READ, DOUBTED = 2, 1, 0


def read_readings(path: Path, found: Tally) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the readings of P and S phases, with the columns `COLUMNS`, and the events, with `EVENT_COLUMNS`.

    `path` is a table (.csv), a QuakeML file or another of those that ObsPy reads, a SAC file with picks in its
    header, or a folder of these files. Readings without an event, and those of an event without an origin, are
    put together by time, station by station. Codes are blank where the reading says none.

    `used` is `LOCATED` where a location rests on the reading, `READ` where nothing is known of it, and `DOUBTED`
    where the location or the analyst gave it no weight: no label, but no noise either. Rejected readings are left
    out.

    Raises:
        InputError: where no reading is found.
    """
    must_exist(path, "readings in a table, QuakeML or SAC were")
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    readings, events = [], []
    for file in files:
        try:
            some, of = _read(file, found)
        except InputError as error:
            if not path.is_dir():
                raise
            found.add("files have no readable picks", [str(error)])
            continue
        readings.append(some)
        events.append(of)
    table = pd.concat(readings, ignore_index=True) if readings else pd.DataFrame(columns=list(COLUMNS))
    table = _of_p_and_s(table, found)
    if table.empty:
        raise InputError(f"{path}: no reading of a P or S phase")
    catalogue = pd.concat(events, ignore_index=True).drop_duplicates("source_id")
    return table, catalogue.reset_index(drop=True)


def names_of(readings: pd.DataFrame) -> list[str]:
    """Return what readings are called in findings."""
    rows = readings[["phase", "event_id", "network", "station"]].astype(str).to_numpy()
    return [
        f"{phase}{f' of {event}' if event else ''} at {f'{network}.{station}'.lstrip('.')}"
        for phase, event, network, station in rows
    ]


def _of_p_and_s(table: pd.DataFrame, found: Tally) -> pd.DataFrame:
    """Return the readings that may be labels or stand beside them, in order of time, each once."""
    unused = table["phase"].map(is_unused).to_numpy(bool)
    table["used"] = np.where(unused, DOUBTED, table["used"].to_numpy(np.int64))
    rejected = table["status"].str.lower().to_numpy(str) == "rejected"
    found.add("readings were rejected by whoever made them", names_of(table[rejected]))
    plain = table["phase"].map(plain_phase)
    known = plain.map(lambda name: bool(name) and phase_kind(name) is not None).to_numpy(bool)
    found.add("readings are of no P or S phase and are left out", table["phase"][~(known | rejected)])
    table = table.assign(phase=plain)[known & ~rejected]
    table = table.sort_values("time_ns", kind="stable").reset_index(drop=True)
    again = table.duplicated(["event_id", "network", "station", "phase", "time_ns"])
    found.add("readings are given more than once", names_of(table[again]))
    table = table[~again].reset_index(drop=True)
    loose = table["event_id"].to_numpy(str) == ""
    found.add("readings name no event that was located, and are put together by time", names_of(table[loose]))
    if loose.any():
        table.loc[loose, "event_id"] = group_loose(table[loose])
    return table


def _read(file: Path, found: Tally) -> tuple[pd.DataFrame, pd.DataFrame]:
    if file.suffix.lower() in _TABLES:
        return _read_table(file, found)
    if is_sac(file):
        rows, about = read_sac(file, found)
    else:
        rows, about = _read_events(file, found)
    return _framed(rows, COLUMNS), _framed(about, EVENT_COLUMNS)


def _framed(rows: list[tuple[Any, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(columns), dtype=object)
    return table.astype({"time_ns": "int64", "used": "int64"}) if "time_ns" in table else table


def _read_table(file: Path, found: Tally) -> tuple[pd.DataFrame, pd.DataFrame]:
    texts, _ = read_pick_texts(file, found.note)
    blank = pd.Series("", index=texts.index, dtype=object)
    table = pd.DataFrame({name: texts.get(name, blank) for name in COLUMNS[:6]}).astype(object)
    table["time_ns"] = texts["time"].astype("datetime64[ns]").astype("int64")
    table["event_id"] = [event if event.lower() not in _NO_EVENT else "" for event in table["event_id"]]
    status = texts.get("status", blank).str.lower()
    rejected = (texts.get("evaluation", blank).str.lower() == "rejected") | (status == "rejected")
    table["status"] = status.where(~rejected, "rejected").astype(object)
    table["used"] = np.where(_without_weight(texts.get("weight", blank), file, found), DOUBTED, READ)
    events = [event for event in table["event_id"].unique() if event]
    return table, pd.DataFrame({"source_id": events}).reindex(columns=list(EVENT_COLUMNS))


def _without_weight(texts: pd.Series, file: Path, found: Tally) -> npt.NDArray[np.bool_]:
    """Return which weights of a table are none: 0 of numbers up to 1, 4 of HYPO71's classes from 0 to 4."""
    weight = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    if np.nanmax(weight, initial=0) > 1:
        return weight >= 4
    if ((weight > 0) & (weight < 1)).any():
        return weight == 0
    if (weight == 0).any():
        found.add("files have no weights but 0 and 1, of which either may be none; not used", [file.name])
    return np.zeros(len(weight), bool)


def _read_events(file: Path, found: Tally) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
            from obspy import read_events

            events = list(read_events(str(file)))
    except Exception as error:  # ObsPy and lxml raise many kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{file}: no readable QuakeML, nor another file of picks ({reason})") from error
    rows = [row for event in events for row in _readings_of(event, found)]
    return rows, [_about(event) for event in events if event.origins]


def _readings_of(event: Any, found: Tally) -> list[tuple[Any, ...]]:
    """Return a row per pick of an event; its phase is that of the located arrival, else the analyst's hint."""
    arrivals = {str(one.pick_id): one for one in reversed(_arrivals(event))}
    # An agency that gives no weight to any arrival says nothing by it.
    weighted = any(one.time_weight for one in arrivals.values())
    name = str(event.resource_id.id) if event.origins else ""
    rows = []
    for pick in event.picks:
        where, arrival = pick.waveform_id, arrivals.get(str(pick.resource_id))
        if where is None or pick.time is None:
            found.add("readings have no station or no time", [pick.phase_hint or "a pick"])
            continue
        used = READ if arrival is None else LOCATED
        if arrival is not None and weighted and arrival.time_weight == 0:
            used = DOUBTED
        location = where.location_code or ""
        rows.append(
            (
                name, where.network_code or "", where.station_code or "", "" if location == "--" else location,
                where.channel_code or "", (arrival and arrival.phase) or pick.phase_hint or "", int(pick.time.ns),
                "rejected" if pick.evaluation_status == "rejected" else pick.evaluation_mode or "", used,
            )
        )  # fmt: skip
    return rows


def _arrivals(event: Any) -> list[Any]:
    """Return the arrivals of the preferred origin, or of the first that has some."""
    preferred = event.preferred_origin()
    origins = [*([preferred] if preferred is not None else []), *event.origins]
    return next((list(origin.arrivals) for origin in origins if origin.arrivals), [])


def _about(event: Any) -> tuple[Any, ...]:
    origin = event.preferred_origin() or event.origins[0]
    magnitude = event.preferred_magnitude() or (event.magnitudes or [None])[0]
    return (
        str(event.resource_id.id), str(origin.time or ""), origin.latitude, origin.longitude,
        None if origin.depth is None else origin.depth / 1000,
        getattr(magnitude, "mag", None), getattr(magnitude, "magnitude_type", None),
    )  # fmt: skip
