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
from terrella.pick.association.magnitude import event_magnitudes, station_magnitude
from terrella.pick.association.settle import TOO_FEW, Settled, settle
from terrella.pick.association.sites import Stations
from terrella.pick.association.tables import Picks
from terrella.pick.association.travel_time_table import TravelTimeTable, make_table, write_pyocto_table
from terrella.pick.association.velocity import AK135_CRUST, VelocityModel

Floats = npt.NDArray[np.float64]

LEAST_STATIONS = 4  # for four unknowns
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
    magnitude_offset: float = 0.0  # added to magnitudes where they are written


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
    known = len(np.unique(picks.station.astype(str)))
    if known < LEAST_STATIONS:
        raise InputError(
            f"{known} stations have picks; at least {LEAST_STATIONS} are needed to locate an event"
        )
    network = _network(stations, picks, settings)
    # Seconds from the first pick keep microseconds in a float64.
    seconds = (picks.time_utc - picks.time_utc[0]) / np.timedelta64(1, "s")
    site, is_s = network.sites[picks.site], picks.phase == "S"
    events: list[Settled] = []
    refused: dict[int, str] = {}
    for start, of in _search(pyocto, network, picks, seconds, settings):
        found = settle(
            network.table, start, of, site, picks.station, is_s, seconds, network.low, network.high, _MISFIT_S
        )
        refused |= found.refused
        if _enough(is_s[found.picks], settings):
            events.append(found)
        else:
            refused |= dict.fromkeys(found.picks.tolist(), TOO_FEW)
    events.sort(key=lambda event: float(event.hypocentre[3]))
    in_time, assignments = _in_degrees(picks, events, site, network)
    hypocentres = np.reshape([event.hypocentre for event in events], (-1, 4))
    rest = left_out(picks, site, seconds, hypocentres, assignments, network.table, _MISFIT_S, refused)
    return Association(in_time, assignments, rest)


def _check(settings: AssociationSettings) -> None:
    for name in ("max_depth_km", "min_picks", "min_p"):
        if not getattr(settings, name) > 0:
            raise InputError(f"{name} {getattr(settings, name)}; a number above 0 was expected")
    for name in ("margin_km", "min_s"):
        if not getattr(settings, name) >= 0:
            raise InputError(f"{name} {getattr(settings, name)}; 0 or more was expected")


def _enough(is_s: npt.NDArray[np.bool_], settings: AssociationSettings) -> bool:
    p, s = int((~is_s).sum()), int(is_s.sum())
    return p + s >= settings.min_picks and p >= settings.min_p and s >= settings.min_s


def _network(stations: Stations, picks: Picks, settings: AssociationSettings) -> _Network:
    used = stations.during(picks.time_utc[0], picks.time_utc[-1])
    used[picks.site] = True
    plane = _plane(stations, used)
    sites = np.column_stack([*plane(stations.longitude, stations.latitude), stations.elevation_km])
    lowest, highest = (float(edge) for edge in (sites[used, 2].min(), sites[used, 2].max()))
    if settings.max_depth_km <= -highest:
        raise InputError(
            f"max_depth_km {settings.max_depth_km}; the highest station lies {-highest:g} km below sea level, "
            "give more"
        )
    low = np.append(sites[used, :2].min(0) - settings.margin_km, -highest)
    high = np.append(sites[used, :2].max(0) + settings.margin_km, settings.max_depth_km)
    reach_km = min(float(np.hypot(*(high - low)[:2])), _FARTHEST_KM)
    table = make_table(settings.velocity, reach_km, settings.max_depth_km, (lowest, highest))
    return _Network(plane, sites, low, high, reach_km, table)


def _search(
    pyocto: ModuleType, network: _Network, picks: Picks, seconds: Floats, settings: AssociationSettings
) -> list[tuple[Floats, npt.NDArray[np.int64]]]:
    """Return PyOcto's preliminary hypocentres (x, y, depth, time), and the picks of each.

    PyOcto knows depths below 0 alone and climbs to stations upright: it counts from the highest station, with the
    times to the middle one, from which the others are not far.
    """
    reach_km, table = network.reach_km, network.table
    shift = np.array([0, 0, network.low[2]])
    numbers = np.unique(picks.site)
    x, y, elevation_km = network.sites[numbers].T
    middle = float(np.median(elevation_km))
    p, s = table.level(middle)
    layer = settings.velocity.layer(-middle)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "times"
        write_pyocto_table(p, s, table.step_km, file)
        associator = pyocto.OctoAssociator(
            *(
                (float(low), float(high))
                for low, high in zip(network.low - shift, network.high - shift, strict=True)
            ),
            pyocto.VelocityModel1D(
                file,
                _SLACK_S,
                reach_km,
                reach_km,
                settings.velocity.p_km_s[layer],
                settings.velocity.s_km_s[layer],
            ),
            time_before=float(s.max()),
            pick_match_tolerance=_MISFIT_S,
            min_interevent_time=_BETWEEN_S,
            n_picks=max(settings.min_picks, settings.min_p + settings.min_s),
            n_p_picks=settings.min_p,
            n_s_picks=settings.min_s,
            n_p_and_s_picks=min(settings.min_p, settings.min_s, 2),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of its use of pandas
            found, assigned = associator.associate(
                pd.DataFrame({"station": picks.site.astype(str), "phase": picks.phase, "time": seconds}),
                pd.DataFrame({"id": numbers.astype(str), "x": x, "y": y, "z": middle - elevation_km}),
            )
    if len(found) == 0:
        return []
    members = assigned.groupby("event_idx")["pick_idx"]
    starts = found[["x", "y", "z", "time"]].to_numpy(float) + np.append(shift, 0)
    return [
        (start, np.sort(members.get_group(i).to_numpy(np.int64)))
        for start, i in zip(starts, found["idx"], strict=True)
    ]


def _in_degrees(
    picks: Picks, found: list[Settled], site: Floats, network: _Network
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events in degrees, with magnitudes, and their picks."""
    hypocentres = np.reshape([event.hypocentre for event in found], (-1, 4))
    x, y, depth, second = hypocentres.T
    longitude, latitude = network.plane(x, y, inverse=True)
    event = np.repeat(np.arange(len(found)), [len(each.picks) for each in found])
    of = np.concatenate([np.empty(0, np.int64), *(each.picks for each in found)])
    distance = np.hypot(*(site[of, :2] - hypocentres[event, :2]).T)
    magnitude = station_magnitude(picks.amplitude[of], np.hypot(distance, depth[event] + site[of, 2]))
    flat = hypocentres[:, :2]
    at_edge = ((flat - network.low[:2] < _EDGE_KM) | (network.high[:2] - flat < _EDGE_KM)).any(1)
    events = pd.DataFrame(
        {
            "time": picks.time_utc[0] + (second * 1e6).round().astype("timedelta64[us]"),
            "longitude": longitude,
            "latitude": latitude,
            "depth_km": depth,
            "magnitude": event_magnitudes(event, picks.station[of], magnitude, len(found)),
            "picks": np.bincount(event, minlength=len(found)),
            "at_edge": at_edge,
        }
    )
    assignments = pd.DataFrame(
        {
            "event": event,
            "pick": of,
            "residual_s": np.concatenate([np.empty(0), *(each.residual_s for each in found)]),
            "distance_km": distance,
            "magnitude": magnitude,
        }
    )
    return events, assignments


def _plane(stations: Stations, used: npt.NDArray[np.bool_]) -> pyproj.Proj:
    """Return the equidistant projection around the network, from degrees to km."""
    x, y, z = unit_vectors(stations.longitude[used], stations.latitude[used]).mean(0)
    longitude, latitude = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
    return pyproj.Proj(proj="aeqd", lon_0=longitude, lat_0=latitude, ellps="WGS84", units="km")


def _pyocto() -> ModuleType:
    try:
        import pyocto
    except ImportError as error:
        raise InputError("association needs PyOcto; pip install 'terrella[pick]'") from error
    found: ModuleType = pyocto
    return found
