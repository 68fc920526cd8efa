"""One network for many regions: what it gains over ETAS in a region that was left out of its training.

California, Italy and the world, each with its own ETAS and samples, as in forecast_california.py and its
neighbours. A network trained on two of them is judged in the third: its gain over the ETAS that is fitted to that
region's training window, both recalibrated on its dev window, beside the gain of a network trained there.
`--release` trains on all three and stores the bundle `general`. Classical models are kept in `--folder`. `--quick`
draws few samples and trains for one epoch. The data are read from TERRELLA_DATA (default ../shared/data).
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
import torch
from torch import Tensor, nn

import forecast_california
import forecast_italy
import forecast_world
from _forecast_run import DATA
from _result import write_result
from terrella.engine.feed import Feed
from terrella.engine.fit import Stage, Training, train
from terrella.engine.judge import Interval, make_blocks
from terrella.engine.judge.document import card_text, signed
from terrella.engine.run import Run
from terrella.engine.settings import fingerprint, parse_settings
from terrella.engine.tensor_file import read_tensors, write_tensors
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.engine.use.find import RELEASED
from terrella.engine.workflow import mean_loss
from terrella.forecast.calibration import Calibration, Cells, calibrate, spans_of
from terrella.forecast.general import General, Prior, rates_of_region, to_general_bundle
from terrella.forecast.learning.network import ForecastNetwork, count_loss
from terrella.forecast.learning.recalibration import cell_loss
from terrella.forecast.learning.samples import Samples, draw_samples
from terrella.forecast.learning.training import CHECKED_AT_ONCE, events_per_sample, training_samples
from terrella.forecast.models import ETAS_, NETWORK, Expectation, Gain, Models, make_forecaster
from terrella.forecast.preparation import Cut, catalogue_mark, cut, fit_classical
from terrella.forecast.settings import DataSettings, ForecastSettings
from terrella.forecast.storage import TASK, from_bundle, to_bundle
from terrella.forecast.windows import issue_days
from terrella.formats.catalogues.catalogue import Floats
from terrella.formats.catalogues.read import read_catalogue

# The smallest regions first: priors are looked up in this order.
REGIONS = {
    "Italy": ("italy_horus.parquet", forecast_italy.settings, "italy"),
    "California": ("california_m25.parquet", forecast_california.settings, "california"),
    "the world": ("global_m45_2012_2018.comcat.csv.gz", forecast_world.settings, "world"),
}
LEFT_OUT = ("Italy", "California")
WINDOWS = ("train", "dev", "test")
Found = list[tuple[Interval, list[float]]]  # by horizon: the gain, and expected over observed
SAMPLES = 200_000  # of each region


@dataclass(frozen=True, eq=False)
class Region:
    """A region with its classical models, and samples whose rates are relative to it."""

    case: Cut
    models: Models
    learned: Samples
    checked: Samples
    tested: Samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--release", action="store_true", help="store the bundle `general`, trained on all")
    parser.add_argument("--folder", type=Path, default=Path("runs/forecast/general"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    regions = {name: prepared(name, options.folder, options.quick) for name in REGIONS}
    rows, gains = [], []
    for name in LEFT_OUT:
        others = [each for other, each in regions.items() if other != name]
        found = judged(regions[name], trained(others, options.quick))
        own = judged(regions[name], trained([regions[name]], options.quick))
        rows += rows_of(name, found, own)
        gains.append([gain for gain, _ in found])
        print(name, found, own, flush=True)
    notes = (
        f"Trained on {SAMPLES:,} samples of each other region and judged on as many of the region's test window, "
        "weighted by one over their probability; nothing was chosen on it. Gains over the region's own ETAS are "
        "paired, with 95 % intervals (30-day blocks); peer: a network trained there on as many samples."
    )
    write_result("forecast_general", rows, notes, options.quick)
    if options.release:
        release(regions, gains, options.quick)


def prepared(name: str, folder: Path, quick: bool) -> Region:
    """Return a region; its classical models are fitted once and kept, and so are its samples."""
    file, settings_of, _ = REGIONS[name]
    settings = parse_settings(ForecastSettings, tomli_w.dumps(settings_of(quick)))
    drawn = {"samples": SAMPLES // 10, "step_days": 7.0} if quick else {"samples": SAMPLES}
    settings = settings.model_copy(update={"fit": settings.fit.model_copy(update=drawn)})
    case = cut(read_catalogue(DATA / file)[0], settings)
    kept = folder / name.replace(" ", "_")
    if kept.is_dir():
        models = replace(from_bundle(load_bundle(kept, TASK)), settings=settings)
    else:
        models = fit_classical(case, settings, lambda event: print(event.get("message", ""), flush=True))
        save_bundle(kept, to_bundle(models, catalogue_mark(case.catalogue)))
    path = folder / f"{kept.name}{'-quick' if quick else ''}.safetensors"
    if not path.is_file():
        drawn_now = zip(WINDOWS, drawn_samples(models, case), strict=True)
        tensors = {f"{window}.{n}": values for window, each in drawn_now for n, values in vars(each).items()}
        write_tensors(path, tensors, {})
    tensors, _ = read_tensors(path)
    learned, checked, tested = (
        Samples(**{field.name: tensors[f"{window}.{field.name}"] for field in fields(Samples)})
        for window in WINDOWS
    )
    rates = rates_of_region(models, case.catalogue).half()
    for each in (learned, checked, tested):
        each.features.sub_(rates)
    print(f"{name}: {len(learned):,} samples to train on, {len(tested):,} to test", flush=True)
    return Region(case, models, learned, checked, tested)


def drawn_samples(models: Models, case: Cut) -> tuple[Samples, Samples, Samples]:
    """Return samples of the training, the dev and the test window."""
    fit, windows = models.settings.fit, case.windows
    issue = issue_days(windows.test_start, windows.test_end, fit.step_days, max(models.horizons_days))
    forecaster = make_forecaster(models, case.catalogue)
    tested = draw_samples(forecaster, issue, fit.samples, fit.seed + 2)
    return (*training_samples(models, case.catalogue, windows), tested)


def trained(regions: list[Region], quick: bool) -> ForecastNetwork:
    """Return one network trained on the samples of several regions; each earthquake counts alike."""
    learned, checked = (
        _joined([getattr(each, which) for each in regions]) for which in ("learned", "checked")
    )
    settings = regions[0].models.settings
    fit = settings.fit
    torch.manual_seed(fit.seed)
    network = ForecastNetwork(learned.features.shape[1], len(settings.horizons_days), settings.network)
    network.standardise(learned.features)
    # A slope of log ETAS would depend on the size of cells.
    network.scale.requires_grad_(False)
    per_sample = events_per_sample(learned)

    def loss(network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return count_loss(network, batch, per_sample)

    feed = Feed(learned, fit.batch, fit.seed)
    stage = Stage(
        "network", 1 if quick else fit.epochs, fit.learning_rate, patience=fit.patience, feed=feed, loss=loss,
        weight_decay=fit.weight_decay, averaging=fit.averaging,
        validate=lambda network: mean_loss(network, checked, loss, CHECKED_AT_ONCE),
    )  # fmt: skip
    training = Training(network, loss, feed, (stage,), stage.validate, fingerprint("general"))
    with tempfile.TemporaryDirectory() as folder:
        best = train(training, Run(Path(folder)))
    assert isinstance(best, ForecastNetwork)
    return best


def _joined(parts: list[Samples]) -> Samples:
    return Samples(
        **{field.name: torch.cat([getattr(each, field.name) for each in parts]) for field in fields(Samples)}
    )


@torch.no_grad()
def forecasts(network: ForecastNetwork, samples: Samples) -> dict[str, tuple[Tensor, Tensor]]:
    """Return log means and log spreads (sample, horizon) of the network and of ETAS."""
    parts = []
    for rows in torch.arange(len(samples)).split(CHECKED_AT_ONCE):
        given = samples.read(rows)
        parts.append(network(given["features"], given["log_etas"]))
    mean, _, spread = (torch.cat(each) for each in zip(*parts, strict=True))
    return {NETWORK: (mean, spread), ETAS_: (samples.log_etas, torch.zeros_like(spread))}


def calibrated(network: ForecastNetwork, region: Region) -> dict[str, tuple[Calibration, ...]]:
    """Return the calibrations of network and ETAS on a region's dev window."""
    samples, fit = region.checked, region.models.settings.fit
    span = spans_of(np.arange(int(samples.issue.max()) + 1) * fit.step_days)[samples.issue.long()]
    counts = samples.counts.float()
    return {
        name: calibrate(
            [
                Cells(mean[:, k], counts[:, k], samples.weight, spread[:, k], span)
                for k in range(mean.shape[1])
            ]
        )
        for name, (mean, spread) in forecasts(network, samples).items()
    }


def judged(region: Region, network: ForecastNetwork) -> Found:
    """Return the gain over ETAS on the test window at each horizon, and expected over observed of both."""
    samples, judge = region.tested, region.models.settings.judge
    lines, found = calibrated(network, region), []
    issue = np.arange(int(samples.issue.max()) + 1) * region.models.settings.fit.step_days
    blocks = make_blocks(issue, judge.block_days, judge.resamples)
    told = forecasts(network, samples)

    def summed(values: Tensor) -> Floats:
        weighted = (samples.weight * values).double().numpy()
        return np.bincount(samples.issue.numpy(), weighted, len(issue))

    for k in range(len(region.models.horizons_days)):
        counts = samples.counts[:, k].float()
        losses, ratios = {}, []
        for name in (NETWORK, ETAS_):
            expected, line = Expectation(*(each[:, k] for each in told[name])), lines[name][k]
            losses[name] = summed(cell_loss(expected, counts, line))
            mean = summed(torch.exp(line.log_mean(expected.log_mean))).sum()
            ratios.append(float(mean / summed(counts).sum()))
        found.append((blocks.gain(losses[ETAS_] - losses[NETWORK], summed(counts)), ratios))
    return found


def rows_of(name: str, found: Found, own: Found) -> list[dict[str, Any]]:
    """Return a left-out region's rows; the peer is the network that was trained there."""
    rows = []
    for (gain, (ours, theirs)), (peer, _), days in zip(found, own, (1, 7, 30), strict=True):
        what = f"{name}, {days} d: gain over ETAS [{gain.low:+.3f}, {gain.high:+.3f}]"
        ratio = gain.value / peer.value
        rows.append(row(what, gain.value, peer.value, "trained there", "nats per earthquake", ratio))
        rows.append(row(f"{name}, {days} d: expected/observed", ours, theirs, ETAS_, "", ours / theirs))
    return rows


def row(what: str, ours: float, peer: float, peer_name: str, unit: str, ratio: float) -> dict[str, Any]:
    """Return a row of the result file."""
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "unit": unit,
        "ratio": round(ratio, 4),
    }


def release(regions: Mapping[str, Region], gains: list[list[Interval]], quick: bool) -> None:
    """Train on all regions and store the bundle; its gains are those of regions left out."""
    network = trained(list(regions.values()), quick)
    first = next(iter(regions.values())).models.settings
    settings = first.model_copy(update={"data": DataSettings(), "fit": type(first.fit)()})
    priors = {}
    for name, region in regions.items():
        # Dispersions of the classical models are those of the region's own bundle.
        known = from_bundle(load_bundle(RELEASED / TASK / REGIONS[name][2], TASK)).calibrations
        plain = {
            model: tuple(replace(each, intercept=0.0, slope=1.0) for each in lines)
            for model, lines in {**known, **calibrated(network, region)}.items()
        }
        priors[name] = Prior(region.case.region.bounds, replace(region.models.etas, background=None), plain)
    pooled = tuple(
        Gain(float(np.mean([g.value for g in each])), min(g.low for g in each), max(g.high for g in each))
        for each in zip(*gains, strict=True)
    )
    smooth = all(each.models.smooth for each in regions.values())
    general = General(settings, network, True, pooled, priors, smooth)
    mark = fingerprint(*(catalogue_mark(each.case.catalogue) for each in regions.values()))
    folder = RELEASED / TASK / "general"
    save_bundle(folder, to_general_bundle(general, mark, card(regions, pooled)))
    print(f"{folder}: {sum(each.stat().st_size for each in folder.iterdir()) / 1e6:.2f} MB")


def card(regions: Mapping[str, Region], gains: tuple[Gain, ...]) -> str:
    """Return the card as Markdown."""
    about = ["- task: forecast, any region; horizons 1, 7, 30 days"]
    for name, region in regions.items():
        windows, catalogue = region.case.windows, region.case.catalogue
        start, end = (windows.date(each) for each in ("train_start", "validation_start"))
        about.append(
            f"- trained on {name}: {len(catalogue.between(start, end)):,} events of "
            f"M ≥ {region.case.min_magnitude:g}, {str(start)[:10]} to {str(end)[:10]}, "
            f"cells of {region.models.settings.data.cell_deg:g}°"
        )
    told = [f"- {days} d: {signed(gain)}" for days, gain in zip((1, 7, 30), gains, strict=True)]
    head = "Gain of the network over ETAS where it was not trained"
    said = "Mean of Italy and California, each left out in turn; nats per earthquake, both intervals as one."
    limits = [
        "Fitted to a catalogue before it forecasts: ETAS to the events there or, where these are too few, the laws",
        "of one of the regions above. Surroundings are seen under kernels of 10 to 150 km.",
    ]
    return card_text(
        "Earthquake forecast model for any region", {"": about, head: [said, "", *told], "Limits": limits}
    )


if __name__ == "__main__":
    main()
