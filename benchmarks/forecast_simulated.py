"""A U-Net of simulated regions: faults along which aftershocks align, trained on some, judged on others.

Regions of the demo's kind are drawn (`drawn_process`), each with its own faults, laws and productivity, and with an
ETAS of its own. The network is trained on whole maps of all of them, mirrored and turned; its gain over ETAS is
judged on regions that it has not seen, both calibrated on these regions' first halves. `--release` stores the
bundle `simulated`, from which `terrella forecast demo` starts. Maps, some 1 GB a region, lie in `--folder`; what
was stopped goes on. `--quick` takes two regions, few maps and one epoch.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from _result import write_result
from terrella.engine.feed import Feed
from terrella.engine.fit import Stage, Training, train
from terrella.engine.judge import make_blocks
from terrella.engine.judge.document import card_text, signed
from terrella.engine.run import Run
from terrella.engine.settings import fingerprint
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.engine.use.find import RELEASED
from terrella.engine.workflow import mean_loss
from terrella.forecast.calibration import Calibration, Cells, calibrate, spans_of
from terrella.forecast.demo import END, START, demo_settings, inside_the_demo
from terrella.forecast.features.channels import channel_count, features
from terrella.forecast.features.observed import observed_counts
from terrella.forecast.general import General, Prior, rates_of_region, to_general_bundle
from terrella.forecast.learning.crops import Crops
from terrella.forecast.learning.network import ForecastNetwork, count_loss
from terrella.forecast.learning.recalibration import cell_loss
from terrella.forecast.models import (
    ETAS_,
    NETWORK,
    Expectation,
    Gain,
    Models,
    all_cells,
    make_forecaster,
    swept_maps,
)
from terrella.forecast.preparation import cut, fit_classical
from terrella.forecast.settings import DataSettings
from terrella.forecast.simulation.process import drawn_process
from terrella.forecast.simulation.simulate import simulate
from terrella.forecast.storage import TASK, from_bundle, to_bundle
from terrella.forecast.windows import issue_days
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

SEEN, UNSEEN = 36, 3  # regions
STEP_DAYS = 8.0  # between maps
EPOCHS, MAPS = 3, 8  # of a training, and of a batch
FIRST = 2000  # seed
KEPT = ("features", "log_etas", "counts")


@dataclass(frozen=True, eq=False)
class Maps:
    """A source of whole maps (n, layer, latitude, longitude, …) of several regions, which lie on disk."""

    parts: tuple[Mapping[str, np.ndarray[Any, Any]], ...]

    def __len__(self) -> int:
        return sum(len(part["counts"]) for part in self.parts)

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        """Return the maps of an array of indices."""
        ends = np.cumsum([len(part["counts"]) for part in self.parts])
        which = np.searchsorted(ends, indices.numpy(), "right")
        at = indices.numpy() - np.r_[0, ends][which]
        found = {
            name: torch.from_numpy(
                np.stack([self.parts[k][name][i] for k, i in zip(which, at, strict=True)])
            ).float()
            for name in KEPT
        }
        return found | {"weight": torch.ones(found["counts"].shape[:-1])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--release", action="store_true", help="store the bundle `simulated`")
    parser.add_argument("--folder", type=Path, default=Path("runs/forecast/simulated"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = options.folder / "quick" if options.quick else options.folder
    number, step = (2, 64.0) if options.quick else (SEEN, STEP_DAYS)
    seen = [prepared(FIRST + k, folder, step) for k in range(number)]
    unseen = [prepared(FIRST + SEEN + k, folder, step) for k in range(1 if options.quick else UNSEEN)]
    network = trained(seen, unseen[:1], folder, 1 if options.quick else EPOCHS)
    rows, gains = [], []
    for k, (models, maps) in enumerate(unseen):
        found = judged(network, models, maps, step)
        gains.append(found)
        for days, gain in zip(models.horizons_days, found, strict=True):
            what = f"region {k + 1}, {days:g} d: gain over ETAS [{gain.low:+.3f}, {gain.high:+.3f}]"
            rows.append({"what": what, "ours": gain.value, "peer": None, "peer_name": ETAS_,
                         "unit": "nats per earthquake", "ratio": None})  # fmt: skip
            print(what, f"{gain.value:+.4f}", flush=True)
    notes = (
        f"Trained on whole maps of {number} drawn regions, every {step:g} days, and judged on others of the same "
        "kind in the second half of their time; both models calibrated in the first; 95 % intervals (30-day "
        "blocks). The first of these regions chose among the epochs."
    )
    write_result("forecast_simulated", rows, notes, options.quick)
    if options.release:
        release(network, [models for models, _ in seen], gains)


def prepared(seed: int, folder: Path, step_days: float) -> tuple[Models, Maps]:
    """Return a region's classical models and its maps, rates relative to the region; what was made is kept."""
    here = folder / str(seed)
    here.mkdir(parents=True, exist_ok=True)
    path = here / "catalogue.parquet"
    if not path.is_file():
        write_catalogue(inside_the_demo(simulate(drawn_process(seed), START, END, seed)), path)
    case = cut(read_catalogue(path)[0], demo_settings(path, "unet"))
    if (here / "classical").is_dir():
        models = from_bundle(load_bundle(here / "classical", TASK))
    else:
        models = fit_classical(case, demo_settings(path, "unet"), lambda _: None)
        save_bundle(here / "classical", to_bundle(models, str(seed)))
    if not (here / f"{KEPT[-1]}.npy").is_file():
        start, end = case.windows.train_start, case.windows.test_end
        days = issue_days(start, end, step_days, max(models.horizons_days))
        write_maps(models, case.catalogue, days, here)
    return models, Maps(({name: np.load(here / f"{name}.npy", mmap_mode="r") for name in KEPT},))


@torch.no_grad()
def write_maps(models: Models, catalogue: Any, days: Any, here: Path) -> None:
    """Write features, log ETAS and counts of whole maps."""
    forecaster = make_forecaster(models, catalogue)
    shape, many = (len(days), *models.grid.shape), len(models.horizons_days)
    sizes = (channel_count(models.settings, models.smooth), many, many)
    kinds = (np.float16, np.float32, np.int16)
    written = [
        np.lib.format.open_memmap(here / f"{name}.part", "w+", kind, (*shape, size))
        for name, size, kind in zip(KEPT, sizes, kinds, strict=True)
    ]
    rates = rates_of_region(models, catalogue)
    for batch, maps in swept_maps(forecaster, days):
        seen = features(maps, *all_cells(maps)) - rates
        counts = observed_counts(forecaster.sources, days[batch], models.horizons_days)
        for whole, part in zip(
            written, (seen, maps.log_etas.movedim(1, -1), np.moveaxis(counts, 1, -1)), strict=True
        ):
            whole[batch] = np.asarray(part).reshape(len(days[batch]), *shape[1:], -1)
    for name in KEPT:  # the counts last, whose name says that all is there
        (here / f"{name}.part").rename(here / f"{name}.npy")


def trained(
    seen: list[tuple[Models, Maps]], checked: list[tuple[Models, Maps]], folder: Path, epochs: int
) -> ForecastNetwork:
    """Return one network trained on the maps of several regions; each earthquake counts alike."""
    source, checks = (
        Maps(tuple(part for _, maps in each for part in maps.parts)) for each in (seen, checked)
    )
    models = seen[0][0]
    settings, fit = models.settings, models.settings.fit
    some = source.read(torch.arange(0, len(source), max(1, len(source) // 200)))
    torch.manual_seed(fit.seed)
    network = ForecastNetwork(some["features"].shape[-1], len(settings.horizons_days), settings.network)
    network.standardise(some["features"])
    network.scale.requires_grad_(False)  # a slope of log ETAS would depend on the size of cells
    each = [part["counts"].astype(np.float64).mean((0, 1, 2, 3)) for part in source.parts]
    per_sample = torch.tensor(np.mean(each, axis=0), dtype=torch.float32)

    def loss(network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return count_loss(network, batch, per_sample)

    feed = Feed(Crops(source, fit.seed, turned=True), MAPS, fit.seed)
    stage = Stage(
        "network", epochs, fit.learning_rate, patience=None, feed=feed, loss=loss,
        weight_decay=fit.weight_decay, averaging=fit.averaging,
        validate=lambda network: mean_loss(network, checks, loss, 32),
    )  # fmt: skip
    mark = fingerprint("simulated", str(len(seen)), str(settings.network), str(epochs))
    training = Training(network, loss, feed, (stage,), stage.validate, mark)
    best = train(training, Run(folder / "training"), told)
    assert isinstance(best, ForecastNetwork)
    return best.eval()


def told(event: Mapping[str, Any]) -> None:
    """Print what an epoch brought."""
    if event["kind"] == "epoch":
        print(
            f"epoch {event['epoch']}: loss {event['loss']:.4f}, on dev {event['validation']:.4f}", flush=True
        )


@torch.no_grad()
def judged(network: ForecastNetwork, models: Models, maps: Maps, step_days: float) -> list[Any]:
    """Return the gain over ETAS by horizon, on the second half of a region's maps."""
    answers, judge = [], models.settings.judge
    for rows in torch.arange(len(maps)).split(32):
        given = maps.read(rows)
        answers.append((*network(given["features"], given["log_etas"]), given["log_etas"], given["counts"]))
    mean, _, spread, etas, counts = (torch.cat(each).flatten(1, 3) for each in zip(*answers, strict=True))
    issue = np.arange(len(maps)) * step_days
    half, found = len(maps) // 2, []
    lines = {
        name: calibrated(expected, log_spread, counts, issue, half)
        for name, expected, log_spread in ((NETWORK, mean, spread), (ETAS_, etas, torch.zeros_like(spread)))
    }
    blocks = make_blocks(issue[half:], judge.block_days, judge.resamples)
    for k in range(counts.shape[-1]):
        losses = [
            cell_loss(
                Expectation(expected[half:, :, k], log_spread[half:, :, k]),
                counts[half:, :, k],
                lines[name][k],
            )
            for name, expected, log_spread in (
                (NETWORK, mean, spread),
                (ETAS_, etas, torch.zeros_like(spread)),
            )
        ]
        ours, theirs = (each.double().sum(1).numpy() for each in losses)
        found.append(blocks.gain(theirs - ours, counts[half:, :, k].double().sum(1).numpy()))
    return found


def calibrated(
    log_mean: Tensor, log_spread: Tensor, counts: Tensor, issue: Any, half: int
) -> tuple[Calibration, ...]:
    """Return a model's calibrations on the first half of the maps."""
    span = spans_of(issue[:half]).repeat_interleave(counts.shape[1])
    flat = partial(torch.flatten, end_dim=1)
    return calibrate(
        [
            Cells(
                flat(log_mean[:half, :, k]), flat(counts[:half, :, k]), torch.ones(half * counts.shape[1]),
                flat(log_spread[:half, :, k]), span,
            )
            for k in range(counts.shape[-1])
        ]
    )  # fmt: skip


def release(network: ForecastNetwork, regions: list[Models], gains: list[list[Any]]) -> None:
    """Store the bundle; of real regions nothing is known, so that its gains are not certain."""
    first = regions[0]
    alone = {"data": DataSettings(), "fit": type(first.settings.fit)(), "start_from": None}
    settings = first.settings.model_copy(update=alone)
    lines = {
        name: tuple(replace(each, intercept=0.0, slope=1.0) for each in by_horizon)
        for name, by_horizon in from_bundle(
            load_bundle(RELEASED / TASK / "california", TASK)
        ).calibrations.items()
    }
    prior = Prior(first.region.bounds, replace(first.etas, background=None), lines)
    unknown = tuple(Gain(0.0, -1.0, 1.0) for _ in first.horizons_days)
    general = General(settings, network, True, unknown, {"a simulated region": prior}, first.smooth)
    told = [
        f"- {days:g} d: " + ", ".join(signed(each[k]) for each in gains)
        for k, days in enumerate(first.horizons_days)
    ]
    about = [f"- task: forecast, to start a training from; {len(regions)} simulated regions of 4° × 4°"]
    limits = [
        "It knows how aftershocks align with the faults that earlier earthquakes show, as simulated. What it gains",
        "in a real region is not known: a training that starts from it tells, else `predict` uses ETAS.",
    ]
    said = {"": about, "Gain over ETAS in simulated regions that it has not seen": told, "Limits": limits}
    folder = RELEASED / TASK / "simulated"
    save_bundle(
        folder,
        to_general_bundle(general, fingerprint("simulated"), card_text("A U-Net of simulated faults", said)),
    )
    print(f"{folder}: {sum(each.stat().st_size for each in folder.iterdir()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
