"""Picks of a network to events, by PyOcto."""

import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from terrella.earth.sphere import unit_vectors
from terrella.errors import InputError
from terrella.pick.association.left_out import left_out
from terrella.pick.association.locate import locate
from terrella.pick.association.magnitude import event_magnitudes, station_magnitude
from terrella.pick.association.tables import Picks, Stations
from terrella.pick.association.travel_time_table import TravelTimeTable, make_table, write_pyocto_table
from terrella.pick.association.velocity import AK135_CRUST, VelocityModel

Floats = npt.NDArray[np.float64]

_LEAST_STATIONS = 4  # for four unknowns
_FARTHEST_KM = 600.0  # flat layers serve no farther
_MISFIT_S = 1.5  # most of a pick in an event
_SLACK_S = 2.0  # of the travel times in the search, for what layers do not tell
_BETWEEN_S = 3.0  # events
_EDGE_KM = 0.5  # from the volume's sides: the event lies beyond


@dataclass(frozen=True)
class AssociationSettings:
    """Where events are sought and what makes one."""

    velocity: VelocityModel = field(default_factory=lambda: AK135_CRUST)
    max_depth_km: float = 60.0
    margin_km: float = 50.0  # around the stations
    min_picks: int = 8  # of an event
    min_p: int = 3
    min_s: int = 2


@dataclass(frozen=True, eq=False)
class Association:
    """Events in order of time, and the picks that belong to them."""

    # time, longitude, latitude, depth_km, magnitude, picks, at_edge (of the volume); the index counts from 0
    events: pd.DataFrame
    assignments: pd.DataFrame  # event, pick (row of the picks), residual_s, distance_km, magnitude
    left_out: pd.DataFrame  # pick, reason, and the nearest event (−1 for none) with its misfit_s


@dataclass(frozen=True, eq=False)
class _Network:
    """Stations in the plane, the volume in which events are sought, and travel times through it."""

    plane: pyproj.Proj
    sites: Floats  # (station, 3): x, y, elevation in km
    low: Floats  # x, y, depth in km
    high: Floats
    reach_km: float
    table: TravelTimeTable


def associate(picks: Picks, stations: Stations, settings: AssociationSettings | None = None) -> Association:
    """Return events and their picks by PyOcto (Münchmeyer 2024), located anew in the same layers.

    A magnitude is the median over stations of `station_magnitude`. The order of the picks does not matter.

    Raises:
        InputError: where PyOcto is not installed, a setting makes no sense, or fewer than four stations have picks.
    """
    settings = settings or AssociationSettings()
    _check(settings)
    pyocto = _pyocto()
    known = int(np.isin(stations.name, picks.station).sum())
    if known < _LEAST_STATIONS:
        raise InputError(
            f"{known} stations have picks; at least {_LEAST_STATIONS} are needed to locate an event"
        )
    network = _network(stations, settings)
    # Seconds from the first pick keep microseconds in a float64.
    seconds = (picks.time_utc - picks.time_utc[0]) / np.timedelta64(1, "s")
    site = network.sites[np.searchsorted(stations.name.astype(str), picks.station.astype(str))]
    is_s = picks.phase == "S"
    events, assigned = [], []
    for start, of in _search(pyocto, network, stations, picks, seconds, settings):
        found, residual = locate(
            network.table, start, site[of], is_s[of], seconds[of], network.low, network.high
        )
        distance = np.hypot(*(site[of, :2] - found[:2]).T)
        magnitude = station_magnitude(picks.amplitude[of], np.hypot(distance, found[2] + site[of, 2]))
        events.append(found)
        assigned.append(
            pd.DataFrame(
                {"pick": of, "residual_s": residual, "distance_km": distance, "magnitude": magnitude}
            )
        )
    hypocentres = np.reshape(events, (-1, 4))
    order = np.argsort(hypocentres[:, 3], kind="stable")
    hypocentres, assigned = hypocentres[order], [assigned[i] for i in order]
    in_time, assignments = _in_degrees(picks, hypocentres, assigned, network)
    rest = left_out(picks, site, seconds, hypocentres, assignments, network.table, _MISFIT_S)
    return Association(in_time, assignments, rest)


def _check(settings: AssociationSettings) -> None:
    for name in ("max_depth_km", "min_picks", "min_p"):
        if not getattr(settings, name) > 0:
            raise InputError(f"{name} {getattr(settings, name)}; a number above 0 was expected")
    for name in ("margin_km", "min_s"):
        if not getattr(settings, name) >= 0:
            raise InputError(f"{name} {getattr(settings, name)}; 0 or more was expected")


def _network(stations: Stations, settings: AssociationSettings) -> _Network:
    plane = _plane(stations)
    sites = np.column_stack([*plane(stations.longitude, stations.latitude), stations.elevation_km])
    low = np.append(sites[:, :2].min(0) - settings.margin_km, 0.0)
    high = np.append(sites[:, :2].max(0) + settings.margin_km, settings.max_depth_km)
    reach_km = min(float(np.hypot(*(high - low)[:2])), _FARTHEST_KM)
    table = make_table(settings.velocity, reach_km, settings.max_depth_km)
    return _Network(plane, sites, low, high, reach_km, table)


def _search(
    pyocto: ModuleType,
    network: _Network,
    stations: Stations,
    picks: Picks,
    seconds: Floats,
    settings: AssociationSettings,
) -> list[tuple[Floats, npt.NDArray[np.int64]]]:
    """Return PyOcto's preliminary hypocentres (x, y, depth, time), and the picks of each."""
    reach_km, table = network.reach_km, network.table
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "times"
        write_pyocto_table(table, file)
        associator = pyocto.OctoAssociator(
            *((float(low), float(high)) for low, high in zip(network.low, network.high, strict=True)),
            pyocto.VelocityModel1D(
                file, _SLACK_S, reach_km, reach_km, table.surface_p_km_s, table.surface_s_km_s
            ),
            time_before=float(table.s.max()),
            pick_match_tolerance=_MISFIT_S,
            min_interevent_time=_BETWEEN_S,
            n_picks=max(settings.min_picks, settings.min_p + settings.min_s),
            n_p_picks=settings.min_p,
            n_s_picks=settings.min_s,
            n_p_and_s_picks=min(settings.min_p, settings.min_s, 2),
        )
        x, y, elevation_km = network.sites.T
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of its use of pandas
            found, assigned = associator.associate(
                pd.DataFrame({"station": picks.station, "phase": picks.phase, "time": seconds}),
                pd.DataFrame({"id": stations.name, "x": x, "y": y, "z": -elevation_km}),
            )
    if len(found) == 0:
        return []
    members = assigned.groupby("event_idx")["pick_idx"]
    starts = found[["x", "y", "z", "time"]].to_numpy(float)
    return [
        (start, np.sort(members.get_group(i).to_numpy(np.int64)))
        for start, i in zip(starts, found["idx"], strict=True)
    ]


def _in_degrees(
    picks: Picks, hypocentres: Floats, assigned: list[pd.DataFrame], network: _Network
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events in degrees, with magnitudes, and their picks."""
    x, y, depth, second = hypocentres.T
    longitude, latitude = network.plane(x, y, inverse=True)
    columns = {"pick": int, "residual_s": float, "distance_km": float, "magnitude": float}
    none = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    table = pd.concat(assigned, keys=range(len(assigned)), names=["event"]) if assigned else none
    event = table.index.get_level_values(0).to_numpy(np.int64)
    of = table["pick"].to_numpy(np.int64)
    flat = hypocentres[:, :2]
    at_edge = ((flat - network.low[:2] < _EDGE_KM) | (network.high[:2] - flat < _EDGE_KM)).any(1)
    events = pd.DataFrame(
        {
            "time": picks.time_utc[0] + (second * 1e6).round().astype("timedelta64[us]"),
            "longitude": longitude,
            "latitude": latitude,
            "depth_km": depth,
            "magnitude": event_magnitudes(
                event, picks.station[of], table["magnitude"].to_numpy(), len(hypocentres)
            ),
            "picks": np.bincount(event, minlength=len(hypocentres)),
            "at_edge": at_edge,
        }
    )
    assignments = table.reset_index(drop=True)
    assignments.insert(0, "event", event)
    return events, assignments


def _plane(stations: Stations) -> pyproj.Proj:
    """Return the equidistant projection around the network, from degrees to km."""
    x, y, z = unit_vectors(stations.longitude, stations.latitude).mean(0)
    longitude, latitude = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
    return pyproj.Proj(proj="aeqd", lon_0=longitude, lat_0=latitude, ellps="WGS84", units="km")


def _pyocto() -> ModuleType:
    try:
        import pyocto
    except ImportError as error:
        raise InputError("association needs PyOcto; pip install 'terrella[pick]'") from error
    found: ModuleType = pyocto
    return found
