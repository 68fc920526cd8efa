"""The network starts as ETAS, stays near it, and its loss is the counts' likelihood."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from terrella.forecast.learning.network import ForecastNetwork, between, count_loss
from terrella.forecast.settings import NetworkSettings

SMALL = NetworkSettings(hidden=(8,), residual_limit=2.0)


def batch_of(n: int = 64) -> dict[str, torch.Tensor]:
    return {
        "features": torch.randn(n, 7),
        "log_etas": torch.randn(n, 2).abs().cumsum(1),
        "counts": torch.full((n, 2), 20.0),
        "weight": torch.ones(n),
    }


@pytest.mark.parametrize("hidden", [(), (8, 4)])
def test_an_untrained_network_is_etas(hidden):
    network = ForecastNetwork(7, 2, NetworkSettings(hidden=hidden))
    features, log_etas = torch.randn(3, 7), torch.randn(3, 2).abs().cumsum(1)
    log_mean, dispersion, spread = network(features, log_etas)
    torch.testing.assert_close(log_mean, log_etas)
    assert (spread == 0).all()
    torch.testing.assert_close(dispersion, torch.exp(-0.3 * log_etas))


def test_the_residual_is_limited_and_trained():
    torch.manual_seed(0)
    network, batch, per_sample = ForecastNetwork(7, 2, SMALL), batch_of(), torch.ones(2)
    with torch.no_grad():
        network.scale.requires_grad_(False)
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=0.05)
    before = count_loss(network, batch, per_sample)
    for _ in range(80):
        optimiser.zero_grad()
        loss = count_loss(network, batch, per_sample)
        loss.backward()
        optimiser.step()
    assert loss < before - 0.5
    log_mean, _, spread = network(batch["features"], batch["log_etas"])
    assert 1 < (log_mean - batch["log_etas"]).max() <= SMALL.residual_limit
    assert spread.abs().max() <= SMALL.residual_limit


def test_in_bfloat16_it_starts_as_etas_too_and_learns_as_well():
    def losses(precision: torch.dtype) -> list[float]:
        torch.manual_seed(0)
        network, batch, found = ForecastNetwork(7, 2, SMALL), batch_of(), []
        optimiser = torch.optim.AdamW(network.parameters(), lr=0.05)
        for _ in range(40):
            optimiser.zero_grad()
            with torch.autocast("cpu", precision, enabled=precision == torch.bfloat16):
                loss = count_loss(network, batch, torch.ones(2))
            assert loss.dtype == torch.float32
            loss.backward()
            optimiser.step()
            found.append(float(loss.detach()))
        assert {value.dtype for value in network.parameters()} == {torch.float32}
        return found

    plain, low = losses(torch.float32), losses(torch.bfloat16)
    assert low[0] == plain[0]
    assert low[-1] < low[0] - 0.5
    assert low[-1] == pytest.approx(plain[-1], rel=0.02)


def test_the_loss_is_that_of_scipy():
    network = ForecastNetwork(2, 1, SMALL)
    with torch.no_grad():
        network.dispersion.copy_(torch.tensor([[0.5, 0.0]]))
    batch = {
        "features": torch.zeros(2, 2),
        "log_etas": torch.tensor([[-1.0], [0.3]]),
        "counts": torch.tensor([[0.0], [3.0]]),
        "weight": torch.tensor([1.0, 5.0]),
    }
    size = torch.exp(torch.tensor(-0.5)).item()
    rows = zip(
        batch["counts"].flatten().tolist(), batch["log_etas"].flatten(), batch["weight"].tolist(), strict=True
    )
    expected = -sum(w * stats.nbinom.logpmf(n, size, size / (size + torch.exp(m).item())) for n, m, w in rows)
    found = count_loss(network, batch, torch.tensor([2.0])).item()
    assert found == pytest.approx(expected / 2 / 2, rel=1e-5)


@given(seed=st.integers(0, 10_000), horizons=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_no_count_falls_with_the_horizon_and_counts_are_sums_over_spans(seed, horizons):
    torch.manual_seed(seed)
    network = ForecastNetwork(7, horizons, SMALL)
    for each in network.parameters():
        torch.nn.init.normal_(each)
    log_etas = (10 * torch.rand(50, horizons)).cumsum(1) - 12
    with torch.no_grad():
        network.scale[:, 1] = 1
        log_mean, _, _ = network(torch.randn(50, 7), log_etas)
    counts = torch.exp(log_mean.double())
    assert (counts.diff(dim=1) >= -1e-5 * counts[:, 1:]).all()
    # Each span's count lies within the limit of the change from ETAS's, the scale apart.
    spans = torch.diff(torch.exp(log_etas.double()), dim=1, prepend=torch.zeros(50, 1))
    change = torch.log(torch.diff(counts, dim=1, prepend=torch.zeros(50, 1)) / spans) - network.scale[:, 0]
    assert (change.abs() <= SMALL.residual_limit + 0.05)[spans > 1e-3 * spans.cumsum(1)].all()


def test_counts_between_horizons_are_differences():
    counts = torch.tensor([[0.5, 2.0, 7.0]], dtype=torch.float64)
    torch.testing.assert_close(
        torch.exp(between(torch.log(counts))), torch.tensor([[0.5, 1.5, 5.0]]).double()
    )
