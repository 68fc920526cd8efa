"""The true process's expected counts against brute force and against simulated continuations."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.errors import InputError
from terrella.forecast.etas.aligned_footprint import aligned_shares
from terrella.forecast.simulation.process import KM_PER_DEGREE, Process, demo_process
from terrella.forecast.simulation.simulate import simulate
from terrella.forecast.simulation.truth import expected_counts
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")


@pytest.fixture(scope="module")
def process() -> Process:
    return demo_process()


@pytest.fixture(scope="module")
def demo_grid() -> Grid:
    return make_grid(box(0, 4, 0, 4), 0.25)


@pytest.fixture(scope="module")
def past() -> Catalogue:
    return make_catalogue(
        ["2000-01-01T12:00", "2000-01-09T18:00", "2000-01-10T12:00"], [1.53, 2.6, 1.61], [1.91, 3.0, 1.7],
        [6.4, 5.2, 5.0],
    )  # fmt: skip


@settings(deadline=None, max_examples=30)
@given(
    st.floats(-0.3, 0.7), st.floats(-0.3, 0.7), st.floats(1.0, 400), st.floats(0, 180), st.floats(1, 10),
    st.floats(0.3, 1.5),
)  # fmt: skip
def test_shares_equal_the_integral_of_the_density(
    longitude: float, latitude: float, zone: float, strike: float, aspect: float, rho: float
) -> None:
    """Adaptive quadrature over one cell, which lies under, beside or away from the event."""
    cell = make_grid(box(0, 0.2, 0, 0.2), 0.2)
    share = aligned_shares(cell, *(np.array([v]) for v in (longitude, latitude, zone, strike)), aspect, rho)
    s, c = np.sin(np.radians(strike)), np.cos(np.radians(strike))

    def density(y: float, x: float) -> float:
        r2 = (x * s + y * c) ** 2 / aspect + (y * s - x * c) ** 2 * aspect
        return rho / np.pi / zone * (zone / (r2 + zone)) ** (1 + rho)

    west, south = -longitude * KM_PER_DEGREE, -latitude * KM_PER_DEGREE
    side = 0.2 * KM_PER_DEGREE
    integral = dblquad(density, west, west + side, south, south + side, epsabs=1e-7, epsrel=1e-5)[0]
    assert share[0, 0, 0] == pytest.approx(integral, rel=5e-3, abs=2e-6)


def test_all_shares_together_are_one() -> None:
    wide = make_grid(box(-30, 30, -30, 30), 0.5)
    zones, strikes = np.array([0.5, 60.0]), np.array([30.0, 120.0])
    shares = aligned_shares(wide, np.full(2, 0.07), np.full(2, 0.03), zones, strikes, 8.0, 1.0)
    np.testing.assert_allclose(shares.sum((1, 2)), 1, atol=1e-3)
    # Along strike there is more than across: the cells 2° north-east and north-west of the first event.
    assert shares[0, 64, 62] > 5 * shares[0, 64, 57]


def test_counts_agree_with_simulated_continuations(
    process: Process, demo_grid: Grid, past: Catalogue
) -> None:
    runs, horizon = 3000, 7.0
    issue = np.datetime64("2000-01-10T13:00", "us")
    issue_days = np.array([(issue - EPOCH) / np.timedelta64(1, "D")])
    expected = expected_counts(process, issue_days, horizon, past, demo_grid, EPOCH)[0]
    counts = np.zeros((runs, demo_grid.mask.size))
    for run in range(runs):
        events = simulate(process, issue, issue + np.timedelta64(7, "D"), run, past)
        cell = demo_grid.cell_of(events.longitude, events.latitude)
        np.add.at(counts[run], cell[cell >= 0], 1)
    total = counts.sum(1)
    error = total.std() / np.sqrt(runs)
    assert error < 0.03 * expected.sum()
    assert expected.sum() == pytest.approx(total.mean(), abs=4 * error + 0.01 * expected.sum())
    # Cell by cell where much is expected; that descendants spread to neighbours is left out of the mean.
    busy = expected > 0.1
    cell_error = counts[:, busy].std(0) / np.sqrt(runs)
    assert busy.sum() > 10
    assert np.all(np.abs(counts[:, busy].mean(0) - expected[busy]) < 5 * cell_error + 0.15 * expected[busy])


def test_without_triggering_only_background_is_expected(process: Process, past: Catalogue) -> None:
    silent = replace(process, etas=replace(process.etas, k0=1e-12))
    coarse = make_grid(box(0, 4, 0, 4), 0.29)  # sticks out by 0.06° and cuts the lattice's cells
    counts = expected_counts(silent, np.array([20.0, 40.0]), 30.0, past, coarse, EPOCH)
    assert counts.sum(1) == pytest.approx(30 * process.background_per_day.sum(), rel=1e-4)
    assert np.all(np.isfinite(counts))


def test_layers_and_mask_order_the_cells(process: Process, past: Catalogue) -> None:
    layered = make_grid(box(0, 4, 0, 4), 0.5, (0, 10, 30))
    half = replace(layered, mask=layered.mask & (np.arange(8) < 4)[None, :])
    issue = np.array([10.0])
    full = expected_counts(process, issue, 1.0, past, layered, EPOCH).reshape(2, 64)
    cut = expected_counts(process, issue, 1.0, past, half, EPOCH).reshape(2, 32)
    np.testing.assert_allclose(cut, full[:, half.mask.ravel()], rtol=1e-5)
    assert np.all(full[0] > 0)
    assert not full[1].any()


def test_the_future_does_not_matter(process: Process, demo_grid: Grid) -> None:
    """Events at or after the issue time are moved, changed and removed; the forecast stays."""
    catalogue = simulate(process, "2000-01-01", "2001-01-01", 11)
    days = catalogue.days_since(EPOCH)
    first = len(catalogue) // 2
    issue = np.array([days[first]])  # exactly at an event
    reference = expected_counts(process, issue, 7.0, catalogue, demo_grid, EPOCH)
    scrambled = replace(
        catalogue,
        magnitude=np.where(days >= issue, 3.0, catalogue.magnitude),
        longitude=np.where(days >= issue, 0.5, catalogue.longitude),
    )
    np.testing.assert_array_equal(
        expected_counts(process, issue, 7.0, scrambled, demo_grid, EPOCH), reference
    )
    shortened = expected_counts(process, issue, 7.0, catalogue[:first], demo_grid, EPOCH)
    np.testing.assert_allclose(shortened, reference, rtol=1e-5)


def test_issue_times_that_are_no_list_are_named(process: Process, demo_grid: Grid, past: Catalogue) -> None:
    with pytest.raises(InputError, match="list of finite days"):
        expected_counts(process, np.array(3.0), 1.0, past, demo_grid, EPOCH)
