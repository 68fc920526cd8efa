"""Persistence counted by hand, and the forecast that nothing happens."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.forecast.baselines.climatology import Climatology
from terrella.forecast.baselines.persistence import Persistence, fit_persistence, past_counts
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")


@pytest.fixture
def model(grid: Grid) -> Persistence:
    return fit_persistence(Climatology(np.full(grid.mask.size, 0.02), "fixed", 5.0, 0.01))


def test_the_last_window_is_the_forecast(grid: Grid, model: Persistence) -> None:
    three = make_catalogue(
        ["2000-01-02", "2000-01-05T12:00", "2000-01-08"], [0.1, 0.1, 1.9], [0.1, 0.1, 1.5], [3, 4, 3]
    )
    counts = model.expected_counts(np.array([4.0, 7.0, 8.0, 9.5]), 3.0, three, grid, EPOCH)
    floor = 0.1 * 0.02 * 3
    # Day 4: the first event is exactly three days old. Day 7: the third happens at the issue time itself.
    np.testing.assert_allclose(counts[:, 0] - floor, [1, 1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(counts[:, -1] - floor, [0, 0, 1, 1], atol=1e-6)
    np.testing.assert_allclose(counts.sum(1) - floor * grid.mask.size, [1, 1, 1, 1], atol=1e-4)


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 730), st.floats(0.1, 60))
def test_it_counts_like_a_plain_loop_and_sees_no_future(issue: float, window: float) -> None:
    draw = np.random.default_rng(1)
    layered = make_grid(box(0, 2, 0, 1.6), 0.4, (0, 10, 30))
    masked = replace(layered, mask=layered.mask & (np.arange(5) != 2)[None, :])
    time = EPOCH + (draw.uniform(0, 730, 300) * 86_400e6).astype("timedelta64[us]")
    some = make_catalogue(
        time, draw.uniform(-0.2, 2.2, 300), draw.uniform(0, 1.6, 300), np.full(300, 3.0),
        draw.uniform(0, 30, 300),
    )  # fmt: skip
    days = some.days_since(EPOCH)
    expected = np.zeros(masked.mask.size * 2)
    for i in np.flatnonzero((days >= issue - window) & (days < issue)):
        cell = int(
            masked.cell_of(some.longitude[i : i + 1], some.latitude[i : i + 1], some.depth_km[i : i + 1])[0]
        )
        if cell >= 0:
            expected[cell] += 1
    ours = past_counts(some, masked, EPOCH, np.array([issue]), window)
    np.testing.assert_array_equal(ours[0], expected.reshape(2, -1)[:, masked.mask.ravel()].ravel())
    np.testing.assert_array_equal(
        past_counts(some[days < issue], masked, EPOCH, np.array([issue]), window), ours
    )


def test_every_cell_is_possible(grid: Grid, model: Persistence, catalogue: Catalogue) -> None:
    counts = model.expected_counts(np.arange(0.0, 700.0, 50), 7.0, catalogue, grid, EPOCH)
    assert counts.dtype == np.float32
    assert np.all(counts > 0)


def test_a_bundle_gives_it_back(model: Persistence) -> None:
    again = Persistence.from_dict(model.to_dict(), model.arrays())
    np.testing.assert_array_equal(again.floor_per_day, model.floor_per_day)
