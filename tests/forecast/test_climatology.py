"""Smoothed seismicity against quadrature, conservation and a known map."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.errors import InputError
from terrella.forecast.baselines.climatology import (
    Climatology,
    fit_climatology,
    neighbour_distance_km,
)
from terrella.forecast.baselines.smoothing import smoothed_counts
from terrella.forecast.windows import Windows
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")
WINDOWS = Windows(EPOCH, 0.0, 0.0, 500.0, 650.0, 730.0)


def events(days: np.ndarray, longitude: np.ndarray, latitude: np.ndarray) -> Catalogue:
    time = EPOCH + (np.asarray(days) * 86_400e6).astype("timedelta64[us]")
    return make_catalogue(time, longitude, latitude, np.full(len(time), 3.0))


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 0.4), st.floats(40, 40.4), st.floats(3, 40))
def test_cells_hold_the_integral_of_the_gaussian(longitude: float, latitude: float, width: float) -> None:
    small = make_grid(box(0, 0.4, 40, 40.4), 0.2)
    one = events([1.0], [longitude], [latitude])
    smooth = smoothed_counts(one, small, np.array([width]), np.ones(1)).reshape(2, 2)
    km = np.radians(1) * 6371.0

    def density(lat: float, lon: float) -> float:
        north, east = (lat - latitude) * km, (lon - longitude) * km * np.cos(np.radians(lat))
        on_sphere = km**2 * np.cos(np.radians(lat))
        return on_sphere * np.exp(-(north**2 + east**2) / 2 / width**2) / (2 * np.pi * width**2)

    integral = dblquad(density, 0.2, 0.4, 40.0, 40.2, epsabs=1e-6)[0]
    # Within a row the east–west scale is that of its middle: a difference of a thousandth.
    assert smooth[0, 1] == pytest.approx(integral, rel=0.01, abs=2e-5)


def test_weights_are_conserved_and_add_up() -> None:
    wide = make_grid(box(-5, 5, -5, 5), 0.25)
    draw = np.random.default_rng(0)
    some = events(np.arange(40.0), draw.uniform(-1, 1, 40), draw.uniform(-1, 1, 40))
    weight, width = draw.uniform(0, 1, 40), draw.uniform(2, 30, 40)
    smooth = smoothed_counts(some, wide, width, weight)
    assert smooth.sum() == pytest.approx(weight.sum(), rel=1e-9)
    first, second = slice(0, 15), slice(15, 40)
    parts = [smoothed_counts(some[s], wide, width[s], weight[s]) for s in (first, second)]
    np.testing.assert_allclose(parts[0] + parts[1], smooth, atol=1e-12)


def test_neighbour_distances_on_a_line() -> None:
    line = events(np.arange(5.0), np.zeros(5), np.array([0.0, 0.1, 0.2, 0.3, 0.7]))
    tenth = np.radians(0.1) * 6371.0
    np.testing.assert_allclose(neighbour_distance_km(line, 1), tenth * np.array([1, 1, 1, 1, 4]), rtol=1e-6)
    np.testing.assert_allclose(neighbour_distance_km(line, 2), tenth * np.array([2, 1, 1, 2, 5]), rtol=1e-6)
    same_place = events(np.arange(3.0), np.zeros(3), np.zeros(3))
    np.testing.assert_array_equal(neighbour_distance_km(same_place, 1), 1.0)


def test_validation_chooses_the_width_of_the_world_that_made_the_events(grid: Grid) -> None:
    """Events of both windows from the same two blobs of 12 km: the chosen map is near the true one."""
    draw = np.random.default_rng(3)
    n = 3000
    centre = np.where(draw.random(n) < 0.7, 0.5, 1.4)
    longitude, latitude = draw.normal(centre, 12 / 111.2), draw.normal(0.8, 12 / 111.2, n)
    catalogue = events(np.sort(draw.uniform(0, 650, n)), longitude, latitude)
    chosen = fit_climatology(catalogue, grid, WINDOWS)
    truth = smoothed_counts(
        events([0.0, 0.0], [0.5, 1.4], [0.8, 0.8]), grid, np.full(2, 12.0), np.array([0.7, 0.3])
    )
    shape = chosen.rate_per_day / chosen.rate_per_day.sum()
    # Kullback–Leibler divergence of a map made from 2,300 events.
    assert (truth * np.log(truth / shape)).sum() < 0.05
    uniform = np.full(len(truth), 1 / len(truth))
    assert (truth * np.log(truth / uniform)).sum() > 1
    assert chosen.rate_per_day.sum() == pytest.approx(n / 650, rel=0.05)
    assert np.all(chosen.rate_per_day > 0)


def test_events_after_validation_do_not_matter(grid: Grid, catalogue: Catalogue) -> None:
    days = catalogue.days_since(EPOCH)
    moved = replace(catalogue, longitude=np.where(days >= 650, 0.1, catalogue.longitude))
    before, after = (fit_climatology(c, grid, WINDOWS) for c in (catalogue, moved))
    np.testing.assert_array_equal(before.rate_per_day, after.rate_per_day)
    assert before.to_dict() == after.to_dict()


def test_validation_events_choose_but_do_not_build(grid: Grid, catalogue: Catalogue) -> None:
    """All validation events in one corner: the map leans on uniform or wide kernels, not on the corner."""
    days = catalogue.days_since(EPOCH)
    validating = (days >= 500) & (days < 650)
    only_training = catalogue[~validating]
    fitted = fit_climatology(only_training, grid, WINDOWS)
    assert (fitted.kernel, fitted.width) == ("adaptive", 5.0)
    corner = replace(catalogue, longitude=np.where(validating, 0.01, catalogue.longitude))
    cornered = fit_climatology(corner, grid, WINDOWS)
    training = catalogue[days < 500]
    widths = neighbour_distance_km(training, int(cornered.width))
    if cornered.kernel == "fixed":
        widths = np.full(len(training), cornered.width)
    smooth = smoothed_counts(training, grid, widths, np.ones(len(training)))
    area = grid.area_km2[grid.mask]
    share = cornered.uniform_share
    rebuilt = ((1 - share) * smooth / smooth.sum() + share * area / area.sum()) * smooth.sum() / 500
    np.testing.assert_allclose(cornered.rate_per_day, rebuilt, rtol=1e-9)


def test_weights_scale_the_rate(grid: Grid, catalogue: Catalogue) -> None:
    whole = fit_climatology(catalogue, grid, WINDOWS)
    half = fit_climatology(catalogue, grid, WINDOWS, weights=np.full(len(catalogue), 0.5))
    np.testing.assert_allclose(half.rate_per_day, whole.rate_per_day / 2)


def test_counts_grow_with_the_horizon_and_layers_follow_depths(catalogue: Catalogue) -> None:
    layered = make_grid(box(0, 2, 0, 1.6), 0.4, (0, 10, 30))
    model = fit_climatology(catalogue, layered, WINDOWS)
    day, week = (model.expected_counts(np.array([0.0, 700.0]), h) for h in (1.0, 7.0))
    assert day.shape == (2, 2 * 20)
    assert day.dtype == np.float32
    np.testing.assert_array_equal(day[0], day[1])
    np.testing.assert_allclose(week, 7 * day, rtol=1e-6)
    # A third of the depths, uniform in 0–30 km, lie above 10 km.
    assert day[0, :20].sum() / day[0].sum() == pytest.approx(1 / 3, abs=0.05)


def test_a_bundle_gives_it_back(grid: Grid, catalogue: Catalogue) -> None:
    model = fit_climatology(catalogue, grid, WINDOWS)
    again = Climatology.from_dict(model.to_dict(), model.arrays())
    np.testing.assert_array_equal(again.rate_per_day, model.rate_per_day)
    assert again.to_dict() == model.to_dict()


def test_too_few_events_are_named(grid: Grid, catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match="9 events of the training window"):
        fit_climatology(catalogue[:9], grid, WINDOWS)
