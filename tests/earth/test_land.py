"""Outlines of land: closed, unwrapped, and where land is."""

from functools import lru_cache

import numpy as np
import pytest
import shapely

from terrella.earth.land import land_rings

DETAILS = ["110m", "50m"]


@lru_cache
def land(detail):
    """Return all land as one geometry."""
    return shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in land_rings(detail)])


def is_land(detail, longitude, latitude):
    # Rings may run beyond ±180 degrees.
    turns = [shapely.intersects_xy(land(detail), longitude + turn, latitude) for turn in (-360, 0, 360)]
    return np.any(turns, axis=0)


@pytest.mark.parametrize("detail", DETAILS)
def test_rings_are_closed_and_stay_on_the_globe(detail):
    rings = land_rings(detail)
    assert len(rings) > 100
    for ring in rings:
        assert ring.shape[0] >= 4
        assert ring.shape[1] == 2
        np.testing.assert_array_equal(ring[0], ring[-1])
        assert np.abs(ring[:, 1]).max() <= 90
        assert np.abs(ring[:, 0]).max() <= 540


@pytest.mark.parametrize("detail", DETAILS)
def test_longitudes_run_on_across_the_date_line(detail):
    for ring in land_rings(detail):
        steps = np.abs(np.diff(ring[:, 0]))
        # Only the way back along the pole, which is no distance, is long.
        at_pole = (np.abs(ring[:-1, 1]) == 90) & (np.abs(ring[1:, 1]) == 90)
        assert (steps[~at_pole] <= 180).all()


@pytest.mark.parametrize("detail", DETAILS)
def test_one_ring_closes_over_a_pole_and_it_is_antarctica(detail):
    polar = [ring for ring in land_rings(detail) if (np.abs(ring[:, 1]) == 90).any()]
    assert len(polar) == 1
    assert polar[0][:, 1].max() < -60
    assert np.ptp(polar[0][:, 0]) == pytest.approx(360)
    antarctica = shapely.Polygon(polar[0])
    middle = polar[0][:, 0].min() + 180
    assert shapely.intersects_xy(antarctica, middle + np.linspace(-179, 179, 30), -89.5).all()


@pytest.mark.parametrize("detail", DETAILS)
def test_places_lie_on_land_or_at_sea(detail):
    on_land = {"Paris": (2.3, 48.9), "Alice Springs": (133.9, -23.7), "Denver": (-105, 39.7),
               "Vostok": (106.8, -78.5), "Chukotka west of the line": (178, 67.5),
               "Chukotka east of it": (-175, 66.8)}  # fmt: skip
    at_sea = {"Null Island": (0, 0), "Point Nemo": (-123.4, -48.9), "North Pole": (0, 89.9),
              "Indian Ocean": (80, -20), "Bering Sea": (-178, 58)}  # fmt: skip
    for name, place in on_land.items():
        assert is_land(detail, *place), name
    for name, place in at_sea.items():
        assert not is_land(detail, *place), name


@pytest.mark.parametrize("detail", DETAILS)
def test_land_covers_29_percent_of_the_globe(detail):
    random = np.random.default_rng(0)
    longitude = random.uniform(-180, 180, 20_000)
    latitude = np.degrees(np.arcsin(random.uniform(-1, 1, 20_000)))
    assert is_land(detail, longitude, latitude).mean() == pytest.approx(0.292, abs=0.012)
