"""The sampled training set: unbiased, as large as asked, and a source like any other."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from source_conformance import SourceConformance

from terrella.forecast.features.cell_rates import make_cell_rates
from terrella.forecast.features.channels import features, make_maps
from terrella.forecast.features.sweep import make_sources, sweep
from terrella.forecast.learning.samples import Density, Fetched, Samples, density_for, features_at
from terrella.forecast.models import Forecaster

EPOCH = np.datetime64("2000-01-01", "us")


def made(n: int = 40) -> Samples:
    draw = torch.Generator().manual_seed(0)
    return Samples(
        features=torch.randn(n, 5, generator=draw).half(),
        log_etas=torch.randn(n, 2, generator=draw),
        counts=torch.randint(0, 3, (n, 2), generator=draw, dtype=torch.int32),
        weight=torch.rand(n, generator=draw) + 1,
        issue=torch.arange(n, dtype=torch.int32),
        cell=torch.arange(n, dtype=torch.int32),
    )


class TestSamples(SourceConformance):
    @pytest.fixture
    def source(self):
        return made()


def test_samples_that_wait_in_ram_are_brought_to_the_device_batch_by_batch():
    samples, at = made(), torch.tensor([3, 1, 7])
    for name, values in Fetched(samples, torch.device("cpu")).read(at).items():
        torch.testing.assert_close(values, samples.read(at)[name], rtol=0, atol=0)
    brought = Fetched(samples, torch.device("meta"))
    assert len(brought) == len(samples)
    assert {values.device.type for values in brought.read(at).values()} == {"meta"}
    assert samples.weight.device.type == "cpu"


def test_weights_make_sums_over_cells_unbiased():
    draw = np.random.default_rng(3)
    expected = draw.gamma(0.2, 0.05, (400, 1, 1, 50))
    counts = torch.as_tensor(draw.poisson(expected), dtype=torch.float32)
    log_expected = torch.log(torch.as_tensor(expected, dtype=torch.float32) + 1e-12)
    events = int(counts.sum())
    density = density_for(2000, 50, 400, events)
    probability = density.of(log_expected, counts, torch.tensor([1.0]))
    assert ((probability > 0) & (probability <= 1)).all()
    assert (probability[counts[:, 0] > 0] == 1).all()
    generator = torch.Generator().manual_seed(1)
    sums, sizes = [], []
    for _ in range(300):
        drawn = torch.rand(probability.shape, generator=generator) < probability
        sums.append(float((log_expected[:, 0].exp()[drawn] / probability[drawn]).sum()))
        sizes.append(int(drawn.sum()))
    error = np.std(sums) / np.sqrt(len(sums))
    assert np.mean(sums) == pytest.approx(float(log_expected.exp().sum()), abs=4 * error)
    # A quarter evenly and half by expectation; events' own cells come on top.
    assert 1000 < np.mean(sizes) < 2600


def test_an_event_in_a_long_horizon_is_drawn_as_often_as_one_in_a_short_one():
    density = Density(even=0.0, per_event=0.0, hit=1.0)
    counts = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1), torch.tensor([0.0, 1.0]).view(1, 2, 1, 1)
    expected = torch.full((1, 2, 1, 1), -20.0)
    horizons = torch.tensor([1.0, 30.0])
    short, long = (float(density.of(expected, each, horizons)) for each in counts)
    assert short == 1
    assert long == pytest.approx(1 / 30)


def test_features_at_samples_are_those_of_the_maps(catalogue, grid, etas):
    layered = replace(grid, depth_edges_km=np.array([0.0, 10.0, 40.0]))
    n_columns = int(grid.mask.sum())
    shares = np.stack([np.linspace(0.2, 0.7, n_columns), np.linspace(0.8, 0.3, n_columns)])
    folds, limits = np.linspace(1e-3, 3e-3, 3 * n_columns).reshape(3, -1), np.array([0.0, 300.0, 600.0])
    rates = make_cell_rates(etas, folds, limits, shares, (1.0, 7.0), (1.0, 10.0, 100.0), 0.0)
    sources = make_sources(catalogue, EPOCH, layered, etas, (1.0, 10.0, 100.0), (0.0, 1.0))
    columns = torch.as_tensor(np.flatnonzero(grid.mask))
    models = SimpleNamespace(grid=layered)
    forecaster = Forecaster(models, catalogue, sources, rates, columns, torch.device("cpu"))
    issue_days = np.array([120.0, 402.5, 700.0])
    issue, column, layer = np.array([0, 1, 1, 2]), np.array([3, 17, 40, 79]), np.array([0, 1, 0, 1])
    found, log_etas = features_at(forecaster, issue_days, issue, column, layer)
    (swept,) = sweep(sources, issue_days, batch=3)
    days = torch.as_tensor(issue_days)
    layout = (columns, grid.mask.shape, False)
    memories = torch.from_numpy(swept.triggering), torch.from_numpy(swept.local)
    maps = make_maps(rates, days, *memories, rates.background_at(days), *layout)
    at = [torch.as_tensor(each) for each in (issue, layer, column)]
    torch.testing.assert_close(found.float(), features(maps, *at), rtol=2e-3, atol=2e-3)
    torch.testing.assert_close(log_etas, maps.log_etas[at[0], :, at[1], at[2]], rtol=1e-4, atol=1e-4)
