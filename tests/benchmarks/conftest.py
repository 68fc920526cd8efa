"""The benchmarks' own modules, and a small catalogue, grid and ETAS model for them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.forecast.etas.model import ETAS
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(scope="session")
def grid() -> Grid:
    return make_grid(box(0, 2, 0, 1.6), 0.2)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Six hundred events in two years from 2000, a third of them in one burst."""
    draw = np.random.default_rng(7)
    days = np.concatenate([draw.uniform(0, 730, 400), 400 + draw.exponential(5, 200)])
    n = len(days)
    return make_catalogue(
        np.datetime64("2000-01-01", "us") + (days * 86_400e6).astype("timedelta64[us]"),
        draw.uniform(0.05, 1.95, n),
        draw.uniform(0.05, 1.55, n),
        4.0 + np.round(draw.exponential(0.45, n), 1),
        draw.uniform(0, 30, n),
    )


@pytest.fixture(scope="session")
def etas() -> ETAS:
    return ETAS(
        mu=1e-5, k0=0.004, a=1.4, c_days=0.01, omega=0.05, tau_days=3000.0, d_km2=0.5, gamma=0.8, rho=0.6,
        min_magnitude=2.5, beta=2.3, background=None,
    )  # fmt: skip
