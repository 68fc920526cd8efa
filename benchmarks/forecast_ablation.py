"""What the network's answer rests on: rivals, groups of its features left out, channels of physics added.

California, M ≥ 2.5, cells of 0.25°: all are trained on the same samples of 1981 to 1997, and their information
gain over ETAS is told on samples of 1998 to 2006, where training stops early. `--run` takes the classical models
of a run of forecast_california.py; without it they are fitted here. `--quick` draws few samples and trains for
one epoch. Gradient boosting is compared where lightgbm is installed. The data are read from TERRELLA_DATA
(default ../shared/data).
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from _boosting import boosted, lightgbm
from _forecast_run import DATA
from _result import write_result
from intensity_npp import classical
from physics_channels.anisotropy import make_anisotropy
from physics_channels.completeness import make_completeness, make_completeness_channels
from physics_channels.regional import make_regional
from physics_channels.stress import make_stress
from terrella.engine.feed import Feed
from terrella.engine.fit import Stage, Training, train
from terrella.engine.judge import Blocks, Interval, make_blocks
from terrella.engine.run import Run
from terrella.engine.workflow import mean_loss
from terrella.forecast.calibration import Cells, calibrate, spans_of
from terrella.forecast.counts import dispersion_of
from terrella.forecast.features.channels import feature_names
from terrella.forecast.learning.network import ForecastNetwork, count_loss
from terrella.forecast.learning.recalibration import cell_loss
from terrella.forecast.learning.samples import Samples, draw_samples
from terrella.forecast.learning.training import CHECKED_AT_ONCE, events_per_sample
from terrella.forecast.models import Expectation, Forecaster, Models, make_forecaster
from terrella.forecast.preparation import cut
from terrella.forecast.settings import FitSettings
from terrella.forecast.windows import issue_days
from terrella.formats.catalogues.catalogue import Floats
from terrella.formats.catalogues.read import read_catalogue

NETWORK, BOOSTING = "network", "gradient boosting"
PHYSICS = ("stress", "completeness", "anisotropy", "regional")


@dataclass(frozen=True)
class Variant:
    """A way of being unlike the network."""

    name: str
    without: str = r"(?!)"  # pattern of the names of channels left out; this one fits none
    linear: bool = False
    physics: tuple[str, ...] = ()
    spread: bool = True  # whether dispersion is learned from the features
    scale: bool = True  # whether slope and intercept of log ETAS are learned


VARIANTS = (
    Variant(NETWORK),
    Variant("log-linear model", linear=True),
    Variant("perceptron on the cell alone", without=r"\d km"),
    Variant("perceptron on the cell and 10 km", without="(25|60|150) km"),
    Variant("network without kernels of 60 and 150 km", without="(60|150) km"),
    Variant("network without moment and large bands", without="^moment|^observed band"),
    Variant("network without expected events", without="^expected"),
    Variant("network without memories of 150 and 1500 d", without=r" (150|1500) d$"),
    Variant("network without memories of 0.1 and 0.3 d", without=r" 0\.[13] d$"),
    Variant("network without learned dispersion", spread=False),
    Variant("network without learned scale", scale=False),
    *(Variant(f"network with {name}", physics=(name,)) for name in PHYSICS),
    Variant("network with all channels of physics", physics=PHYSICS),
)


@dataclass(frozen=True, eq=False)
class Task:
    """Samples of both windows, with the channels of physics at each of them."""

    fit: FitSettings
    models: Models
    training: Samples
    validation: Samples
    physics: Mapping[str, tuple[Tensor, Tensor]]  # (sample, channel) of training and validation
    names: list[str]
    etas_loss: Floats  # (issue, horizon)
    events: Floats  # (issue, horizon), weighted
    blocks: Blocks


@dataclass(frozen=True, eq=False)
class Trained:
    """One model trained: what it lost on validation, and what it took."""

    loss: Floats  # (issue, horizon)
    parameters: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--run", type=Path, help="folder of a run whose classical models are used")
    options = parser.parse_args()
    if not (DATA / "california_m25.parquet").is_file():
        sys.exit(f"{DATA / 'california_m25.parquet'} is not there; set TERRELLA_DATA")
    torch.set_num_threads(1)
    task = make_task(options.run, options.quick)
    found: dict[str, list[Trained]] = {}
    for seed in range(1 if options.quick else 2):
        for variant in VARIANTS:
            keep(found, variant.name, train_variant(task, variant, seed), task)
        if lightgbm is not None and seed == 0:
            keep(found, BOOSTING, boost(task, 20 if options.quick else 300), task)
        # Each seed takes a quarter of an hour: what is there is written.
        write_result("forecast_ablation", rows_of(found, task), notes_of(found, task), options.quick)


def make_task(run: Path | None, quick: bool) -> Task:
    """Return samples of the run's models, with every channel."""
    catalogue, _ = read_catalogue(DATA / "california_m25.parquet")
    models = classical(run, catalogue)
    part, fit = cut(catalogue, models.settings), models.settings.fit
    if quick:
        fit = fit.model_copy(update={"epochs": 1, "step_days": 7.0, "samples": 40_000})
    windows, forecaster = part.windows, make_forecaster(models, part.catalogue)
    limits = (windows.train_start, windows.validation_start, windows.test_start)
    longest = max(models.horizons_days)
    issue = [issue_days(*limits[k : k + 2], fit.step_days, longest) for k in (0, 1)]
    training = draw_samples(forecaster, issue[0], fit.samples, fit.seed)
    validation = draw_samples(forecaster, issue[1], fit.samples // 2, fit.seed + 1)
    print(f"{len(training):,} and {len(validation):,} samples", flush=True)
    physics = {}
    for name, channels in physics_of(forecaster).items():
        physics[name] = tuple(
            picked(channels(days), samples, forecaster)
            for days, samples in zip(issue, (training, validation), strict=True)
        )
    weighted = (validation.counts * validation.weight[:, None]).double()
    settings = models.settings
    return Task(
        fit=fit,
        models=models,
        training=training,
        validation=validation,
        physics=physics,
        names=feature_names(settings),
        etas_loss=recalibrated(validation.log_etas, torch.zeros_like(validation.log_etas), validation),
        events=per_issue(weighted, validation),
        blocks=make_blocks(
            issue[1][: int(validation.issue.max()) + 1], settings.judge.block_days, settings.judge.resamples
        ),
    )


def physics_of(forecaster: Forecaster) -> dict[str, Callable[[Floats], np.ndarray]]:
    """Return functions from issue times (n,) to channels (n, channel, layer, column)."""
    models, catalogue = forecaster.models, forecaster.catalogue
    etas, epoch, grid = models.etas, models.epoch, models.grid
    completeness = make_completeness(catalogue, epoch, models.min_magnitude, etas.beta)
    return {
        "stress": make_stress(catalogue, epoch, grid).channels,
        "completeness": make_completeness_channels(completeness, grid, models.horizons_days).channels,
        "anisotropy": make_anisotropy(catalogue, epoch, grid, etas).channels,
        "regional": make_regional(catalogue, epoch, grid, etas, forecaster.rates).channels,
    }


def picked(channels: np.ndarray, samples: Samples, forecaster: Forecaster) -> Tensor:
    """Return channels at samples (sample, channel); those of one layer hold for every depth."""
    layer, column = np.divmod(samples.cell.numpy(), forecaster.sources.n_columns)
    layer = np.minimum(layer, channels.shape[2] - 1)
    return torch.from_numpy(channels[samples.issue.numpy(), :, layer, column]).half()


def train_variant(task: Task, variant: Variant, seed: int) -> Trained:
    """Train a variant as `terrella forecast train` trains the network."""
    began, fit = time.process_time(), task.fit
    chosen = torch.tensor([k for k, name in enumerate(task.names) if not re.search(variant.without, name)])

    def seen(samples: Samples, part: int) -> Samples:
        extra = [task.physics[name][part] for name in variant.physics]
        return replace(samples, features=torch.cat([samples.features[:, chosen], *extra], dim=1))

    training, validation = seen(task.training, 0), seen(task.validation, 1)
    torch.manual_seed(seed)
    network = make_network(variant, training.features.shape[1], task.models)
    network.standardise(training.features)
    per_sample = events_per_sample(training)

    def loss(network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return count_loss(network, batch, per_sample)

    with tempfile.TemporaryDirectory() as folder:
        best = train(
            Training(
                network=network,
                loss=loss,
                feed=Feed(training, min(fit.batch, len(training)), seed),
                stages=(Stage(variant.name, fit.epochs, fit.learning_rate, patience=fit.patience),),
                validate=lambda network: mean_loss(network, validation, loss, CHECKED_AT_ONCE),
                fingerprint=variant.name,
                weight_decay=fit.weight_decay,
                averaging=fit.averaging,
            ),
            Run(Path(folder)),
        )
    seconds = time.process_time() - began
    log_mean, spread = answers(best, validation)
    parameters = sum(each.numel() for each in best.parameters())
    return Trained(recalibrated(log_mean, spread, validation), parameters, seconds)


def make_network(variant: Variant, channels: int, models: Models) -> ForecastNetwork:
    """Return the network as the variant has it, untrained."""
    settings = models.settings.network
    if variant.linear:
        settings = settings.model_copy(update={"hidden": ()})
    kind = ForecastNetwork if variant.spread else OfLevelDispersion
    network = kind(channels, len(models.horizons_days), settings)
    if not variant.scale:
        fixed = network.scale.detach().clone()
        del network.scale
        network.register_buffer("scale", fixed)
    return network


class OfLevelDispersion(ForecastNetwork):
    """A network that learns one law of dispersion for all cells."""

    def forward(self, features: Tensor, log_etas: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the network does, with dispersion from the expected count alone."""
        log_mean, _, spread = super().forward(features, log_etas)
        level, slope = self.dispersion.unbind(1)
        return log_mean, dispersion_of(log_mean, level, slope), torch.zeros_like(spread)


@torch.no_grad()
def answers(network: nn.Module, samples: Samples) -> tuple[Tensor, Tensor]:
    """Return log expected counts and log spread (sample, horizon)."""
    parts = []
    for rows in torch.arange(len(samples)).split(65536):
        log_mean, _, spread = network(samples.features[rows].float(), samples.log_etas[rows])
        parts.append((log_mean, spread))
    log_mean, spread = (torch.cat(each) for each in zip(*parts, strict=True))
    return log_mean, spread


def boost(task: Task, trees: int) -> Trained:
    """Train gradient boosting on the network's features."""
    began = time.process_time()
    log_mean, parameters = boosted(task.training, task.validation, trees)
    seconds = time.process_time() - began
    return Trained(recalibrated(log_mean, torch.zeros_like(log_mean), task.validation), parameters, seconds)


def recalibrated(log_mean: Tensor, spread: Tensor, samples: Samples) -> Floats:
    """Return the loss of every issue time (issue, horizon) after the calibration that all models get."""
    span = spans_of(np.arange(int(samples.issue.max()) + 1.0))[samples.issue.long()]
    counts = samples.counts.float().unbind(1)
    means = list(zip(log_mean.unbind(1), spread.unbind(1), strict=True))
    fitted = calibrate(
        [Cells(mean, n, samples.weight, more, span) for (mean, more), n in zip(means, counts, strict=True)]
    )
    found = [
        samples.weight * cell_loss(Expectation(*mean), n, each)
        for mean, n, each in zip(means, counts, fitted, strict=True)
    ]
    return per_issue(torch.stack(found, dim=1).double(), samples)


def per_issue(values: Tensor, samples: Samples) -> Floats:
    """Return sums (issue, horizon) of values (sample, horizon)."""
    found = torch.zeros(int(samples.issue.max()) + 1, values.shape[1], dtype=torch.float64)
    return found.index_add_(0, samples.issue.long(), values).numpy()


def keep(found: dict[str, list[Trained]], name: str, trained: Trained, task: Task) -> None:
    """Add a model to those found, and say what it gained."""
    found.setdefault(name, []).append(trained)
    gains = [(task.etas_loss - trained.loss)[:, h].sum() / task.events[:, h].sum() for h in range(3)]
    print(
        f"{name}: {np.round(gains, 4)}, {trained.parameters:,} parameters, {trained.seconds:.0f} s",
        flush=True,
    )


def rows_of(found: Mapping[str, list[Trained]], task: Task) -> list[dict]:
    """Return gains over ETAS and over the network, means over the seeds, and what each model took."""
    losses = {name: np.mean([each.loss for each in seeds], axis=0) for name, seeds in found.items()}
    rows = []
    for h, days in enumerate(task.models.horizons_days):
        network = gain(task, task.etas_loss - losses[NETWORK], h)
        for name, loss in losses.items():
            ours = gain(task, task.etas_loss - loss, h)
            what = f"{days:g} d, {name} [{ours.low:+.4f}, {ours.high:+.4f}]"
            if name != NETWORK:
                over = gain(task, losses[NETWORK] - loss, h)
                what += f"; over the network {over.value:+.4f} [{over.low:+.4f}, {over.high:+.4f}]"
            seeds = [gain(task, task.etas_loss - each.loss, h).value for each in found[name]]
            what += f"; seeds {', '.join(f'{each:+.4f}' for each in seeds)}"
            rows.append(row(what, ours.value, network.value, "nats per earthquake"))
    for name, seeds in found.items():
        rows.append(row(f"{name}: parameters", seeds[0].parameters, None, "numbers"))
        seconds = round(float(np.mean([each.seconds for each in seeds])), 1)
        rows.append(row(f"{name}: CPU time of training", seconds, None, "s"))
    return rows


def gain(task: Task, better: Floats, horizon: int) -> Interval:
    """Return Σ better / Σ events at a horizon, with its interval over blocks."""
    return task.blocks.gain(better[:, horizon], task.events[:, horizon])


def notes_of(found: Mapping[str, list[Trained]], task: Task) -> str:
    """Return what the rows are."""
    n = sum(len(seeds) for seeds in found.values())
    return (
        f"Information gain over recalibrated ETAS on validation, 1998 to 2006, with 95 % intervals (blocks of "
        f"{task.models.settings.judge.block_days:g} days); the peer is the network's. {n} trainings on "
        f"{len(task.training):,} samples, told on {len(task.validation):,}, daily issue times; every model is "
        "recalibrated alike, on the same samples, where training also stops: gains compare models, and are no "
        "test scores. One thread; other work ran on the machine."
    )


def row(what: str, ours: float, peer: float | None, unit: str) -> dict:
    """Return a row of the result file."""
    name = "" if peer is None else NETWORK
    return {"what": what, "ours": ours, "peer": peer, "peer_name": name, "unit": unit, "ratio": None}


if __name__ == "__main__":
    main()
