"""The network's training, the recalibration of all models, and what the network gained on validation."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.feed import Feed
from terrella.engine.fit import Report, Stage, Training, train
from terrella.engine.judge import interval, make_blocks, ratio
from terrella.engine.run import Run
from terrella.forecast.counts import Calibration, calibrate, negative_log_likelihood
from terrella.forecast.models import ETAS_, NETWORK, Gain, Models, log_means, make_forecaster, observed_counts
from terrella.forecast.network import ForecastNetwork, count_loss
from terrella.forecast.volumes import Volumes
from terrella.forecast.windows import Windows, issue_days
from terrella.formats.catalogue import Catalogue

_SAMPLES = 256  # issue times from which mean and scale of the features are taken
_BATCH = 32


def train_network(
    models: Models, catalogue: Catalogue, windows: Windows, run: Run, fingerprint: str, report: Report
) -> Models:
    """Return the models with a network trained on the training window and stopped early on validation."""
    fit = models.settings.fit
    device = choose_device(fit.device)
    longest = max(models.horizons_days)
    # Counts of the longest horizon must not reach into the next window.
    training_days = issue_days(windows.train_start, windows.validation_start, fit.step_days, longest)
    validation_days = issue_days(windows.validation_start, windows.test_start, 3 * fit.step_days, longest)
    volumes = make_forecaster(models, catalogue, device).volumes
    source, validation = (
        replace(volumes, issue_days=torch.as_tensor(days, device=device))
        for days in (training_days, validation_days)
    )
    mask = torch.as_tensor(models.grid.mask, device=device)
    torch.manual_seed(fit.seed)
    sample = source.read(torch.randperm(len(source))[:_SAMPLES])
    channels, layers = sample["features"].shape[1], models.grid.shape[0]
    network = ForecastNetwork(channels, len(models.horizons_days), layers, models.settings.network).to(device)
    network.standardise(sample["features"], mask)
    per_sample = _events_per_sample(source, mask)

    def loss(network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return count_loss(network, batch, mask, per_sample)

    def validate(network: nn.Module) -> float:
        losses = [
            float(loss(network, validation.read(indices))) * len(indices)
            for indices in torch.arange(len(validation)).split(_BATCH)
        ]
        return sum(losses) / len(validation)

    stage = Stage("network", fit.epochs, fit.learning_rate, patience=fit.patience)
    training = Training(
        network=network,
        loss=loss,
        feed=Feed(source, fit.batch, fit.seed),
        stages=(stage,),
        validate=validate,
        fingerprint=fingerprint,
        weight_decay=fit.weight_decay,
        averaging=fit.averaging,
    )
    best = train(training, run, report)
    assert isinstance(best, ForecastNetwork)
    return replace(models, network=best.to("cpu"))


def calibrate_all(models: Models, catalogue: Catalogue, windows: Windows) -> Models:
    """Return the models recalibrated on the validation window, all alike, with the network's gain there."""
    calibrations: dict[str, list[Calibration]] = {}
    gains = []
    forecaster = make_forecaster(models, catalogue)
    for horizon, days in enumerate(models.horizons_days):
        issue = issue_days(windows.validation_start, windows.test_start, days, days)
        found = log_means(forecaster, issue, horizon)
        counts = observed_counts(forecaster, issue, horizon)
        losses = {}
        for name, log_mean in found.items():
            fitted = calibrate(log_mean, counts)
            calibrations.setdefault(name, []).append(fitted)
            losses[name] = per_issue_loss(log_mean, counts, fitted)
        if NETWORK in losses:
            gains.append(_gain(losses, counts, issue, models))
    fixed = {name: tuple(each) for name, each in calibrations.items()}
    return replace(models, calibrations=fixed, gains=tuple(gains))


def per_issue_loss(log_mean: Tensor, counts: Tensor, calibration: Calibration) -> Tensor:
    """Return the negative log-likelihood of each issue time's counts, in nats."""
    calibrated = calibration.log_mean(log_mean)
    loss = negative_log_likelihood(counts, calibrated, calibration.dispersion(calibrated))
    return loss.sum(1)


def _gain(losses: Mapping[str, Tensor], counts: Tensor, issue: np.ndarray, models: Models) -> Gain:
    judge = models.settings.judge
    blocks = make_blocks(issue, judge.block_days, judge.resamples)
    better = blocks.sums((losses[ETAS_] - losses[NETWORK]).double().numpy())
    found = interval(ratio(better, blocks.sums(counts.sum(1).double().numpy())))
    return Gain(found.value, found.low, found.high)


def _events_per_sample(source: Volumes, mask: Tensor) -> Tensor:
    counts = [
        source.past.counts(days, source.horizons_days).sum((0, 2, 3)) for days in source.issue_days.split(256)
    ]
    return (torch.stack(counts).sum(0) / len(source)).clamp(min=1e-3)
