"""What an association reads: a table of picks and a table of stations."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.formats.waveforms.phases import phase_kind, plain_phase
from terrella.formats.waveforms.picks import columns_by_name, read_table
from terrella.formats.waveforms.picks import read_picks as read_pick_table
from terrella.pick.association.sites import Stations, find_sites
from terrella.pick.data.tally import Tally

# Headers of station tables in lower case without anything but letters, by our names; the first that fits is taken.
_HEADERS = {
    "id": ("id", "traceid", "stationid", "seedid"),
    "network": ("network", "net", "networkcode", "stationnetworkcode"),
    "station": ("station", "sta", "stationcode"),
    "location": ("location", "loc", "locationcode", "stationlocationcode"),
    "longitude": ("longitude", "lon", "longitudedeg", "stationlongitudedeg", "stlo"),
    "latitude": ("latitude", "lat", "latitudedeg", "stationlatitudedeg", "stla"),
    "elevation_m": ("elevationm", "elevation", "elev", "elevm", "stationelevationm", "stel"),
    "elevation_km": ("elevationkm", "elevkm"),
    "start": ("start", "startdate", "starttime", "begin", "begindate", "begintime", "ondate"),
    "end": ("end", "enddate", "endtime", "offdate"),
}
_PLACE = ("longitude", "latitude", "elevation_m")
_COLUMNS = ("network", "station", "location", *_PLACE, "start", "end")
_SMALL_M = 9.0  # elevations that are all less may be km: no ground is higher
_ALWAYS = (np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31", "us"))


@dataclass(frozen=True, eq=False)
class Picks:
    """Picks of P and S in order of time, then station and phase."""

    trace_id: npt.NDArray[np.object_]  # (pick,) as in the file
    station: npt.NDArray[np.object_]  # network.station
    site: npt.NDArray[np.int64]  # the station's row in the table, that of the pick's time
    phase: npt.NDArray[np.object_]  # P or S
    time_utc: npt.NDArray[np.datetime64]  # datetime64[us]
    amplitude: npt.NDArray[np.float64]  # NaN where unknown

    def __len__(self) -> int:
        return len(self.time_utc)


def read_picks(path: Path, stations: Stations, found: Tally) -> Picks:
    """Return the picks of stations that are known; others are left out, with a finding.

    `path` is a CSV file with the columns trace_id (network.station.location), phase and time (ISO 8601, UTC), as
    `terrella pick run` writes it, or with those of other programs; amplitude where magnitudes are wanted. Order and
    duplicates do not matter.

    Raises:
        InputError: where a column is missing, a time cannot be read, a station's place at the time is not clear, or
            no pick is left.
    """
    picks = known_picks(read_pick_table(path, found.note)[0], stations, found)
    if not len(picks):
        raise InputError(f"{path}: no pick of P or S at a station that is known; nothing to associate")
    return picks


def known_picks(table: pd.DataFrame, stations: Stations, found: Tally) -> Picks:
    """Return what `read_picks` does of a table with its columns; there may be none.

    Raises:
        InputError: where a station's place at the time of a pick is not clear.
    """
    phase = table["phase"].map(lambda name: phase_kind(plain_phase(name)))
    found.add("picks are of no P or S phase and are left out", table["phase"][phase.isna()])
    rejected = table.get("evaluation", pd.Series("", table.index)).str.lower() == "rejected"
    found.add("picks were rejected by whoever made them and are left out", table["trace_id"][rejected])
    table = table[~(phase.isna() | rejected)].assign(phase=phase)
    picks = pd.DataFrame(
        {
            "trace_id": table["trace_id"],
            "site": find_sites(table, stations, found),
            "phase": table["phase"],
            "time": table["time"],
            "amplitude": table["amplitude"].where(table["amplitude"] > 0),
        }
    )
    picks = picks[picks["site"] >= 0]
    picks["station"] = stations.name[picks["site"].to_numpy(np.int64)]
    picks = picks.sort_values(["time", "station", "phase", "trace_id"])
    picks = picks.drop_duplicates(["time", "station", "phase"])
    trace_id, station, kind = (picks[name].to_numpy(object) for name in ("trace_id", "station", "phase"))
    time_utc, amplitude_each = picks["time"].to_numpy("datetime64[us]"), picks["amplitude"].to_numpy(float)
    return Picks(trace_id, station, picks["site"].to_numpy(np.int64), kind, time_utc, amplitude_each)


def read_stations(path: Path, found: Tally) -> Stations:
    """Return stations from StationXML or another inventory that ObsPy reads, or from a CSV file.

    The CSV has columns for the id (network.station), or station and perhaps network, longitude, latitude and
    elevation_m (or elevation_km); perhaps location, and start and end of a station that moved, a row per place.

    Raises:
        InputError: where a column is missing or a coordinate or a date is none.
    """
    table = _inventory(path) if _is_inventory(path) else _station_table(path, found)
    numbers = table[list(_PLACE)].apply(pd.to_numeric, errors="coerce")
    wrong = (
        numbers.isna().any(axis=1)
        | ~numbers["longitude"].between(-180, 360)
        | (numbers["latitude"].abs() > 90)
    )
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        place = ", ".join(map(str, table[list(_PLACE)].iloc[row]))
        raise InputError(
            f"{path} row {row + 1}: station {_name(table.iloc[row])} at {place}; "
            "expected longitude and latitude in degrees, elevation in m"
        )
    # The order of the rows does not matter but among places of one station.
    order = np.lexsort([table["station"].astype(str), table["network"].astype(str)])
    network, station, location = (
        table[name].to_numpy(object)[order] for name in ("network", "station", "location")
    )
    longitude, latitude, elevation_m = numbers.to_numpy(float)[order].T
    start, end = (
        _dates(table[name], path, always)[order]
        for name, always in zip(("start", "end"), _ALWAYS, strict=True)
    )
    return Stations(network, station, location, longitude, latitude, elevation_m / 1000, start, end)


def _name(row: pd.Series) -> str:
    return f"{row['network']}.{row['station']}".strip(".")


def _is_inventory(path: Path) -> bool:
    """Return whether a file is XML or FDSN's text of stations, by its first letters."""
    must_exist(path, "StationXML or a table of stations was")
    try:
        start = path.read_bytes()[:200].lstrip(b"\xef\xbb\xbf \r\n\t")
    except OSError as error:
        raise InputError(f"{path}: no readable table of stations ({error.strerror})") from error
    return start.startswith(b"<") or start.replace(b" ", b"").lower().startswith(b"#network|")


def _station_table(path: Path, found: Tally) -> pd.DataFrame:
    raw, _ = read_table(path, found.note)
    table = columns_by_name(raw, _HEADERS)
    if "id" in table and not ("station" in table and not table["id"].str.contains("[.]").any()):
        parts = [[*name.split("."), "", ""][:3] if "." in name else ["", name, ""] for name in table["id"]]
        for i, name in enumerate(("network", "station", "location")):
            own = pd.Series([part[i] for part in parts], index=raw.index, dtype=object)
            table[name] = table.get(name, own).where(own == "", own)
    if "elevation_m" not in table and "elevation_km" in table:
        table["elevation_m"] = pd.to_numeric(table["elevation_km"], errors="coerce") * 1000
    elif "elevation_m" in table:
        _doubt_unit(table["elevation_m"], found)
    missing = [name for name in ("station", *_PLACE) if name not in table]
    if missing:
        names = ", ".join(missing).replace("station", "id")
        raise InputError(
            f"{path}: no column {names}; the columns are {', '.join(map(str, raw.columns))}, expected "
            "id (network.station), longitude, latitude, elevation_m (or elevation_km)"
        )
    blank = pd.Series("", index=raw.index)
    return pd.DataFrame({name: table.get(name, blank) for name in _COLUMNS})


def _doubt_unit(elevation: pd.Series, found: Tally) -> None:
    """Find elevations without a unit that may be km."""
    size = pd.to_numeric(elevation, errors="coerce").abs()
    if not str(elevation.name).lower().rstrip(" )]").endswith("m") and 0 < size.max() < _SMALL_M:
        found.add(
            f"elevations are all below {_SMALL_M:g} and taken as m; name the column elevation_km if they are km",
            [str(value) for value in elevation],
        )


def _dates(texts: pd.Series, path: Path, always: np.datetime64) -> npt.NDArray[np.datetime64]:
    """Return dates and times, of which only the year may be given, and `always` where there is none."""
    dates = np.full(len(texts), always)
    for row, text in enumerate(texts.astype(str).str.strip()):
        if text.lower() in ("", "nan", "none", "nat"):
            continue
        try:
            dates[row] = np.datetime64(text.removesuffix("Z").removesuffix("+00:00").replace(" ", "T"), "us")
        except ValueError as error:
            raise InputError(
                f"{path} row {row + 1}: {texts.name} {text!r}; expected a date such as 2019-07-06"
            ) from error
    return dates


def _inventory(path: Path) -> pd.DataFrame:
    def rows(inventory: Any) -> list[tuple[Any, ...]]:
        return [
            (
                network.code, station.code, "", station.longitude, station.latitude, station.elevation,
                _within([network.start_date, station.start_date], [each.start_date for each in station], max, min),
                _within([network.end_date, station.end_date], [each.end_date for each in station], min, max),
            )
            for network in inventory
            for station in network
        ]  # fmt: skip

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
            from obspy import read_inventory

            found = rows(read_inventory(str(path)))
    except Exception as error:  # ObsPy and lxml raise many kinds, none of which the user can act upon
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path}: no readable StationXML ({reason}); fetch it again") from error
    return pd.DataFrame(found, columns=list(_COLUMNS))


def _within(whole: list[Any], channels: list[Any], narrower: Any, wider: Any) -> str:
    """Return when a station began or ended: no earlier or later than its network, nor than all its channels."""
    if channels and None not in channels:
        whole = [*whole, wider(channels)]
    known = [time for time in whole if time is not None]
    return str(narrower(known)) if known else ""
