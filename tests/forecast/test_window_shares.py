"""Shares of aftershocks in windows of cells: against the regional footprints, theory and brute force."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from footprint_oracle import make_footprints
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.earth.sphere import EARTH_RADIUS_KM, distance_km
from terrella.forecast.etas.background import Background
from terrella.forecast.etas.window_shares import make_window_grid, reach_km, share_km, window_shares

GLOBE = box(-180, 180, -90, 90)


def events_of(shares, event):
    chosen = slice(shares.first[event], shares.first[event + 1])
    return shares.column[chosen], shares.share[chosen]


@pytest.mark.parametrize("rho", [0.6, 1.2])
def test_equals_the_regional_footprints_in_california(rho):
    grid = make_grid(box(-125, -114, 32, 42), 0.25)
    draw = np.random.default_rng(1)
    n = 150
    longitude, latitude = draw.uniform(-125.5, -113.5, n), draw.uniform(31.5, 42.5, n)
    # Some on edges and corners of cells, as in catalogues with few digits.
    longitude[:30], latitude[:30] = np.round(longitude[:30], 0), np.round(latitude[:30], 0)
    zone = 0.3 * np.exp(draw.exponential(2.0, n))
    shares = window_shares(make_window_grid(grid), longitude, latitude, zone, rho, share_km(zone, rho))
    given_ = (torch.as_tensor(each, dtype=torch.float32) for each in (longitude, latitude, zone))
    wanted = make_footprints(grid, rho).shares(*given_).flatten(1).numpy()
    for event in range(n):
        column, share = events_of(shares, event)
        np.testing.assert_allclose(share, wanted[event, column], atol=1e-3)


@given(
    longitude=st.floats(-180, 180),
    latitude=st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, -89.5, 0.0, 45.0, 89.0, 90.0])),
    zone=st.floats(0.01, 1e4),
    rho=st.floats(0.4, 2.0),
    size=st.sampled_from([1.0, 5.0, 15.0]),
    factor=st.sampled_from([1.0, 3.0]),
)
@settings(max_examples=60, deadline=None)
def test_windows_hold_what_their_radius_says(longitude, latitude, zone, rho, size, factor):
    """The sum of the shares lies between the kernel within the radius and that within a cell more."""
    grid = make_grid(GLOBE, size)
    reach = min(factor * share_km(zone, rho), 5000.0)  # farther the plane is no sphere
    shares = window_shares(make_window_grid(grid), [longitude], [latitude], [zone], rho, [reach])
    diagonal = np.sqrt(2) * np.radians(size) * EARTH_RADIUS_KM
    low, high = (1 - (1 + r**2 / zone) ** -rho for r in (reach, reach + diagonal))
    tolerance = 2e-3
    assert low - tolerance <= shares.share.sum() <= high + tolerance
    assert len(np.unique(shares.column)) == len(shares.column)


@given(
    longitude=st.floats(-180, 180),
    latitude=st.floats(-90, 90),
    zone=st.floats(0.1, 3e3),
    size=st.sampled_from([2, 6]),
    factor=st.sampled_from([1.0, 10.0, 100.0]),
)
@settings(max_examples=40, deadline=None)
def test_windows_hold_every_cell_with_a_point_in_reach(longitude, latitude, zone, size, factor):
    grid = make_grid(GLOBE, size)
    reach = min(factor * share_km(zone, 0.8), np.pi * EARTH_RADIUS_KM)
    shares = window_shares(make_window_grid(grid), [longitude], [latitude], [zone], 0.8, [reach])
    draw = np.random.default_rng(0)
    lon, lat = draw.uniform(-180, 180, 20_000), np.degrees(np.arcsin(draw.uniform(-1, 1, 20_000)))
    near = distance_km(longitude, latitude, lon, lat) < reach
    assert set(grid.cell_of(lon[near], lat[near])) <= set(shares.column)


@pytest.mark.parametrize(("latitude", "zone"), [(10.3, 4.0), (-63.2, 900.0), (84.6, 400.0), (89.7, 2000.0)])
def test_shares_are_those_of_simulated_aftershocks(latitude, zone):
    grid, rho = make_grid(GLOBE, 2), 1.1
    draw = np.random.default_rng(2)
    n = 400_000
    # Inverse of P(r) = 1 − (1 + r²/D)^−ρ, in any direction.
    angle = np.sqrt(zone * (draw.random(n) ** (-1 / rho) - 1)) / EARTH_RADIUS_KM
    azimuth, start = draw.uniform(0, 2 * np.pi, n), np.radians(latitude)
    sine = np.sin(start) * np.cos(angle) + np.cos(start) * np.sin(angle) * np.cos(azimuth)
    turn = np.arctan2(np.sin(azimuth) * np.sin(angle) * np.cos(start), np.cos(angle) - np.sin(start) * sine)
    cells = grid.cell_of(179.95 + np.degrees(turn), np.degrees(np.arcsin(np.clip(sine, -1, 1))))
    drawn = np.bincount(cells, minlength=grid.mask.size) / n
    shares = window_shares(make_window_grid(grid), [179.95], [latitude], [zone], rho, share_km([zone], rho))
    error = 5 * np.sqrt(np.maximum(shares.share, 1e-6) / n) + 5e-5
    assert np.all(np.abs(shares.share - drawn[shares.column]) < error)


def test_events_outside_a_region_reach_in_and_far_ones_do_not():
    grid = make_window_grid(make_grid(box(0, 2, 0, 2), 0.5))
    shares = window_shares(grid, [-0.1, -60.0], [1.1, 1.1], [100.0, 100.0], 0.7, [217.0, 217.0])
    assert 0.1 < events_of(shares, 0)[1].sum() < 0.5
    assert len(events_of(shares, 1)[0]) == 0


@given(magnitude=st.floats(2.5, 8.5), mu=st.floats(1e-9, 1e-5), rho=st.floats(0.4, 1.2))
@settings(max_examples=25, deadline=None)
def test_where_a_window_ends_the_rate_along_a_radius_has_no_step(magnitude, mu, rho, etas):
    """The next day after one shock on an even background, beside the same kernel without an end."""
    etas = replace(etas, mu=mu, rho=rho)
    grid = make_grid(box(0, 40, 44, 46), 0.5)
    cells, zone = make_window_grid(grid), etas.zone_km2([magnitude])
    found = []
    for reach in (reach_km(etas, [magnitude]), [np.pi * EARTH_RADIUS_KM]):
        column, share = events_of(window_shares(cells, [1.25], [45.25], zone, rho, reach), 0)
        triggered = np.bincount(column, share, grid.mask.size) * etas.productivity(magnitude)
        rate = mu * grid.area_km2.ravel() + triggered * etas.time_cdf(1.0)
        found.append(np.log(rate.reshape(grid.mask.shape))[2, 3:])
    assert np.abs(found[0] - found[1]).max() < 0.06
    own = np.abs(np.diff(found[1])).max()  # the largest change between neighbours that ETAS has itself
    assert np.abs(np.diff(found[0])).max() < own + 0.06


def test_a_background_without_a_uniform_part_ends_windows_where_its_mean_does(etas):
    """Else a single event would fill the whole map, however quiet it is."""
    place = {name: np.ones(1) for name in ("longitude", "latitude", "weight", "bandwidth_km")}
    even = reach_km(etas, [3.0, 6.0])
    bare = replace(etas, background=Background(**place, uniform_rate=0.0, smoothed_rate=1.0))
    mapped = reach_km(bare, [3.0, 6.0])
    assert (even < mapped).all()
    assert (mapped < 10 ** (1 / 2 / (1 + etas.rho)) * even + 1).all()
