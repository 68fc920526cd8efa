"""The smoothed background: against a plain double sum, with and without each event itself."""

import numpy as np
import pytest

from terrella.earth.sphere import distance_km
from terrella.forecast.etas.background import Background, neighbour_distances, smoothed_shape

DRAW = np.random.default_rng(0)
LONGITUDE, LATITUDE = DRAW.uniform(10, 12, 200), DRAW.uniform(40, 41, 200)
WEIGHT = DRAW.uniform(0.1, 1, 200)
EVEN, UNEVEN = np.full(200, 12.0), DRAW.uniform(1, 30, 200)


@pytest.mark.parametrize("bandwidth_km", [EVEN, UNEVEN])
def test_shape_is_a_weighted_mean_of_gaussians(bandwidth_km):
    lon, lat = np.array([[10.5, 11.0]]), np.array([[40.2, 40.9]])
    found = smoothed_shape(LONGITUDE, LATITUDE, WEIGHT, bandwidth_km, lon, lat)
    assert found.shape == (1, 2)
    for k in range(2):
        r = distance_km(lon[0, k], lat[0, k], LONGITUDE, LATITUDE)
        kernel = np.exp(-0.5 * (r / bandwidth_km) ** 2) / (2 * np.pi * bandwidth_km**2)
        expected = (WEIGHT * kernel).sum() / WEIGHT.sum()
        assert found[0, k] == pytest.approx(expected, rel=1e-2, abs=1e-9)


def test_leaving_one_out_is_building_without_it():
    whole = smoothed_shape(LONGITUDE, LATITUDE, WEIGHT, UNEVEN, LONGITUDE, LATITUDE, leave_one_out=True)
    for k in (0, 50, 199):
        rest = np.arange(200) != k
        others = LONGITUDE[rest], LATITUDE[rest], WEIGHT[rest], UNEVEN[rest]
        alone = smoothed_shape(*others, LONGITUDE[k : k + 1], LATITUDE[k : k + 1])
        assert whole[k] == pytest.approx(alone[0], rel=1e-6)


def test_bandwidths_reach_as_many_neighbours_as_weigh_enough():
    found = neighbour_distances(LONGITUDE, LATITUDE, WEIGHT, 3.0)
    for k in (3, 77, 150):
        r = distance_km(LONGITUDE[k], LATITUDE[k], LONGITUDE, LATITUDE)
        order = np.argsort(r)[1:]
        expected = r[order][np.searchsorted(np.cumsum(WEIGHT[order]), 3.0)]
        assert found[k] == pytest.approx(expected, rel=1e-3)
    assert (neighbour_distances(LONGITUDE, LATITUDE, WEIGHT, 15.0) > found).all()


def test_bandwidths_of_events_at_one_place_or_alone_stay_within_limits():
    together = neighbour_distances(np.full(30, 5.0), np.full(30, 5.0), np.ones(30), 5.0)
    assert (together == 0.5).all()
    alone = neighbour_distances(np.array([0.0, 90.0]), np.zeros(2), np.ones(2), 5.0)
    assert (alone == 100).all()
    assert (neighbour_distances(np.zeros(1), np.zeros(1), np.ones(1), 5.0) <= 100).all()


def test_density_integrates_to_its_rates_and_is_nowhere_zero():
    widths = np.clip(UNEVEN, 4, 12)
    background = Background(LONGITUDE, LATITUDE, WEIGHT, widths, uniform_rate=1e-7, smoothed_rate=0.3)
    step = 0.02
    lon, lat = np.meshgrid(np.arange(9, 13, step), np.arange(39.2, 41.8, step))
    area = (111.195 * step) ** 2 * np.cos(np.radians(lat))
    density = background.density(lon, lat)
    assert density.min() >= 1e-7
    assert ((density - 1e-7) * area).sum() == pytest.approx(0.3, rel=0.01)
