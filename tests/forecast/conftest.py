"""A small catalogue, grid and ETAS model that the forecast tests share."""

import numpy as np
import pytest
import torch

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.forecast.calibration import Calibration
from terrella.forecast.etas.model import ETAS
from terrella.forecast.judging.outcomes import Outcomes, cell_centres, find_targets
from terrella.forecast.models import Expectation
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")


@pytest.fixture(scope="session")
def grid() -> Grid:
    return make_grid(box(0, 2, 0, 1.6), 0.2)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Six hundred events in two years, a third of them in one burst."""
    draw = np.random.default_rng(7)
    days = np.concatenate([draw.uniform(0, 730, 400), 400 + draw.exponential(5, 200)])
    n = len(days)
    return make_catalogue(
        EPOCH + (days * 86_400e6).astype("timedelta64[us]"),
        draw.uniform(0.05, 1.95, n),
        draw.uniform(0.05, 1.55, n),
        2.5 + np.round(draw.exponential(0.45, n), 1),
        draw.uniform(0, 30, n),
    )


@pytest.fixture(scope="session")
def etas() -> ETAS:
    return ETAS(
        mu=1e-5, k0=0.004, a=1.4, c_days=0.01, omega=0.05, tau_days=3000.0, d_km2=0.5, gamma=0.8, rho=0.6,
        min_magnitude=2.5, beta=2.3, background=None,
    )  # fmt: skip


@pytest.fixture(scope="session")
def outcomes(grid: Grid, catalogue: Catalogue) -> Outcomes:
    """Made-up daily forecasts of the second year by four models, the better the later they come."""
    issue = np.arange(365.0, 730.0)
    longitude, latitude = cell_centres(grid)
    targets = find_targets(catalogue, grid, EPOCH, issue, 1.0)
    counts = torch.zeros(len(issue), len(longitude))
    counts.index_put_(
        (torch.as_tensor(targets.row), torch.as_tensor(targets.cell)), torch.ones(len(targets.row)), True
    )
    draw = torch.Generator().manual_seed(3)
    base = torch.randn(1, len(longitude), generator=draw).mul(0.3).expand_as(counts) - 4.5
    blur = counts + 0.3 * torch.randn(counts.shape, generator=draw)
    expected = {
        name: Expectation(base + skill * blur, torch.zeros(()))
        for name, skill in (("climatology", 0.0), ("ETAS", 0.5), ("network", 0.8), ("gradient boosting", 0.9))
    }
    calibration = Calibration(intercept=0.1, slope=0.98, log_dispersion=-1.0, dispersion_slope=-0.2)
    return Outcomes(
        horizon_days=1.0,
        min_magnitude=2.5,
        issue_days=issue,
        counts=counts,
        expected=expected,
        calibrations=dict.fromkeys(expected, calibration),
        targets=targets,
        longitude=longitude,
        latitude=latitude,
    )
