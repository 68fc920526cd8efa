"""Channels of physics: what single events do, known from theory, and none that sees the future."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from physics_channels.anisotropy import _density, ellipse, make_anisotropy
from physics_channels.completeness import completeness_after, make_completeness, make_completeness_channels
from physics_channels.regional import CHANNELS, make_regional
from physics_channels.stress import FLOOR_PA, make_stress, seismic_moment_nm, source_radius_km, stress_pa
from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.earth.sphere import distance_km
from terrella.errors import InputError
from terrella.forecast.etas.model import ETAS
from terrella.forecast.features.cell_rates import make_cell_rates
from terrella.forecast.simulation.process import Process
from terrella.forecast.simulation.simulate import simulate
from terrella.formats.catalogues.catalogue import make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")
BETA = np.log(10)


def utc(days) -> np.ndarray:
    return EPOCH + (np.asarray(days, float) * 86_400e6).astype("timedelta64[us]")


def rates_of(etas, grid, per_day):
    background, shares = np.full((1, grid.mask.sum()), per_day), np.ones((1, grid.mask.sum()))
    return make_cell_rates(etas, background, np.array([0.0, 1.0]), shares, (1.0,), (1.0,), start_day=0.0)


def stress(events, grid, etas):
    return make_stress(events, EPOCH, grid)


def completeness(events, grid, etas):
    return make_completeness_channels(make_completeness(events, EPOCH, 2.5, BETA), grid, (1.0,))


def anisotropy(events, grid, etas):
    return make_anisotropy(events, EPOCH, grid, etas)


def regional(events, grid, etas):
    return make_regional(events, EPOCH, grid, etas, rates_of(etas, grid, 1e-3))


@pytest.mark.parametrize("make", [stress, completeness, anisotropy, regional])
def test_the_future_changes_nothing(make, catalogue, grid, etas):
    draw = np.random.default_rng(1)
    issue = np.arange(1.0, 729, 0.25 if make is completeness else 7)
    seen = make(catalogue, grid, etas).channels(issue)
    assert seen.any()
    for day in (402, 560):
        k = np.searchsorted(issue, day)
        future = catalogue.days_since(EPOCH) >= issue[k]
        scrambled = {
            name: np.where(future, draw.permutation(getattr(catalogue, name)), getattr(catalogue, name))
            for name in ("longitude", "latitude", "magnitude", "depth_km")
        }
        blind = make(replace(catalogue, **scrambled), grid, etas).channels(issue)
        np.testing.assert_array_equal(seen[: k + 1], blind[: k + 1])
        assert (seen[k + 1 :] != blind[k + 1 :]).any()


def test_issue_times_out_of_order_are_refused(catalogue, grid, etas):
    with pytest.raises(InputError, match="increasing order"):
        stress(catalogue, grid, etas).channels(np.array([2.0, 1.0]))


def test_moment_of_a_great_and_of_a_moderate_earthquake() -> None:
    # Hanks & Kanamori (1979): log M0 = 1.5 M + 16.05 in dyn cm, 1 N m = 1e7 dyn cm.
    np.testing.assert_allclose(seismic_moment_nm([9.0, 6.0]), [10**22.55, 10**18.05])
    assert seismic_moment_nm(7.0) / seismic_moment_nm(5.0) == pytest.approx(1000)


def test_stress_of_a_magnitude_7_follows_the_cube_law():
    """M₀ = 3.55e19 N m: at 100 km, 3.55e19 / (6π 1e15) = 1.88 kPa."""
    moment = seismic_moment_nm(7.0)
    assert stress_pa(moment, 100.0) == pytest.approx(1882, rel=0.05)
    assert stress_pa(moment, 200.0) / stress_pa(moment, 400.0) == pytest.approx(8, rel=0.03)
    # Within the source it is 16/7 of the stress drop over 6π.
    assert stress_pa(moment, 0.0) == pytest.approx(3e6 * 16 / 7 / (6 * np.pi))
    assert source_radius_km(moment) == pytest.approx(17.3, rel=0.02)


def test_stress_of_one_event_in_two_cells_and_layers():
    grid = make_grid(box(0, 1, 0, 0.5), 0.5, (0, 20, 40))
    events = make_catalogue(utc([10]), [0.3], [0.2], [6.0], [5.0])
    found = make_stress(events, EPOCH, grid).channels(np.array([10.0, 10.5, 70.0])).astype(float)
    found = (10**found - 1) * FLOOR_PA
    assert found.shape == (3, 2, 2, 2)
    assert found[0].max() == 0  # an event at the issue time is of the future
    r = distance_km(0.3, 0.2, np.array([0.25, 0.75]), 0.25)
    for layer, vertical in enumerate((0.0, 15.0)):
        expected = stress_pa(seismic_moment_nm(6.0), r, vertical, grid.area_km2[0])
        for memory, tau in enumerate((30.0, 1000.0)):
            assert found[1, memory, layer] == pytest.approx(expected * np.exp(-0.5 / tau), rel=1e-3)
            assert found[2, memory, layer] == pytest.approx(expected * np.exp(-60 / tau), rel=1e-3)


def test_completeness_holds_excess_and_the_share_that_will_be_recorded():
    """A magnitude 7.3 on day 10 and a 6.9 an hour later, on a meridian of cells."""
    assert completeness_after(7.3, 1.0) == pytest.approx(2.8)
    assert completeness_after(6.0, 10 ** (-1 / 0.75)) == pytest.approx(2.5)
    shocks = make_catalogue(utc([5, 10, 10 + 1 / 24, 11]), [0.5] * 4, [0.5] * 4, [3.0, 7.3, 6.9, 3.0])
    worst = make_completeness(shocks, EPOCH, 2.5, BETA)
    when = np.array([10.0, 10.01, 10 + 1.2 / 24, 10.4, 14.0])
    after = completeness_after([7.3, 6.9, 7.3], [0.01, 0.2 / 24, 0.4])
    mc = worst.magnitude_of_completeness(when, np.full(5, 0.5), np.full(5, 0.5))
    assert mc == pytest.approx([2.5, *after, 2.5])
    assert worst.magnitude_of_completeness([10.01], [0.5], [5.0]) == 2.5
    grid = make_grid(box(0, 1, 0, 40), 1.0)
    found = make_completeness_channels(worst, grid, (1.0, 30.0)).channels(np.array([10.0, 10.2, 20.0]))
    assert found.shape == (3, 3, 1, 40)
    assert not found[[0, 2]].any()
    assert found[1, 0, 0, 0] == pytest.approx(completeness_after(7.3, 0.2) - 2.5, rel=1e-5)
    assert found[1, 1:, 0, 2:].max() == 0
    for h, horizon in enumerate((1.0, 30.0)):
        # All is recorded from 10^(0.3/0.75) = 2.5 days after the shock on.
        within = min(horizon, 10**0.4 - 0.2)
        part = quad(lambda s: worst.recorded([10.2 + s], [0.5], [0.5])[0], 0, within, limit=200)[0]
        assert np.exp(found[1, 1 + h, 0, 0]) == pytest.approx((part + horizon - within) / horizon, rel=5e-3)


def test_the_ellipse_finds_strike_and_size_despite_strays():
    draw = np.random.default_rng(0)
    along, across, strike = draw.normal(0, 10, 2000), draw.normal(0, 2, 2000), np.radians(30)
    east = 4 + along * np.sin(strike) + across * np.cos(strike)
    north = -3 + along * np.cos(strike) - across * np.sin(strike)
    stray = draw.uniform(-60, 60, (2, 60))
    x, y, ee, en, nn = ellipse(np.append(east, stray[0]), np.append(north, stray[1]), 5.0)
    assert (x, y) == pytest.approx((4, -3), abs=0.5)
    values, vectors = np.linalg.eigh([[ee, en], [en, nn]])
    assert np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])) % 180 == pytest.approx(30, abs=1.5)
    # Student's weights measure the core of a Gaussian as some four fifths of its size.
    assert np.sqrt(values) == pytest.approx([2, 10], rel=0.3)
    assert ellipse(east[:7], north[:7], 5.0).tolist() == [0, 0, 5, 0, 5]


def test_the_elongated_kernel_keeps_its_mass():
    x, y = np.meshgrid(np.arange(-600, 600, 0.5), np.arange(-600, 600, 0.5))
    for a, b, d in ((10.0, 0.0, 10.0), (40.0, 15.0, 20.0)):
        assert _density.py_func(x, y, a, b, d, 1.2).sum() * 0.25 == pytest.approx(1, abs=0.01)


def test_anisotropy_is_positive_along_the_fault_and_negative_beside_it(grid, etas):
    """A magnitude 7 on day 100 whose aftershocks strike N 45° E, along 25 km and across 2 km (one sigma)."""
    draw, n = np.random.default_rng(3), 150
    along, across = draw.normal(0, 25, n), draw.normal(0, 2, n)
    sequence = make_catalogue(
        utc(np.append(100.0, 100.001 + draw.exponential(20, n))),
        np.append(1.0, 1 + (along + across) / np.sqrt(2) / 111.195),
        np.append(0.8, 0.8 + (along - across) / np.sqrt(2) / 111.195),
        np.append(7.0, np.full(n, 2.6)),
    )
    found = make_anisotropy(sequence, EPOCH, grid, etas).channels(np.array([100.0, 100.002, 140.0, 900.0]))
    assert not found[[0, 1, 3]].any()  # no aftershock yet; forgotten
    side = 21 / 111.195
    beside = {
        (i, j): found[2, 0, 0, grid.cell_of(1 + i * side, 0.8 + j * side)] for i in (-1, 1) for j in (-1, 1)
    }
    assert min(beside[1, 1], beside[-1, -1]) > 0.5
    assert max(beside[1, -1], beside[-1, 1]) < -0.2


def test_doubled_productivity_shows_as_a_regional_ratio_near_two():
    """Five years of an ETAS process whose aftershocks are twice as many east of 4° E."""
    lattice = make_grid(box(0, 8, 0, 3), 1.0)
    etas = ETAS(
        mu=1e-6, k0=1.0, a=1.6, c_days=0.01, omega=0.1, tau_days=100.0, d_km2=2.0, gamma=0.5, rho=1.0,
        min_magnitude=3.0, beta=2.3, background=None,
    )  # fmt: skip
    shape, per_day = lattice.mask.shape, 1.2
    factor = np.where(lattice.longitudes > 4, 2.0, 1.0) * np.ones(shape)
    process = Process(etas, 7.0, lattice, np.full(shape, per_day / factor.size), np.zeros(shape), factor, 1.0)
    etas = replace(etas, k0=0.35 / process.branching_ratio(), mu=per_day / lattice.area_km2.sum())
    events = simulate(replace(process, etas=etas), "2000-01-01", "2005-01-01", 5)
    rates = rates_of(etas, lattice, per_day / factor.size)
    found = make_regional(events, EPOCH, lattice, etas, rates, magnitude_bin=0.0).channels([0.0, 1826.0])
    assert found.shape == (2, len(CHANNELS), 1, 24)
    assert not found[0].any()
    ratio = np.exp(found[1, :, 0].reshape(len(CHANNELS), *shape))
    west, east = ratio[:, :, :3].mean((1, 2)), ratio[:, :, 5:].mean((1, 2))
    # In all, with the background, which is the same; then by class; last the b-value.
    assert west == pytest.approx(1, abs=0.25)
    assert 1.2 < east[0] < 1.8
    assert east[1:3] == pytest.approx(2, abs=0.4)
    assert east[4] == pytest.approx(1, abs=0.1)


def test_regional_expectation_is_that_of_every_kernel(grid, etas):
    """Two events: their direct aftershocks so far, by class, are productivity × share of time."""
    events = make_catalogue(utc([50, 50]), [1.0, 1.0], [0.8, 0.8], [2.5, 5.5])
    past = make_regional(events, EPOCH, grid, etas, rates_of(etas, grid, 1e-4))
    number = etas.productivity([2.5, 5.5]).sum()
    for age in (0.5, 20.0, 700.0):
        found = past._expected(np.array([50 + age]))[0]
        inside = found[1:].sum(1)
        cut = etas.time_cdf(np.minimum(age, [1.0, 30.0, np.inf])) - etas.time_cdf([0.0, 1.0, 30.0])
        assert inside == pytest.approx(number * np.maximum(cut, 0), rel=0.15, abs=0.05 * number)
        assert found[0].sum() == pytest.approx(inside.sum() + 1e-4 * 80 * (50 + age), rel=1e-3)


def test_the_regional_b_value_leans_from_that_of_etas_to_its_own(grid, etas):
    draw, n = np.random.default_rng(4), 4000
    magnitude = np.minimum(2.5 + np.floor(draw.exponential(1 / (0.7 * np.log(10)), n) / 0.1) * 0.1, 5.0)
    place = draw.uniform(0.9, 1.1, n), draw.uniform(0.7, 0.9, n)
    events = make_catalogue(utc(np.sort(draw.uniform(0, 3000, n))), *place, magnitude)
    past = make_regional(events, EPOCH, grid, etas, rates_of(etas, grid, 1e-4))
    early, late = past.channels([30.0, 3000.0])[:, 4, 0, grid.cell_of(1.05, 0.85)] + np.log(etas.beta)
    # Bins begin at 2.45, as Utsu has it.
    assert np.exp(late) / np.log(10) == pytest.approx(0.7, abs=0.05)
    assert np.log(etas.beta) > early > late
