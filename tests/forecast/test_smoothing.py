"""Smoothing by windows of cells: against all cells in a region, and around the globe."""

import numpy as np
import pytest
from scipy.special import ndtr

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.forecast.baselines.smoothing import smoothed_counts
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

GLOBE = box(-180, 180, -90, 90)
KM_PER_DEGREE = np.radians(1) * 6371.0


def events_at(longitude, latitude) -> Catalogue:
    day = np.datetime64("2000-01-01") + np.arange(len(longitude))
    return make_catalogue(day, longitude, latitude, np.full(len(longitude), 5.0))


def test_equals_the_normal_distribution_over_all_cells():
    grid = make_grid(box(-125, -114, 32, 42), 0.25)
    draw = np.random.default_rng(0)
    events = events_at(draw.uniform(-126, -113, 300), draw.uniform(31, 43, 300))
    width, weight = draw.uniform(1, 80, 300), draw.uniform(0, 2, 300)
    wanted = np.zeros(grid.mask.shape)
    for row, latitude in enumerate(grid.latitudes):
        edges = grid.latitude_edges[row : row + 2, None]
        amount = np.diff(ndtr((edges - events.latitude) * KM_PER_DEGREE / width), axis=0)[0] * weight
        scale = KM_PER_DEGREE * np.cos(np.radians(latitude)) / width
        wanted[row] = amount @ np.diff(
            ndtr((grid.longitude_edges - events.longitude[:, None]) * scale[:, None])
        )
    np.testing.assert_allclose(smoothed_counts(events, grid, width, weight), wanted.ravel(), atol=1e-8)


@pytest.mark.parametrize("width", [20.0, 300.0, 1500.0])
def test_around_the_globe_turns_change_nothing_and_weights_are_kept(width):
    grid = make_grid(GLOBE, 2)
    draw = np.random.default_rng(1)
    longitude, latitude = draw.uniform(-180, 180, 40), draw.uniform(-5, 5, 40)
    weight = draw.uniform(0, 2, 40)
    before = smoothed_counts(events_at(longitude, latitude), grid, np.full(40, width), weight)
    turned = (longitude + 34 + 180) % 360 - 180
    after = smoothed_counts(events_at(turned, latitude), grid, np.full(40, width), weight)
    np.testing.assert_allclose(
        after.reshape(90, 180), np.roll(before.reshape(90, 180), 17, axis=1), rtol=1e-6, atol=1e-9
    )
    assert before.sum() == pytest.approx(weight.sum(), rel=1e-6)
