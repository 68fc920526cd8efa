"""Cell rates of ETAS: against direct integrals over time and space."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.forecast.etas.progeny import background_weight, horizon_weight
from terrella.forecast.features.cell_rates import depth_shares, make_cell_rates, remembered_weight
from terrella.forecast.features.exponentials import TIME_CONSTANTS_DAYS, fit_exponentials
from terrella.forecast.features.sweep import make_sources, sweep
from terrella.formats.catalogues.catalogue import make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")
MEMORY_DAYS = (1.0, 100.0)
HORIZONS = (1.0, 30.0)


def expected_counts(catalogue, grid, etas, issue: float, background_rate=1e-4) -> np.ndarray:
    """Return ETAS's expected counts (horizon, layer, column) at an issue time."""
    sources = make_sources(catalogue, EPOCH, grid, etas, MEMORY_DAYS, (0.0, 1.0))
    background = np.full((1, grid.mask.sum()), background_rate)
    rates = make_cell_rates(
        etas, background, np.array([0.0, 1.0]), depth_shares(catalogue, grid), HORIZONS, MEMORY_DAYS, 0.0
    )
    (swept,) = sweep(sources, [issue])
    days = torch.tensor([issue], dtype=torch.float64)
    return rates.expected(torch.from_numpy(swept.triggering), rates.background_at(days))[0].numpy()


@pytest.mark.parametrize("horizon", HORIZONS)
def test_sums_of_exponentials_follow_the_horizon_weight(etas, horizon):
    def weight(age):
        return horizon_weight(etas.time_cdf, etas.branching_ratio(), horizon, age)

    coefficients = fit_exponentials(weight)
    age = np.geomspace(1e-4, 1e4, 300)
    found = np.exp(-age[:, None] / TIME_CONSTANTS_DAYS) @ coefficients
    exact = weight(age)
    assert np.abs(found - exact).max() < 1e-3 * exact.max()
    assert np.abs(found / exact - 1)[exact > 1e-3 * exact.max()].max() < 0.01


def test_one_event_is_forecast_as_its_kernel_says(etas):
    """Far smaller a cell than the world: total over all cells = productivity × weight of its age."""
    grid = make_grid(box(-4, 4, -4, 4), 0.5)
    catalogue = make_catalogue([EPOCH + np.timedelta64(50, "D")], [0.1], [0.1], [6.0])
    found = expected_counts(catalogue, grid, etas, 52.5, background_rate=1e-12)
    for h, horizon in enumerate(HORIZONS):
        weight = horizon_weight(etas.time_cdf, etas.branching_ratio(), horizon, np.array([2.5]))[0]
        inside = 1 - (etas.zone_km2(6.0) / (444**2 + etas.zone_km2(6.0))) ** etas.rho
        expected = float(etas.productivity(6.0)) * weight
        total = float(found[h].sum())
        assert expected * inside * 0.98 < total < expected * 1.005


def test_background_alone_grows_with_its_aftershocks(grid, etas):
    catalogue = make_catalogue([EPOCH], [50.0], [50.0], [2.5])
    expected = expected_counts(catalogue, grid, etas, 600.0)[:, 0]
    for h, horizon in enumerate(HORIZONS):
        days = background_weight(etas.time_cdf, etas.branching_ratio(), horizon)
        assert days > horizon
        assert expected[h] == pytest.approx(1e-4 * days, rel=1e-3)


@pytest.mark.parametrize("memory", [0.5, 30.0, 1500.0])
def test_remembered_weight_is_its_integral(etas, memory):
    for age in (0.01, 3.0, 400.0):
        # By parts: G(A) e^(−A/τ) + ∫₀ᴬ (G(A) − G(u)) e^(−(A−u)/τ) du / τ.
        whole = float(etas.time_cdf(np.array([age]))[0])

        def integrand(u, age=age, whole=whole):
            rest = whole - float(etas.time_cdf(np.array([u]))[0])
            return rest * np.exp(-(age - u) / memory) / memory

        parts = sorted({0, age / 1000, age / 30, max(age - 20 * memory, 0), age})
        integral = sum(quad(integrand, a, b, limit=200, epsabs=1e-12)[0] for a, b in pairwise(parts))
        exact = whole * np.exp(-age / memory) + integral
        assert remembered_weight(etas, memory, np.array([age]))[0] == pytest.approx(exact, rel=0.01)


def test_depth_shares_sum_to_one_and_lean_to_the_region(catalogue):
    grid = make_grid(box(0, 2, 0, 1.6), 0.4, (0, 10, 20, 40))
    shares = depth_shares(catalogue, grid)
    assert shares.shape == (3, grid.mask.sum())
    assert shares.sum(0) == pytest.approx(1)
    empty = depth_shares(make_catalogue([EPOCH], [0.1], [0.1], [3.0], [15.0]), grid)
    assert empty[1].min() > 1 / 3
