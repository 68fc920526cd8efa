"""What a forecast's training needs, from its settings alone."""

import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need
from terrella.forecast.features.channels import channel_count
from terrella.forecast.learning.network import ForecastNetwork, count_loss
from terrella.forecast.settings import ForecastSettings

_HELD_BYTES = 400_000_000  # catalogue, sweep and maps while the samples are drawn


def needs(settings: ForecastSettings, samples: int | None = None) -> list[Need]:
    """Return the stages of `terrella forecast train`; `samples` replaces the number in the settings."""
    number = samples or settings.fit.samples
    step = network_step(settings, min(settings.fit.batch, number))
    channels, horizons = channel_count(settings), len(settings.horizons_days)
    # As `Samples` holds them: half-precision features, and half as many samples for validation.
    each = 2 * channels + 8 * horizons + 12
    return [
        Need(
            name="network",
            step=step,
            samples=number,
            epochs=settings.fit.epochs,
            precisions=("float32", "bfloat16"),
            sharded=settings.fit.sharded,
            data_bytes=each * (number + number // 2),
            held_by_others=_HELD_BYTES,
        )
    ]


def network_step(settings: ForecastSettings, batch: int) -> Step:
    """Return the training step of the network."""
    channels, horizons = channel_count(settings), len(settings.horizons_days)

    def make_batch(size: int) -> Batch:
        return {
            "features": torch.randn(size, channels),
            "log_etas": torch.randn(size, horizons),
            # Samples are drawn so that about half of the cells have events.
            "counts": (torch.arange(size) % 2 == 0).float()[:, None].repeat(1, horizons),
            "weight": torch.ones(size),
        }

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        return count_loss(network, batch, torch.ones(horizons, device=batch["weight"].device))

    return Step(
        make_network=lambda: ForecastNetwork(channels, horizons, settings.network),
        make_batch=make_batch,
        loss=loss,
        batch=batch,
    )
