"""The network starts as ETAS, stays near it, and its loss is the counts' likelihood."""

import pytest
import torch
from scipy import stats

from terrella.forecast.network import ForecastNetwork, count_loss
from terrella.forecast.settings import NetworkSettings
from terrella.nets.unet import UNet3d

SMALL = NetworkSettings(width=4, levels=3, residual_limit=2.0)


@pytest.mark.parametrize("layers", [1, 3])
def test_an_untrained_network_is_etas(layers):
    network = ForecastNetwork(7, 2, layers, SMALL)
    features, log_etas = torch.randn(3, 7, layers, 9, 13), torch.randn(3, 2, layers, 9, 13)
    assert torch.equal(network(features, log_etas)[0], log_etas)


def test_the_residual_is_limited_and_trained():
    torch.manual_seed(0)
    network = ForecastNetwork(7, 2, 1, SMALL)
    features, log_etas = torch.randn(3, 7, 1, 8, 8), torch.full((3, 2, 1, 8, 8), -3.0)
    counts = torch.full((3, 2, 1, 8, 8), 2.0)
    mask, per_sample = torch.ones(1, 8, 8), torch.tensor([128.0, 128.0])
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    before = count_loss(
        network, {"features": features, "log_etas": log_etas, "counts": counts}, mask, per_sample
    )
    for _ in range(60):
        optimiser.zero_grad()
        loss = count_loss(
            network, {"features": features, "log_etas": log_etas, "counts": counts}, mask, per_sample
        )
        loss.backward()
        optimiser.step()
    assert loss < before - 0.5
    assert (network(features, log_etas)[0] - log_etas).abs().max() <= SMALL.residual_limit


def test_the_loss_is_that_of_scipy():
    network = ForecastNetwork(2, 1, 1, SMALL)
    with torch.no_grad():
        network.dispersion.copy_(torch.tensor([[0.5, 0.0]]))
    log_etas = torch.tensor([[[[[-1.0, 0.3]]]]])
    counts = torch.tensor([[[[[0.0, 3.0]]]]])
    batch = {"features": torch.zeros(1, 2, 1, 1, 2), "log_etas": log_etas, "counts": counts}
    size = torch.exp(torch.tensor(-0.5)).item()
    expected = -sum(
        stats.nbinom.logpmf(n, size, size / (size + torch.exp(m).item()))
        for n, m in zip(counts.flatten().numpy(), log_etas.flatten(), strict=True)
    )
    found = count_loss(network, batch, torch.ones(1, 1, 2), torch.tensor([1.0])).item()
    assert found == pytest.approx(expected, rel=1e-5)
    masked = count_loss(network, batch, torch.tensor([[[1.0, 0.0]]]), torch.tensor([1.0])).item()
    assert masked < found


def test_cells_see_only_their_neighbourhood():
    """A U-Net of two levels looks a few cells far: a change beyond that leaves a cell's value as it was."""
    torch.manual_seed(1)
    network = UNet3d(3, 1, 4, 2, 1)
    torch.nn.init.normal_(network.head.weight)
    volume = torch.randn(1, 3, 1, 40, 40)
    changed = volume.clone()
    changed[..., 30:, 30:] += 5
    difference = (network(volume) - network(changed)).abs()[0, 0, 0]
    assert difference[:18, :18].max() == 0
    assert difference[30:, 30:].max() > 0
