"""The intensity in continuous time: its points follow ETAS, its likelihood is that of a point process."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from _intensity import Points, draw_process, intensity_gain
from terrella.forecast.features.cell_rates import make_cell_rates
from terrella.forecast.features.sweep import make_sources, sweep
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.models import Forecaster
from terrella.forecast.settings import NetworkSettings

EPOCH = np.datetime64("2000-01-01", "us")
MEMORY_DAYS = (1.0, 10.0, 100.0)
BANDS = (0.0, 1.0)


class _Models:
    """What an intensity asks of `Models`."""

    def __init__(self, grid, etas, fold_limits):
        self.grid, self.etas, self.fold_limits = grid, etas, fold_limits


@pytest.fixture
def forecaster(catalogue, grid, etas) -> Forecaster:
    n_columns = int(grid.mask.sum())
    folds, limits = np.linspace(1e-3, 3e-3, 3 * n_columns).reshape(3, -1), np.array([0.0, 300.0, 600.0])
    rates = make_cell_rates(etas, folds, limits, np.ones((1, n_columns)), (1.0,), MEMORY_DAYS, 0.0)
    sources = make_sources(catalogue, EPOCH, grid, etas, MEMORY_DAYS, BANDS)
    return Forecaster(_Models(grid, etas, limits), catalogue, sources, rates, torch.device("cpu"))


def test_drawn_points_follow_the_intensity_of_etas(forecaster, catalogue, grid, etas):
    copies, start, end = 400, 250.0, 650.0
    days, columns = draw_process(forecaster, start, end, copies, seed=1)
    assert ((days >= start) & (days < end)).all()
    # ∫ λ over the window and each cell: background of the folds, and what the cells' memories gained and lost.
    rate = forecaster.rates.background.double().numpy()
    background = rate[0] * 50 + rate[1] * 300 + rate[2] * 50
    born = catalogue.days_since(EPOCH)
    shares = etas.time_cdf(np.maximum(end - born, 0)) - etas.time_cdf(np.maximum(start - born, 0))
    swept = [
        part.triggering[0].astype(float)
        for part in sweep(
            replace(forecaster.sources, productivity=forecaster.sources.productivity * shares,
                    time_constants=np.full(25, 1e12)), [800.0]
        )
    ]  # fmt: skip
    expected = background + swept[0][0]
    found = np.bincount(columns, minlength=len(expected)) / copies
    error = np.sqrt(expected / copies)
    assert abs(found.sum() - expected.sum()) < 4 * np.sqrt(expected.sum() / copies) + 0.01 * expected.sum()
    assert (np.abs(found - expected) < 5 * error + 0.02 * expected).all()


def test_gain_is_that_of_a_poisson_process_with_another_rate():
    """Events at twice ETAS's rate: a constant residual of log 2 gains log 2 − 1/2 per event."""
    drawn, copies = 40_000, 10
    event = torch.cat([torch.ones(2 * drawn // copies), torch.zeros(drawn)])
    points = Points(torch.zeros(len(event), 3).half(), event, (1 - event) / copies)
    network = ForecastNetwork(3, 1, NetworkSettings(hidden=()))
    assert intensity_gain(network, points).value == 0
    with torch.no_grad():
        network.scale[0, 0] = np.log(2)
    gain = intensity_gain(network, points)
    assert gain.value == pytest.approx(np.log(2) - 0.5, abs=1e-6)
    assert gain.n_events == 8000
    assert gain.standard_error == pytest.approx(np.sqrt(drawn) / copies / 8000)
