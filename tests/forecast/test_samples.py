"""The sampled training set: unbiased, as large as asked, and a source like any other."""

import numpy as np
import pytest
import torch
from source_conformance import SourceConformance

from terrella.forecast.learning.samples import Density, Fetched, Samples, density_for

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
