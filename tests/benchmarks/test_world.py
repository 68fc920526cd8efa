"""The simulated world: as many events as asked, on the whole sphere, with the laws of its process."""

import numpy as np
import pytest

from _world import GLOBE, MAX_MAGNITUDE, simulate_world, world_etas
from terrella.errors import InputError
from terrella.forecast.settings import DataSettings
from terrella.forecast.windows import make_region, make_task_grid


@pytest.fixture(scope="module")
def world():
    return simulate_world(9000, seed=3)


def test_it_holds_as_many_events_as_asked_in_order(world):
    assert len(world) == 9000
    assert np.all(np.diff(world.time_utc) >= np.timedelta64(0))
    assert world.time_utc[0] >= np.datetime64("1970-01-01")
    assert GLOBE.contains(world.longitude, world.latitude).all()


def test_the_same_seed_gives_the_same_world_and_more_events_continue_it(world):
    shorter = simulate_world(4000, seed=3)
    np.testing.assert_array_equal(shorter.longitude, world.longitude[:4000])
    assert not np.array_equal(simulate_world(4000, seed=4).longitude, shorter.longitude)


def test_magnitudes_follow_gutenberg_and_richter_with_b_of_1(world):
    above = world.magnitude - 4.5
    assert above.min() >= 0
    assert world.magnitude.max() <= MAX_MAGNITUDE
    assert 1 / np.mean(above) == pytest.approx(np.log(10), rel=0.04)  # standard error 1 %


def test_events_lie_along_boundaries_all_around_the_globe(world):
    east = np.histogram(world.longitude, np.arange(-180, 181, 30))[0]
    assert (east > 0).all()
    cells = np.unique(np.floor(world.longitude) * 1000 + np.floor(world.latitude))
    assert len(cells) < 0.08 * 64_800  # 9,000 even events would fill 13 %


def test_the_process_is_stationary():
    etas = world_etas()
    assert etas.branching_ratio(MAX_MAGNITUDE) == pytest.approx(0.6)
    background = etas.background
    total = background.smoothed_rate + background.uniform_rate * GLOBE.area_km2
    assert total == pytest.approx(etas.mu * GLOBE.area_km2)


def test_a_world_needs_events():
    with pytest.raises(InputError, match="one event"):
        simulate_world(0)


def test_settings_of_the_globe_give_a_grid_that_wraps(world):
    settings = DataSettings(bounds=(-180, 180, -90, 90), cell_deg=1)
    region = make_region(world, settings)
    grid = make_task_grid(region, settings)
    assert grid.wraps
    assert grid.mask.sum() == 64_800
    assert region.contains(world.longitude, world.latitude).all()
    assert (grid.cell_of(world.longitude, world.latitude) >= 0).all()
