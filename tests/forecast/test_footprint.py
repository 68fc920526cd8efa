"""Shares of aftershocks per cell: against exact integrals and random aftershocks."""

import numpy as np
import pytest
import torch
from footprint_oracle import make_footprints
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.earth.sphere import distance_km

GRID = make_grid(box(-10, 10, -8, 8), 0.25)


def shares(longitude: float, latitude: float, zone_km2: float, rho: float) -> np.ndarray:
    footprints = make_footprints(GRID, rho)
    return footprints.shares(*(torch.tensor([x]) for x in (longitude, latitude, zone_km2)))[0].numpy()


@given(
    longitude=st.floats(-3, 3),
    latitude=st.floats(-3, 3),
    zone_km2=st.floats(0.05, 100),
    rho=st.floats(0.3, 1.5),
)
@settings(max_examples=50, deadline=None)
def test_shares_are_positive_and_leave_only_the_far_tail(longitude, latitude, zone_km2, rho):
    found = shares(longitude, latitude, zone_km2, rho)
    # The grid holds the circle of 500 km around the event and lies within one of 1,700 km.
    outside_small = (zone_km2 / (500**2 + zone_km2)) ** rho
    outside_large = (zone_km2 / (1700**2 + zone_km2)) ** rho
    assert found.min() > 0
    assert 1 - outside_small - 2e-3 < found.sum() < 1 - outside_large + 2e-3


@pytest.mark.parametrize(("rho", "zone_km2"), [(0.55, 0.16), (0.55, 30.0), (1.2, 200.0)])
def test_shares_equal_those_of_random_aftershocks(rho, zone_km2):
    longitude, latitude = 0.11, 1.07
    draw = np.random.default_rng(1)
    u, angle = draw.random(1_000_000), draw.random(1_000_000) * 2 * np.pi
    r_deg = np.degrees(np.sqrt(zone_km2 * ((1 - u) ** (-1 / rho) - 1)) / 6371)
    cell = GRID.cell_of(
        longitude + r_deg * np.cos(angle) / np.cos(np.radians(latitude)), latitude + r_deg * np.sin(angle)
    )
    drawn = np.bincount(cell[cell >= 0], minlength=GRID.mask.size).reshape(GRID.mask.shape)
    expected = shares(longitude, latitude, zone_km2, rho) * len(u)
    error = (drawn - expected) / np.sqrt(expected + 1)
    assert np.abs(error[drawn > 200]).max() < 5


def test_far_share_is_density_times_area():
    rho, zone = 0.6, 1.0
    found = shares(0.0, 0.0, zone, rho)
    row, column = 50, 70
    r2 = distance_km(0.0, 0.0, GRID.longitudes[column], GRID.latitudes[row]) ** 2
    density = rho / np.pi * zone**rho / (r2 + zone) ** (1 + rho)
    assert found[row, column] == pytest.approx(density * GRID.area_km2[row, column], rel=2e-3)
