"""The ablation's variants differ from the network in what they say, and boosting has the right derivatives."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from _boosting import _objective
from forecast_ablation import NETWORK, VARIANTS, make_network
from terrella.forecast.counts import negative_log_likelihood
from terrella.forecast.features.channels import feature_names
from terrella.forecast.settings import ForecastSettings

SETTINGS = ForecastSettings()
NAMES = feature_names(SETTINGS)
MODELS = SimpleNamespace(settings=SETTINGS, horizons_days=SETTINGS.horizons_days)


def left_out(name: str) -> list[str]:
    (variant,) = (each for each in VARIANTS if each.name == name)
    return [name for name in NAMES if re.search(variant.without, name)]


def test_variants_leave_out_what_their_names_say():
    """Own: 3 ETAS, background and 8 memories of 5 kinds; a kernel: 8 memories of 3 kinds, 3 of 2, and 2 more."""
    assert len(NAMES) == 44 + 4 * 32
    expected = {
        NETWORK: 0,
        "perceptron on the cell alone": 4 * 32,
        "perceptron on the cell and 10 km": 3 * 32,
        "network without kernels of 60 and 150 km": 2 * 32,
        "network without moment and large bands": 3 * 8 + 4 * (8 + 6),
        "network without expected events": 5 * 8,
        "network without memories of 150 and 1500 d": 5 * 2 + 4 * (3 * 2 + 2),
        "network without memories of 0.1 and 0.3 d": 5 * 2 + 4 * 3 * 2,
    }
    assert {name: len(left_out(name)) for name in expected} == expected


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_begins_as_etas_and_learns_what_it_may(variant):
    torch.manual_seed(0)
    network, log_etas = make_network(variant, 5, MODELS), torch.randn(7, 3).abs().cumsum(1)
    features = torch.randn(7, 5)
    torch.testing.assert_close(network(features, log_etas)[0], log_etas)
    torch.nn.init.normal_(network.head.weight)
    log_mean, dispersion, spread = network(features, log_etas)
    assert not torch.equal(log_mean, log_etas)
    assert bool(spread.any()) == variant.spread
    (log_mean.sum() + dispersion.sum()).backward()
    assert ("scale" in dict(network.named_parameters())) == variant.scale
    assert (len(network.body) == 0) == variant.linear


def test_the_objective_has_the_derivatives_of_the_likelihood():
    draw = np.random.default_rng(2)
    log_mean, counts = draw.normal(size=50), draw.poisson(1.5, 50).astype(float)
    weight, dispersion = draw.uniform(1, 5, 50), draw.uniform(0.1, 3, 50)
    data = SimpleNamespace(get_label=lambda: counts, get_weight=lambda: weight)
    found = _objective(dispersion)(log_mean, data)
    at = torch.tensor(log_mean, requires_grad=True)
    loss = negative_log_likelihood(torch.from_numpy(counts), at, torch.from_numpy(dispersion))
    (first,) = torch.autograd.grad((torch.from_numpy(weight) * loss).sum(), at, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), at)
    np.testing.assert_allclose(found[0], first.detach(), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found[1], second, rtol=1e-6, atol=1e-9)
