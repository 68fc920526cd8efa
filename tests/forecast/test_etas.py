"""The ETAS model: its kernels against quadrature, and its parameters under other names."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from terrella.forecast.etas.model import ETAS, upper_gamma


def make(omega: float, tau_days: float = 800.0, c_days: float = 0.01) -> ETAS:
    return ETAS(
        mu=1e-6, k0=0.01, a=1.4, c_days=c_days, omega=omega, tau_days=tau_days, d_km2=0.3, gamma=0.9, rho=0.6,
        min_magnitude=2.5, beta=2.2,
    )  # fmt: skip


@pytest.mark.parametrize("omega", [-0.3, -0.05, 0.0, 0.05, 0.6, 1.4])
def test_time_integral_is_that_of_the_kernel(omega):
    model = make(omega)
    limits = [0, 0.01, 1, 100, 1e4, 1e5]
    parts = [
        quad(lambda t: np.exp(-t / model.tau_days) / (t + model.c_days) ** (1 + omega), a, b, limit=200)[0]
        for a, b in pairwise(limits)
    ]
    assert float(model.time_integral()) == pytest.approx(sum(parts), rel=1e-6)
    share = sum(parts[:3]) / sum(parts)
    assert float(model.time_cdf(100.0)) == pytest.approx(share, rel=1e-6)


@given(a=st.floats(-1.5, 1.5), x=st.floats(1e-4, 50))
@settings(deadline=None)
def test_upper_gamma_falls_at_its_integrand(a, x):
    h = 1e-4 * x
    slope = (upper_gamma(a, x - h) - upper_gamma(a, x + h)) / (2 * h)
    assert slope == pytest.approx(x ** (a - 1) * np.exp(-x), rel=1e-3, abs=1e-8)


def test_productivity_is_the_kernel_over_time_and_the_plane():
    model = make(0.1)
    zone = float(model.zone_km2(4.0))
    plane = quad(lambda r: 2 * np.pi * r / (r * r + zone) ** (1 + model.rho), 0, np.inf, limit=500)[0]
    expected = model.k0 * np.exp(model.a * 1.5) * plane * float(model.time_integral())
    assert float(model.productivity(4.0)) == pytest.approx(expected, rel=1e-4)


def test_branching_ratio_is_the_mean_productivity_of_gutenberg_richter():
    model = make(0.1)
    draw = np.random.default_rng(2)
    u = draw.random(2_000_000)
    span = 5.0
    magnitude = 2.5 - np.log1p(u * np.expm1(-model.beta * span)) / model.beta
    assert model.branching_ratio(7.5) == pytest.approx(model.productivity(magnitude).mean(), rel=0.02)
    assert np.isfinite(make(-0.1).branching_ratio())


def test_its_numbers_give_it_back():
    model = make(-0.06)
    assert ETAS(**model.to_dict()).to_dict() == model.to_dict()
