"""Where a station stood at the time of a pick."""

from collections import defaultdict
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.earth.sphere import distance_km
from terrella.errors import InputError
from terrella.pick.data.tally import Tally

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_SAME_KM = 0.5  # places nearer than that are one for the association
_TOLD_KM = 0.05


@dataclass(frozen=True, eq=False)
class Stations:
    """Places of stations in order of their names, each in its time."""

    network: npt.NDArray[np.object_]  # (place,) blank where the table names none
    station: npt.NDArray[np.object_]
    location: npt.NDArray[np.object_]
    longitude: npt.NDArray[np.float64]
    latitude: npt.NDArray[np.float64]
    elevation_km: npt.NDArray[np.float64]
    start_utc: npt.NDArray[np.datetime64]
    end_utc: npt.NDArray[np.datetime64]  # from then on it is not there

    def __len__(self) -> int:
        return len(self.station)

    @property
    def name(self) -> npt.NDArray[np.object_]:
        """Return network.station, or the station alone."""
        pairs = zip(self.network, self.station, strict=True)
        return np.array([f"{network}.{station}".lstrip(".") for network, station in pairs], object)

    def part(self, rows: Bools) -> "Stations":
        """Return some of the places."""
        return Stations(*(getattr(self, field.name)[rows] for field in fields(self)))

    def during(self, first_utc: np.datetime64, last_utc: np.datetime64) -> Bools:
        """Return which places were in use at some time between two."""
        return np.asarray((self.start_utc <= last_utc) & (self.end_utc > first_utc))


def find_sites(picks: pd.DataFrame, stations: Stations, found: Tally) -> Ints:
    """Return the place of each pick's station at the pick's time, by its row in the table; −1 where there is none.

    `picks` has network, station, location and time. A network that picks or table do not name is found by the
    station's code where that is the only one.

    Raises:
        InputError: where a station's network, or its place at that time, is one of several.
    """
    sites = np.full(len(picks), -1, np.int64)
    times = picks["time"].to_numpy("datetime64[us]")
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row, code in enumerate(zip(picks["network"], picks["station"], picks["location"], strict=True)):
        groups[code].append(row)
    claimed: dict[int, str] = {}
    for (network, station, location), rows in sorted(groups.items()):
        name = f"{network}.{station}".lstrip(".")
        places = _places(network, station, location, stations)
        if not len(places):
            found.add(
                "stations with picks are not in the table of stations, and are left out",
                [f"{name} ({len(rows)})"],
            )
            continue
        for place in places.tolist():
            other = claimed.setdefault(place, name)
            if network and not stations.network[place] and other != name:
                raise InputError(
                    f"the table of stations names no network of {station}, and there are picks of {other} and "
                    f"{name}; add the network"
                )
        sites[rows] = _in_time(name, places, times[rows], stations, found)
    return sites


def _places(network: str, station: str, location: str, stations: Stations) -> Ints:
    """Return the rows of a station, those of the sensor's location where they are told apart."""
    rows = np.flatnonzero((stations.station == station) & (stations.network == network))
    if not len(rows) and network:
        joined = (stations.station == station) | (stations.station == f"{network}_{station}")
        rows = np.flatnonzero(joined & (stations.network == ""))
    elif not len(rows):
        rows = np.flatnonzero(stations.station == station)
        if len(networks := np.unique(stations.network[rows].astype(str))) > 1:
            every = " and ".join(f"{each}.{station}" for each in networks)
            raise InputError(
                f"picks of {station} name no network, and the table of stations has {every}; add it"
            )
        if not len(rows) and "_" in station:
            network, station = station.split("_")[:2]  # as in XX_STA
            return _places(network, station, location, stations)
    own = rows[stations.location[rows] == location]
    return own if len(own) else rows


def _in_time(
    name: str, places: Ints, times: npt.NDArray[np.datetime64], stations: Stations, found: Tally
) -> Ints:
    """Return the place in use at each time."""
    there = (times[:, None] >= stations.start_utc[places]) & (times[:, None] < stations.end_utc[places])
    sites = np.full(len(times), -1, np.int64)
    for used in np.unique(there, axis=0):
        rows = np.flatnonzero((there == used).all(1))
        several = places[used] if used.any() else places
        apart_km = _spread_km(several, stations)
        if apart_km > _SAME_KM and used.any():
            raise InputError(
                f"{name} has {len(several)} places up to {apart_km:.1f} km apart at {times[rows[0]]}; give each "
                "its start and end, or leave the right one"
            )
        if not used.any():
            what = "several places" if apart_km > _SAME_KM else "one place"
            done = "they are left out" if apart_km > _SAME_KM else "it is taken"
            found.add(
                f"stations have picks outside all their times in the table, and {what}; {done}",
                [f"{name} ({len(rows)})"],
            )
        elif apart_km > _TOLD_KM:
            found.add("stations have places at one time less than 0.5 km apart; the first is taken", [name])
        if apart_km <= _SAME_KM:
            sites[rows] = several[0]
    return sites


def _spread_km(places: Ints, stations: Stations) -> float:
    """Return how far the places are from the first at most."""
    first = places[0]
    flat = distance_km(
        stations.longitude[first],
        stations.latitude[first],
        stations.longitude[places],
        stations.latitude[places],
    )
    upright = stations.elevation_km[places] - stations.elevation_km[first]
    return float(np.hypot(flat, upright).max())
