"""The network's training as the engine is told of it: its need, its stage, and the samples that it learns from."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need, Placement
from terrella.engine.task import Fed, StageSpec, stage_of
from terrella.forecast.features.channels import channel_count
from terrella.forecast.learning.crops import SIDE, TILE, Crops, draw_crops, nearly_square
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
    number, batch = _sizes(settings, samples)
    # A run that was begun before there were kernels goes on with boxes.
    smooth = prepared is None or prepared[0].smooth
    channels, horizons = channel_count(settings, smooth), len(settings.horizons_days)
    # As `Samples` holds them: half-precision features, and half as many samples for validation.
    each = (2 * channels + 8 * horizons + 4) * _cells(settings) + 8
    need = Need(
        name=STAGE,
        step=network_step(settings, min(batch, number), smooth),
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

    fetched, validation = (Fetched(each, device) for each in (drawn, checked))
    unet = _is_unet(models.settings)
    learned = Crops(fetched, fit.seed, nearly_square(models.grid)) if unet else fetched
    at_once = max(1, CHECKED_AT_ONCE // _cells(models.settings))
    return Fed(learned, validation, loss, _sizes(models.settings)[1], checked_at_once=at_once)


def make_network(settings: ForecastSettings, fed: Fed, by_span: bool) -> ForecastNetwork:
    """Return the network untrained, with mean and scale of the channels of the samples."""
    learned = fed.learned.source if isinstance(fed.learned, Crops) else fed.learned
    assert isinstance(learned, Fetched)
    features = learned.samples.features
    network = _untrained(settings, features.shape[-1], by_span)
    network.standardise(features)
    return network


def training_samples(
    models: Models, catalogue: Catalogue, windows: Windows, device: torch.device | str = "cpu"
) -> tuple[Samples, Samples]:
    """Return samples of the training window, and half as many of the dev window: cells, or crops for a U-Net."""
    fit, longest = models.settings.fit, max(models.horizons_days)
    # Counts of the longest horizon must not reach into the next window.
    training_days = issue_days(windows.train_start, windows.validation_start, fit.step_days, longest)
    validation_days = issue_days(windows.validation_start, windows.test_start, fit.step_days, longest)
    forecaster = make_forecaster(models, catalogue, device)
    draw = draw_crops if _is_unet(models.settings) else draw_samples
    size = _sizes(models.settings)[0]
    return (
        draw(forecaster, training_days, size, fit.seed),
        draw(forecaster, validation_days, size // 2, fit.seed + 1),
    )


def events_per_sample(samples: Samples) -> Tensor:
    """Return the mean weighted number of events of a cell, by horizon."""
    return (samples.counts * samples.weight[..., None]).flatten(0, -2).mean(0).clamp(min=1e-6)


def network_step(settings: ForecastSettings, batch: int, smooth: bool = True) -> Step:
    """Return the training step of the network."""
    channels, horizons = channel_count(settings, smooth), len(settings.horizons_days)
    layers = len(settings.data.depth_edges_km) - 1
    cells = (layers, SIDE, SIDE) if _is_unet(settings) else ()

    def make_batch(size: int) -> Batch:
        shape = (size, *cells)
        # Samples are drawn so that about half of the cells have events, and crops so that many have one.
        number = torch.arange(math.prod(shape)).view(shape)
        return {
            "features": torch.randn(*shape, channels),
            "log_etas": torch.randn(*shape, horizons).abs().cumsum(-1),
            "counts": (number % (100 if cells else 2) == 0)
            .float()[..., None]
            .expand(*shape, horizons)
            .clone(),
            "weight": torch.ones(shape),
        }

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        return count_loss(network, batch, torch.ones(horizons, device=batch["weight"].device))

    return Step(
        make_network=lambda: _untrained(settings, channels, True),
        make_batch=make_batch,
        loss=loss,
        batch=batch,
        accumulation=settings.fit.accumulation,
        precision=settings.fit.precision,
    )


def _is_unet(settings: ForecastSettings) -> bool:
    return settings.network.kind == "unet"


def _untrained(settings: ForecastSettings, channels: int, by_span: bool) -> ForecastNetwork:
    layers = len(settings.data.depth_edges_km) - 1
    return ForecastNetwork(channels, len(settings.horizons_days), settings.network, by_span, layers)


def _cells(settings: ForecastSettings) -> int:
    """Return how many cells a sample has."""
    return SIDE**2 * (len(settings.data.depth_edges_km) - 1) if _is_unet(settings) else 1


def _sizes(settings: ForecastSettings, samples: int | None = None) -> tuple[int, int]:
    """Return how many samples are drawn, and how many make a batch: of cells, or of crops with as many cells."""
    number, batch = samples or settings.fit.samples, settings.fit.batch
    if not _is_unet(settings):
        return number, batch
    return max(2, number // TILE**2), max(1, batch // TILE**2)
