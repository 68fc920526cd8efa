"""The network's training as the engine is told of it: its need, its stage, and the samples that it learns from."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need, Placement
from terrella.engine.task import Fed, StageSpec, stage_of
from terrella.forecast.features.channels import feature_names
from terrella.forecast.learning.network import ForecastNetwork, count_loss
from terrella.forecast.learning.samples import Fetched, Samples, draw_samples
from terrella.forecast.models import Models, make_forecaster
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.windows import Windows, issue_days
from terrella.formats.catalogues.catalogue import Catalogue

STAGE = "network"
CHECKED_AT_ONCE = 65536  # samples
_HELD_BYTES = 400_000_000  # catalogue, sweep and maps while the samples are drawn


def stage_spec(
    settings: ForecastSettings,
    prepared: tuple[Models, Catalogue, Windows] | None,
    samples: int | None = None,
) -> StageSpec:
    """Return the one stage, over models, events and windows; `samples` replaces the number in the settings."""
    fit = settings.fit
    number = samples or fit.samples
    channels, horizons = _channels(settings), len(settings.horizons_days)
    # As `Samples` holds them: half-precision features, and half as many samples for validation.
    each = 2 * channels + 8 * horizons + 12
    need = Need(
        name=STAGE,
        step=network_step(settings, min(fit.batch, number)),
        samples=number,
        epochs=fit.epochs,
        precisions=fit.precisions,
        sharded=fit.sharded,
        data_bytes=each * (number + number // 2),
        held_by_others=_HELD_BYTES,
    )

    def fed(placement: Placement | None) -> Fed:
        assert prepared is not None
        return feed(*prepared, placement)

    return StageSpec(need, stage_of(fit, STAGE), fed)


def feed(models: Models, catalogue: Catalogue, windows: Windows, placement: Placement | None) -> Fed:
    """Return the samples of a training, held by the device unless they are planned to wait in RAM."""
    fit = models.settings.fit
    device = choose_device(fit.device)
    place = torch.device("cpu") if placement == "preloaded" else device
    drawn, checked = training_samples(models, catalogue, windows, place)
    per_sample = events_per_sample(drawn).to(device)

    def loss(network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return count_loss(network, batch, per_sample)

    learned, validation = (each if place == device else Fetched(each, device) for each in (drawn, checked))
    return Fed(learned, validation, loss, fit.batch, CHECKED_AT_ONCE)


def make_network(settings: ForecastSettings, fed: Fed, by_span: bool) -> ForecastNetwork:
    """Return the network untrained, with mean and scale of the channels of the samples."""
    learned = fed.learned
    samples = learned.samples if isinstance(learned, Fetched) else learned
    assert isinstance(samples, Samples)
    size = samples.features.shape[1], len(settings.horizons_days)
    network = ForecastNetwork(*size, settings.network, by_span)
    network.standardise(samples.features)
    return network


def training_samples(
    models: Models, catalogue: Catalogue, windows: Windows, device: torch.device | str = "cpu"
) -> tuple[Samples, Samples]:
    """Return samples of the training window, and half as many of the dev window."""
    fit, longest = models.settings.fit, max(models.horizons_days)
    # Counts of the longest horizon must not reach into the next window.
    training_days = issue_days(windows.train_start, windows.validation_start, fit.step_days, longest)
    validation_days = issue_days(windows.validation_start, windows.test_start, fit.step_days, longest)
    forecaster = make_forecaster(models, catalogue, device)
    return (
        draw_samples(forecaster, training_days, fit.samples, fit.seed),
        draw_samples(forecaster, validation_days, fit.samples // 2, fit.seed + 1),
    )


def events_per_sample(samples: Samples) -> Tensor:
    """Return the mean weighted number of events of a sample, by horizon."""
    return (samples.counts * samples.weight[:, None]).mean(0).clamp(min=1e-6)


def network_step(settings: ForecastSettings, batch: int) -> Step:
    """Return the training step of the network."""
    channels, horizons = _channels(settings), len(settings.horizons_days)

    def make_batch(size: int) -> Batch:
        return {
            "features": torch.randn(size, channels),
            "log_etas": torch.randn(size, horizons).abs().cumsum(1),
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
        accumulation=settings.fit.accumulation,
        precision=settings.fit.precision,
    )


def _channels(settings: ForecastSettings) -> int:
    network = settings.network
    # The moment's band comes on top.
    return len(feature_names(settings.horizons_days, network.memory_days, len(network.band_steps) + 1))
