"""Arrivals that people read, from QuakeML or a table: event, station, phase, time."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.pick.data.tally import Tally
from terrella.pick.phases import phase_kind

COLUMNS = ("event_id", "network", "station", "location", "channel", "phase", "time_ns", "status")
EVENT_COLUMNS = (
    "source_id", "source_origin_time", "source_latitude_deg", "source_longitude_deg", "source_depth_km",
    "source_magnitude", "source_magnitude_type",
)  # fmt: skip
# Headers of tables in lower case without anything but letters, by our names; the first that fits is taken.
_HEADERS = {
    "event_id": ("eventid", "evid", "event", "sourceid"),
    "trace_id": ("traceid", "stationid", "seedid", "id"),
    "network": ("network", "net", "stationnetworkcode"),
    "station": ("station", "sta", "stationcode"),
    "location": ("location", "loc", "stationlocationcode"),
    "channel": ("channel", "cha", "tracechannel"),
    "phase": ("phase", "phasetype", "phasehint", "type"),
    "time": ("time", "phasetime", "peaktime", "picktime", "arrivaltime", "timestamp"),
    "status": ("status", "evaluationmode"),
}
_APART_NS = 120 * 10**9  # between readings of different events where the table names none


def read_readings(path: Path, found: Tally) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the readings of P and S phases, with the columns `COLUMNS`, and the events, with `EVENT_COLUMNS`.

    `path` is a table (.csv), a QuakeML file, or a folder of these files. Of a table without event ids, readings
    within two minutes of each other count as one event. `channel` is blank where the reading says none, and
    `network` as well.

    Raises:
        InputError: where no reading is found.
    """
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    readings, events = [], []
    for file in files:
        try:
            some, of = _read_table(file) if file.suffix.lower() == ".csv" else _read_quakeml(file)
        except InputError as error:
            if not path.is_dir():
                raise
            found.add("files have no readable picks", [str(error)])
            continue
        readings.append(some)
        events.append(of)
    table = pd.concat(readings, ignore_index=True) if readings else pd.DataFrame(columns=list(COLUMNS))
    table["phase"] = table["phase"].map(lambda name: re.sub("[^A-Za-z]", "", name))
    known = table["phase"].map(lambda name: bool(name) and phase_kind(name) is not None).to_numpy(bool)
    found.add("readings are of no P or S phase and are left out", table["phase"][~known])
    table = table[known].sort_values("time_ns", kind="stable").reset_index(drop=True)
    if table.empty:
        raise InputError(f"{path}: no reading of a P or S phase")
    catalogue = pd.concat(events, ignore_index=True).drop_duplicates("source_id")
    return table, catalogue.reset_index(drop=True)


def _read_table(file: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    try:
        raw = pd.read_csv(file, dtype=str, keep_default_na=False, comment="#")
    except (ValueError, OSError) as error:
        raise InputError(f"{file}: no readable table ({str(error).splitlines()[0][:120]})") from error
    squeezed = {re.sub("[^a-z]", "", str(name).lower()): name for name in reversed(raw.columns)}
    columns = {
        ours: raw[squeezed[header]].str.strip()
        for ours, headers in _HEADERS.items()
        if (header := next((h for h in headers if h in squeezed), None)) is not None
    }
    for needed in ("phase", "time"):
        if needed not in columns:
            raise InputError(
                f"{file}: no column for the {needed}; the columns are {', '.join(map(str, raw.columns))}"
            )
    if "trace_id" in columns:
        parts = [(name.split(".") + [""] * 4)[:4] for name in columns["trace_id"]]
        for i, name in enumerate(("network", "station", "location", "channel")):
            columns.setdefault(name, pd.Series([part[i] for part in parts], index=raw.index, dtype=str))
    if "station" not in columns:
        raise InputError(f"{file}: no column for the station (station, or trace_id such as CH.DAVOX..HHZ)")
    times = pd.to_datetime(columns["time"], utc=True, errors="coerce", format="ISO8601")
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        raise InputError(
            f"{file} row {row + 1}: time {columns['time'].iloc[row]!r}; such as 2019-07-06T03:19:53.04Z"
        )
    blank = pd.Series("", index=raw.index)
    table = pd.DataFrame({name: columns.get(name, blank) for name in COLUMNS if name != "time_ns"})
    table["time_ns"] = times.dt.as_unit("ns").astype("int64")
    if (table["event_id"] == "").all():
        order = np.argsort(table["time_ns"].to_numpy(), kind="stable")
        apart = np.diff(table["time_ns"].to_numpy()[order], prepend=0) > _APART_NS
        group = np.empty(len(table), np.int64)
        group[order] = np.cumsum(apart)
        table["event_id"] = [f"{file.stem}-{g}" for g in group]
    return table, pd.DataFrame({"source_id": table["event_id"].unique()}).reindex(columns=list(EVENT_COLUMNS))


def _read_quakeml(file: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
            from obspy import read_events

            events = list(read_events(str(file), format="QUAKEML"))
    except Exception as error:  # ObsPy and lxml raise many kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{file}: no readable QuakeML ({reason})") from error
    rows = [row for event in events for row in _readings_of(event)]
    about = [_about(event) for event in events]
    return pd.DataFrame(rows, columns=list(COLUMNS)), pd.DataFrame(about, columns=list(EVENT_COLUMNS))


def _readings_of(event: Any) -> list[tuple[Any, ...]]:
    """Return a row per pick of an event; its phase is that of the located arrival, else the analyst's hint."""
    origin = event.preferred_origin() or (event.origins or [None])[0]
    arrivals = {
        str(one.pick_id): one.phase for one in (origin.arrivals if origin is not None else []) if one.phase
    }
    rows = []
    for pick in event.picks:
        where = pick.waveform_id
        if where is None or pick.time is None or pick.evaluation_status == "rejected":
            continue
        rows.append(
            (
                str(event.resource_id.id), where.network_code or "", where.station_code or "",
                where.location_code or "", where.channel_code or "",
                arrivals.get(str(pick.resource_id)) or pick.phase_hint or "", int(pick.time.ns),
                pick.evaluation_mode or "",
            )
        )  # fmt: skip
    return rows


def _about(event: Any) -> tuple[Any, ...]:
    origin = event.preferred_origin() or (event.origins or [None])[0]
    magnitude = event.preferred_magnitude() or (event.magnitudes or [None])[0]
    depth_m = getattr(origin, "depth", None)
    return (
        str(event.resource_id.id), str(getattr(origin, "time", None) or ""), getattr(origin, "latitude", None),
        getattr(origin, "longitude", None), None if depth_m is None else depth_m / 1000,
        getattr(magnitude, "mag", None), getattr(magnitude, "magnitude_type", None),
    )  # fmt: skip
