"""What an association reads: a table of picks and a table of stations."""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.errors import InputError
from terrella.formats.waveforms.picks import read_picks as read_pick_table
from terrella.pick.data.tally import Tally
from terrella.pick.phases import phase_kind

# Headers of station tables in lower case without anything but letters, by our names; the first that fits is taken.
_HEADERS = {
    "id": ("id", "traceid", "stationid", "seedid"),
    "network": ("network", "net", "networkcode"),
    "station": ("station", "sta", "stationcode"),
    "longitude": ("longitude", "lon", "longitudedeg"),
    "latitude": ("latitude", "lat", "latitudedeg"),
    "elevation_m": ("elevationm", "elevation", "elev"),
}


@dataclass(frozen=True, eq=False)
class Picks:
    """Picks of P and S in order of time, then station and phase."""

    trace_id: npt.NDArray[np.object_]  # (pick,) as in the file
    station: npt.NDArray[np.object_]  # network.station
    phase: npt.NDArray[np.object_]  # P or S
    time_utc: npt.NDArray[np.datetime64]  # datetime64[us]
    amplitude: npt.NDArray[np.float64]  # NaN where unknown

    def __len__(self) -> int:
        return len(self.time_utc)


@dataclass(frozen=True, eq=False)
class Stations:
    """Stations in order of their names."""

    name: npt.NDArray[np.object_]  # (station,) network.station
    longitude: npt.NDArray[np.float64]
    latitude: npt.NDArray[np.float64]
    elevation_km: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.name)


def read_picks(path: Path, stations: Stations, found: Tally) -> Picks:
    """Return the picks of stations that are known; others are left out, with a finding.

    `path` is a CSV file with the columns trace_id (network.station.location), phase and time (ISO 8601, UTC), as
    `terrella pick run` writes it; amplitude where magnitudes are wanted. Order and duplicates do not matter.

    Raises:
        InputError: where a column is missing, a time cannot be read, or no pick is left.
    """
    table, _ = read_pick_table(path)
    picks = pd.DataFrame(
        {
            "trace_id": table["trace_id"],
            "station": table["trace_id"].map(station_of),
            "phase": table["phase"].map(lambda name: phase_kind(name.strip())),
            "time": table["time"],
            "amplitude": table["amplitude"].where(table["amplitude"] > 0),
        }
    )
    neither = picks["phase"].isna()
    found.add("picks are of no P or S phase and are left out", table["phase"][neither])
    unknown = ~picks["station"].isin(stations.name)
    for name, count in picks["station"][unknown].value_counts().sort_index().items():
        found.add(
            "stations with picks are not in the table of stations, and are left out", [f"{name} ({count})"]
        )
    picks = picks[~(neither | unknown)].sort_values(["time", "station", "phase", "trace_id"])
    picks = picks.drop_duplicates(["time", "station", "phase"])
    if picks.empty:
        raise InputError(f"{path}: no pick of P or S at a station that is known; nothing to associate")
    trace_id, station, phase = (picks[name].to_numpy(object) for name in ("trace_id", "station", "phase"))
    time_utc, amplitude_each = picks["time"].to_numpy("datetime64[us]"), picks["amplitude"].to_numpy(float)
    return Picks(trace_id, station, phase, time_utc, amplitude_each)


def read_stations(path: Path) -> Stations:
    """Return stations from StationXML (.xml) or a CSV file.

    The CSV has columns for the id (network.station), or network and station, longitude, latitude and elevation_m.

    Raises:
        InputError: where a column is missing or a coordinate is none.
    """
    table = _inventory(path) if path.suffix.lower() == ".xml" else _station_table(path)
    numbers = table[["longitude", "latitude", "elevation_m"]].apply(pd.to_numeric, errors="coerce")
    wrong = (
        numbers.isna().any(axis=1)
        | ~numbers["longitude"].between(-180, 360)
        | (numbers["latitude"].abs() > 90)
    )
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"{path} row {row + 1}: station {table['id'].iloc[row]} at {', '.join(map(str, table.iloc[row][1:]))}; "
            "expected longitude and latitude in degrees, elevation in m"
        )
    numbers["id"] = table["id"].map(station_of)
    numbers = numbers.drop_duplicates("id").sort_values("id")
    columns = (numbers[name].to_numpy(float) for name in ("longitude", "latitude", "elevation_m"))
    longitude, latitude, elevation_m = columns
    return Stations(numbers["id"].to_numpy(object), longitude, latitude, elevation_m / 1000)


def station_of(trace_id: str) -> str:
    """Return network.station of network.station.location.channel."""
    return ".".join(trace_id.strip().split(".")[:2])


def _station_table(path: Path) -> pd.DataFrame:
    raw = _table(path)
    squeezed = {re.sub("[^a-z]", "", str(name).lower()): name for name in reversed(raw.columns)}
    table = pd.DataFrame(
        {
            ours: raw[squeezed[header]]
            for ours, headers in _HEADERS.items()
            if (header := next((h for h in headers if h in squeezed), None)) is not None
        }
    )
    if "id" not in table and {"network", "station"} <= set(table):
        table["id"] = table["network"].str.strip() + "." + table["station"].str.strip()
    missing = [name for name in ("id", "longitude", "latitude", "elevation_m") if name not in table]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; the columns are {', '.join(map(str, raw.columns))}, expected "
            "id (network.station), longitude, latitude, elevation_m"
        )
    return table[["id", "longitude", "latitude", "elevation_m"]]


def _inventory(path: Path) -> pd.DataFrame:
    def rows(inventory: Any) -> list[tuple[str, float, float, float]]:
        return [
            (f"{network.code}.{station.code}", station.longitude, station.latitude, station.elevation)
            for network in inventory
            for station in network
        ]

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
            from obspy import read_inventory

            found = rows(read_inventory(str(path), format="STATIONXML"))
    except Exception as error:  # ObsPy and lxml raise many kinds, none of which the user can act upon
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path}: no readable StationXML ({reason}); fetch it again") from error
    return pd.DataFrame(found, columns=["id", "longitude", "latitude", "elevation_m"])


def _table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, comment="#")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no readable table ({str(error).splitlines()[0][:120]})") from error
