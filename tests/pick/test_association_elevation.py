"""Stations on plateaus and sea floors: slanted rays, against arithmetic."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import pytest
from association_cases import HOMOGENEOUS, Case, at
from scipy.optimize import minimize
from test_pick_association import SETTINGS, associated

from terrella.earth.sphere import distance_km
from terrella.pick.association.travel_time_table import make_table
from terrella.pick.association.velocity import AK135_CRUST, VelocityModel, travel_times

P_KM_S, S_KM_S = 6.0, 3.5
DISTANCE = np.linspace(0, 300, 61)


@pytest.mark.parametrize("receiver", [-4.0, 0.0, 4.0])
@pytest.mark.parametrize("depth", [-2.0, 0.3, 4.0, 12.0])
def test_times_in_a_half_space_are_straight_rays(depth: float, receiver: float) -> None:
    expected = np.hypot(DISTANCE, depth - receiver) / P_KM_S
    made = travel_times(HOMOGENEOUS, "P", depth, DISTANCE, receiver)
    np.testing.assert_allclose(made, expected, atol=2e-4)


def fermat(model: VelocityModel, depth: float, receiver: float, distance: float) -> float:
    """Least time over straight pieces through the layers, or down to an interface and along it."""
    tops = [*model.top_km[1:], np.inf]
    upper, lower = sorted((depth, receiver))

    def pieces(first: float, last: float) -> list[tuple[float, float]]:
        edges = [first, *(t for t in tops if first < t < last), last]
        middles = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
        speeds = [model.p_km_s[max(np.searchsorted(model.top_km, m) - 1, 0)] for m in middles]
        return list(zip(np.diff(edges), speeds, strict=True))

    ways = [pieces(upper, lower)]
    for k, top in enumerate(model.top_km[1:], 1):
        if lower <= top:
            ways.append([*pieces(upper, top), *pieces(lower, top), (0.0, model.p_km_s[k])])

    def least(way: list[tuple[float, float]]) -> float:
        thick, speed = np.array(way).T

        def time(x: np.ndarray) -> float:
            last = distance - x.sum()
            return float((np.hypot(thick, np.append(x, last)) / speed).sum())

        if len(thick) == 1:
            return time(np.empty(0))
        start = np.full(len(thick) - 1, distance / len(thick))
        found = minimize(
            time,
            start,
            bounds=[(0, distance)] * len(start),
            method="L-BFGS-B",
            options={"ftol": 1e-14, "gtol": 1e-10},
        )
        return float(found.fun)

    return min(least(way) for way in ways)


SLOW_BELOW_FAST = VelocityModel((0.0, 2.0, 2.8, 10.0), (5.0, 6.5, 5.2, 7.0), (2.9, 3.7, 3.0, 4.0))


@pytest.mark.parametrize("model", [AK135_CRUST, SLOW_BELOW_FAST], ids=["ak135", "slow below fast"])
@pytest.mark.parametrize("receiver", [-3.5, 0.0, 2.0, 24.0])
@pytest.mark.parametrize("depth", [-1.0, 10.0, 20.0, 28.0, 50.0])
def test_times_through_layers_are_the_least(model: VelocityModel, depth: float, receiver: float) -> None:
    distance = np.array([5.0, 40.0, 120.0, 250.0])
    made = travel_times(model, "P", depth, distance, receiver)
    expected = [fermat(model, depth, receiver, each) for each in distance]
    np.testing.assert_allclose(made, expected, atol=2e-3)
    np.testing.assert_array_equal(made, travel_times(model, "P", receiver, distance, depth))


def test_the_table_interpolates_between_receivers_too() -> None:
    table = make_table(AK135_CRUST, 200.0, 40.0, (-4.0, 3.8))
    random = np.random.default_rng(1)
    distance, depth = random.uniform(5, 200, 60), random.uniform(2, 40, 60)
    elevation, is_s = random.uniform(-4, 3.8, 60), random.random(60) < 0.5
    made = table.times(is_s, distance, depth, elevation)
    for i in range(60):
        way = np.array([0.0, distance[i]])
        exact = travel_times(AK135_CRUST, "PS"[int(is_s[i])], depth[i], way, -elevation[i])[1]
        assert made[i] == pytest.approx(exact, abs=0.03)
    p, s = table.level(1.3)
    assert (
        table.times(np.array([False]), np.array([7.0]), np.array([table.top_km + 3]), np.array([1.3]))
        == p[7, 3]
    )
    assert (
        table.times(np.array([True]), np.array([7.0]), np.array([table.top_km + 3]), np.array([1.3]))
        == s[7, 3]
    )


def exact_case(elevation_m: np.ndarray, depth_km: float, stations: int = 12) -> Case:
    """One event amid stations, timed by straight rays with 0.02 s of noise."""
    random = np.random.default_rng(3)
    angle = np.radians(360 * np.arange(stations) / stations)
    away = random.uniform(0.15, 0.5, stations)
    sites = pd.DataFrame(
        {
            "id": [f"XX.S{i:02d}" for i in range(stations)],
            "longitude": -68 + away * np.cos(angle),
            "latitude": -21 + away * np.sin(angle),
            "elevation_m": np.broadcast_to(elevation_m, stations),
        }
    )
    event = pd.DataFrame(
        {
            "second": [60.0],
            "longitude": [-67.9],
            "latitude": [-20.9],
            "depth_km": [depth_km],
            "magnitude": [2.0],
        }
    )
    east, south = np.full(stations, -67.9), np.full(stations, -20.9)
    far = pyproj.Geod(ellps="WGS84").inv(east, south, sites["longitude"], sites["latitude"])[2] / 1000
    r = np.hypot(far, depth_km + sites["elevation_m"].to_numpy() / 1000)
    rows = [
        (f"{sites['id'][i]}.", phase, 60.0 + r[i] / speed + random.normal(0, 0.02), 100.0)
        for phase, speed in (("P", P_KM_S), ("S", S_KM_S))
        for i in range(stations)
    ]
    picks = pd.DataFrame(rows, columns=["trace_id", "phase", "second", "amplitude"])
    picks["time"] = [f"{time}Z" for time in at(picks["second"]).astype(str)]
    return Case(sites, event, picks.drop(columns="second"))


@pytest.mark.parametrize(
    ("elevation_m", "depth_km"),
    [
        (0.0, 10.0),
        (4000.0, 10.0),
        (4000.0, -2.0),  # two kilometres under the stations, above the sea
        (-4000.0, 12.0),
        (-2500.0, 12.0),
        ([0.0, 3500.0] * 6, 10.0),
        ([-5000.0, 4100.0] * 6, 15.0),  # an island volcano and its sea floor
    ],
)
def test_elevations_move_no_event(tmp_path: Path, elevation_m: object, depth_km: float) -> None:
    """A time climbed upright, as PyOcto has it, was 0.6 s off.

    yetinam/pyocto#14, yetinam/pyocto#19, yetinam/pyocto#27.
    """
    case = exact_case(np.array(elevation_m), depth_km)
    made = associated(case, tmp_path)
    assert len(made.events) == 1
    assert made.events["picks"][0] == len(case.picks)
    event = made.events.iloc[0]
    apart_s = (event["time"].to_datetime64() - at(60.0)) / np.timedelta64(1, "s")
    assert abs(apart_s) < 0.03
    assert distance_km(event["longitude"], event["latitude"], -67.9, -20.9) < 0.1
    assert event["depth_km"] == pytest.approx(depth_km, abs=0.25)
    assert made.assignments["residual_s"].abs().max() < 0.08


def test_the_search_knows_which_stations_are_high(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyOcto takes depths: a station above the middle one has a negative z, and its arrivals come later."""
    import pyocto

    handed = []
    associator = pyocto.OctoAssociator

    class Watched(associator):  # type: ignore[misc, valid-type]
        def associate(self, picks: pd.DataFrame, stations: pd.DataFrame) -> object:
            handed.append(stations)
            return super().associate(picks, stations)

    monkeypatch.setattr(pyocto, "OctoAssociator", Watched)
    case = exact_case(np.array([0.0] * 8 + [3000.0] * 4), 10.0)
    associated(case, tmp_path)
    assert handed[0]["z"].tolist() == [0.0] * 8 + [-3.0] * 4
    assert SETTINGS.max_depth_km == 40
