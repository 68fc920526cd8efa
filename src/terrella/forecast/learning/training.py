"""The network's training, the recalibration of all models, and what the network gained on validation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.feed import Feed, Source
from terrella.engine.fit import Report, Stage, Training, train
from terrella.engine.judge import interval, make_blocks, ratio
from terrella.engine.plan.follow import as_planned, planned_placement
from terrella.engine.plan.plan import Plan
from terrella.engine.run import Run
from terrella.forecast.counts import Calibration, calibrate, negative_log_likelihood
from terrella.forecast.learning.network import ForecastNetwork, count_loss
from terrella.forecast.learning.rows import Rows
from terrella.forecast.learning.samples import Fetched, Samples, density_for, draw_samples, features_at
from terrella.forecast.models import (
    ETAS_,
    NETWORK,
    Expectation,
    Forecaster,
    Gain,
    Models,
    classical,
    make_forecaster,
    observed_counts,
    swept_etas,
)
from terrella.forecast.windows import Windows, issue_days
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_BATCH = 65536
_CALIBRATED = 400_000  # cells that a recalibration is fitted to


def train_network(
    models: Models,
    catalogue: Catalogue,
    windows: Windows,
    run: Run,
    fingerprint: str,
    report: Report,
    made: Plan | None = None,
) -> Models:
    """Return the models with a network trained as planned on the training window, stopped early on validation."""
    fit = models.settings.fit
    device = choose_device(fit.device)
    # Held by the device, unless they are planned to wait in RAM.
    place = torch.device("cpu") if planned_placement(made, "network") == "preloaded" else device
    drawn, checked = training_samples(models, catalogue, windows, place)
    report({"kind": "message", "message": f"{len(drawn):,} samples of {drawn.features.shape[1]} features"})
    torch.manual_seed(fit.seed)
    channels = drawn.features.shape[1]
    network = ForecastNetwork(channels, len(models.horizons_days), models.settings.network).to(device)
    network.standardise(drawn.features)
    per_sample = events_per_sample(drawn).to(device)
    source, validation = (each if place == device else Fetched(each, device) for each in (drawn, checked))

    def loss(network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return count_loss(network, batch, per_sample)

    def validate(network: nn.Module) -> float:
        return mean_loss(network, validation, per_sample)

    stage = Stage("network", fit.epochs, fit.learning_rate, patience=fit.patience)
    training = Training(
        network=network,
        loss=loss,
        feed=Feed(source, min(fit.batch, len(source)), fit.seed),
        stages=(stage,),
        validate=validate,
        fingerprint=fingerprint,
        weight_decay=fit.weight_decay,
        averaging=fit.averaging,
        sharded=fit.sharded,
    )
    best = train(as_planned(training, made, run.folder), run, report)
    assert isinstance(best, ForecastNetwork)
    return replace(models, network=best.to("cpu"))


def training_samples(
    models: Models, catalogue: Catalogue, windows: Windows, device: torch.device | str = "cpu"
) -> tuple[Samples, Samples]:
    """Return samples of the training window, and half as many of the validation window."""
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


@torch.no_grad()
def mean_loss(network: nn.Module, samples: Source, per_sample: Tensor) -> float:
    """Return the loss over all samples."""
    losses = [
        float(count_loss(network, samples.read(indices), per_sample)) * len(indices)
        for indices in torch.arange(len(samples)).split(_BATCH)
    ]
    return sum(losses) / len(samples)


def calibrate_all(models: Models, catalogue: Catalogue, windows: Windows) -> Models:
    """Return the models recalibrated on the validation window, all alike, with the network's gain there."""
    calibrations: dict[str, list[Calibration]] = {}
    gains = []
    forecaster = make_forecaster(models, catalogue)
    for horizon, days in enumerate(models.horizons_days):
        issue = issue_days(windows.validation_start, windows.test_start, days, days)
        drawn = _draw_cells(forecaster, issue, horizon)
        losses = {}
        for name, expected in drawn.expected.items():
            fitted = calibrate(expected.log_mean, drawn.counts, drawn.weight, expected.log_spread)
            calibrations.setdefault(name, []).append(fitted)
            losses[name] = drawn.weight * cell_loss(expected, drawn.counts, fitted)
        if NETWORK in losses:
            gains.append(_gain(losses, drawn, issue, models))
    fixed = {name: tuple(each) for name, each in calibrations.items()}
    return replace(models, calibrations=fixed, gains=tuple(gains))


def cell_loss(expected: Expectation, counts: Tensor, calibration: Calibration) -> Tensor:
    """Return the negative log-likelihood of each cell's count, in nats."""
    log_mean = calibration.log_mean(expected.log_mean)
    return negative_log_likelihood(counts, log_mean, calibration.dispersion(log_mean, expected.log_spread))


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Cells drawn from many issue times, flat, with every model's expectation."""

    issue: Tensor  # index of each cell's issue time
    counts: Tensor
    weight: Tensor
    expected: dict[str, Expectation]


def _draw_cells(forecaster: Forecaster, issue: Floats, horizon: int) -> _Drawn:
    """Return cells with all events and a weighted share of the empty ones: enough for four parameters."""
    models, sources = forecaster.models, forecaster.sources
    days = models.horizons_days[horizon]
    within = (sources.days >= issue[0]) & (sources.days < issue[-1] + days) & (sources.column >= 0)
    density = density_for(_CALIBRATED, forecaster.cells, len(issue), int(within.sum()))
    density = replace(density, hit=1.0, per_event=density.per_event * days)
    generator = torch.Generator().manual_seed(horizon)
    rows, names = Rows(), [ETAS_]
    for batch, log_etas in swept_etas(forecaster, issue):
        counts = observed_counts(forecaster, issue[batch], horizon)
        expected = log_etas[:, horizon].flatten(1).cpu()
        probability = density.of(expected[:, None, None], counts[:, None, None], torch.tensor([days]))[:, 0]
        drawn, cell = (torch.rand(counts.shape, generator=generator) < probability).nonzero(as_tuple=True)
        means = {name: each.log_mean for name, each in classical(forecaster, issue[batch], horizon).items()}
        means[ETAS_], names = expected, [*means, ETAS_]
        chosen = [values[drawn, cell] for values in (counts, 1 / probability, *means.values())]
        rows.add(drawn + batch.start, cell, *chosen)
    table = rows.table(4 + len(names))
    issue_index, cells = table[:, :2].long().T
    counted, weight, *log_means = table[:, 2:].float().T
    found = {
        name: Expectation(values, torch.zeros(len(cells)))
        for name, values in zip(names, log_means, strict=True)
    }
    if models.network is not None:
        layer, column = np.divmod(cells.numpy(), sources.n_columns)
        seen, log_etas = features_at(forecaster, issue, issue_index.numpy(), column, layer)
        found[NETWORK] = _learned_at(models.network, seen, log_etas, horizon)
    return _Drawn(issue_index, counted, weight, found)


@torch.no_grad()
def _learned_at(network: ForecastNetwork, seen: Tensor, log_etas: Tensor, horizon: int) -> Expectation:
    network.eval()
    parts = [network(seen[rows].float(), log_etas[rows]) for rows in torch.arange(len(seen)).split(_BATCH)]
    log_mean, _, spread = (torch.cat(each)[:, horizon] for each in zip(*parts, strict=True))
    return Expectation(log_mean, spread)


def _gain(losses: Mapping[str, Tensor], drawn: _Drawn, issue: np.ndarray, models: Models) -> Gain:
    judge = models.settings.judge
    blocks = make_blocks(issue, judge.block_days, judge.resamples)

    def per_issue(values: Tensor) -> Floats:
        return np.asarray(
            np.bincount(drawn.issue.numpy(), values.double().numpy(), minlength=len(issue)), float
        )

    better = blocks.sums(per_issue(losses[ETAS_] - losses[NETWORK]))
    found = interval(ratio(better, blocks.sums(per_issue(drawn.counts * drawn.weight))))
    return Gain(found.value, found.low, found.high)
