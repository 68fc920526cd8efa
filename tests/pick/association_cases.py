"""Networks, events and their picks, from straight rays, for tests of the association."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.earth.sphere import distance_km
from terrella.pick.association.magnitude import station_magnitude
from terrella.pick.association.velocity import homogeneous

HOMOGENEOUS = homogeneous(6.0, 3.5)
START = np.datetime64("2024-03-01T00:00:00", "us")


@dataclass(frozen=True, eq=False)
class Case:
    """Stations, true events, and their picks among false ones."""

    stations: pd.DataFrame
    events: pd.DataFrame
    picks: pd.DataFrame


def make_case(
    seed: int, events: int = 6, stations: int = 10, false_share: float = 0.2, noise_s: float = 0.05
) -> Case:
    """Return events at least 100 s apart within a network 1° wide, at least 85 % of their arrivals picked."""
    random = np.random.default_rng(seed)
    sites = pd.DataFrame(
        {
            "id": [f"XX.S{i:02d}" for i in range(stations)],
            "longitude": 13 + random.uniform(0, 1.2, stations),
            "latitude": 42 + random.uniform(0, 1.0, stations),
            "elevation_m": random.uniform(0, 1000, stations),
        }
    )
    truth = pd.DataFrame(
        {
            "second": np.sort(
                random.permutation(3 * events)[:events] * 100.0 + random.uniform(0, 20, events)
            ),
            "longitude": 13.1 + random.uniform(0, 1.0, events),
            "latitude": 42.1 + random.uniform(0, 0.8, events),
            "depth_km": random.uniform(3, 25, events),
            "magnitude": random.uniform(1, 4, events),
        }
    )
    rows = []
    for event in truth.itertuples():
        far = distance_km(event.longitude, event.latitude, sites["longitude"], sites["latitude"])
        r = np.hypot(far, event.depth_km + sites["elevation_m"].to_numpy() / 1000)
        amplitude = 10 ** (event.magnitude - station_magnitude(np.ones(stations), r))
        for phase, speed in (("P", 6.0), ("S", 3.5)):
            time = event.second + r / speed + random.normal(0, noise_s, stations)
            for i in np.flatnonzero(random.random(stations) < 0.92):
                # P is smaller than S, which gives the magnitude.
                size = amplitude[i] * (1.0 if phase == "S" else 0.2)
                rows.append((f"{sites['id'][i]}.", phase, time[i], size))
    for _ in range(int(false_share * len(rows))):
        site = sites["id"][random.integers(stations)]
        rows.append((f"{site}.", "PS"[random.integers(2)], random.uniform(0, 300.0 * events), 1.0))
    picks = pd.DataFrame(rows, columns=["trace_id", "phase", "second", "amplitude"])
    picks["time"] = [f"{t}Z" for t in at(picks["second"]).astype(str)]
    picks["probability"], picks["uncertainty_s"] = 0.8, 0.05
    order = ["trace_id", "phase", "time", "probability", "uncertainty_s", "amplitude"]
    return Case(sites, truth, picks[order])


def at(second: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """Return times so many seconds after the start."""
    return START + np.rint(np.asarray(second) * 1e6).astype("timedelta64[us]")


def write(case: Case, folder: Path) -> tuple[Path, Path]:
    """Write picks.csv and stations.csv."""
    picks, stations = folder / "picks.csv", folder / "stations.csv"
    case.picks.to_csv(picks, index=False)
    case.stations.to_csv(stations, index=False)
    return picks, stations
