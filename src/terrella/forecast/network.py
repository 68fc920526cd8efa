"""The physics-informed network: log ETAS plus a learned residual."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from terrella.forecast.counts import dispersion_of, negative_log_likelihood
from terrella.forecast.settings import NetworkSettings
from terrella.nets.unet import UNet3d


class ForecastNetwork(nn.Module):
    """A 3-D U-Net whose answer is added to the logarithm of ETAS's expected counts.

    Its last layer starts at zero, so that an untrained network is ETAS; the change of the log rate is limited
    to ± `residual_limit`.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, channels: int, horizons: int, layers: int, settings: NetworkSettings) -> None:
        super().__init__()
        self.unet = UNet3d(channels, horizons, settings.width, settings.levels, layers)
        self.limit = settings.residual_limit
        # Per horizon: logarithm of the dispersion at one expected event, and its slope (see Calibration).
        self.dispersion = nn.Parameter(torch.tensor([[0.0, -0.3]]).repeat(horizons, 1))
        self.register_buffer("feature_mean", torch.zeros(channels))
        self.register_buffer("feature_scale", torch.ones(channels))

    def forward(self, features: Tensor, log_etas: Tensor) -> tuple[Tensor, Tensor]:
        """Return log expected counts and their dispersion, (n, horizon, layer, latitude, longitude) each."""
        shape = (1, -1, 1, 1, 1)
        standard = (features - self.feature_mean.view(shape)) / self.feature_scale.view(shape)
        log_mean = log_etas + self.limit * torch.tanh(self.unet(standard) / self.limit)
        level, slope = self.dispersion.view(1, -1, 1, 1, 1, 2).unbind(-1)
        return log_mean, dispersion_of(log_mean, level, slope)

    @torch.no_grad()
    def standardise(self, features: Tensor, mask: Tensor) -> None:
        """Take mean and scale of each channel from sample features, inside the region only."""
        inside = features.movedim(1, -1)[mask.expand(features.shape[0], *features.shape[2:])]
        self.feature_mean.copy_(inside.mean(0))
        self.feature_scale.copy_(inside.std(0).clamp(min=1e-3))


def count_loss(network: nn.Module, batch: Mapping[str, Tensor], mask: Tensor, per_sample: Tensor) -> Tensor:
    """Return the negative log-likelihood of the counts, averaged over horizons, in nats per event.

    `per_sample` (horizon,) is the mean number of events of a sample: dividing by it weighs horizons alike.
    """
    log_mean, dispersion = network(batch["features"], batch["log_etas"])
    loss = negative_log_likelihood(batch["counts"], log_mean, dispersion)
    total = (loss * mask).sum((0, 2, 3, 4)) / len(loss)
    return (total / per_sample).mean()
