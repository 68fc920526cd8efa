"""One network for many regions: what it gains over ETAS in a region that was left out of its training.

California, Italy and the world, each with its own ETAS and samples, as in forecast_california.py and its
neighbours. A network trained on two of them is judged in the third: its gain over the ETAS that is fitted to that
region's training window, both recalibrated on its dev window, beside the gain of a network trained there.
`--release` trains on all three and stores the bundle `general`. Classical models are kept in `--folder`. `--quick`
draws few samples and trains for one epoch. The data are read from TERRELLA_DATA (default ../shared/data).
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from _result import RESULTS, write_result
from terrella.engine.feed import Feed
from terrella.engine.fit import Stage, Training, train
from terrella.engine.judge import Interval, make_blocks
from terrella.engine.judge.document import card_text, signed
from terrella.engine.run import Run
from terrella.engine.settings import fingerprint, parse_settings
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.engine.use.find import RELEASED
from terrella.engine.workflow import mean_loss
from terrella.forecast.general import General, Prior, on_region, rates_of_region, to_general_bundle
from terrella.forecast.learning.network import ForecastNetwork, count_loss
from terrella.forecast.learning.recalibration import calibrate_all, cell_loss
from terrella.forecast.learning.samples import Samples
from terrella.forecast.learning.training import CHECKED_AT_ONCE, events_per_sample, training_samples
from terrella.forecast.models import (
    ETAS_,
    NETWORK,
    Gain,
    Models,
    etas_and_network,
    make_forecaster,
    observed_counts,
)
from terrella.forecast.preparation import Cut, catalogue_mark, cut, fit_classical
from terrella.forecast.settings import DataSettings, ForecastSettings
from terrella.forecast.storage import TASK, from_bundle, to_bundle
from terrella.forecast.windows import issue_days
from terrella.formats.catalogues.read import read_catalogue

# The smallest regions first: priors are looked up in this order.
REGIONS = {
    "Italy": ("italy_horus.parquet", forecast_italy.settings, "forecast_italy"),
    "California": ("california_m25.parquet", forecast_california.settings, "forecast_california"),
    "the world": ("global_m45_2012_2018.comcat.csv.gz", forecast_world.settings, "forecast_world"),
}
LEFT_OUT = ("Italy", "California")
SAMPLES = 300_000  # of each region


@dataclass(frozen=True, eq=False)
class Region:
    """A region with its classical models, and samples whose rates are relative to it."""

    case: Cut
    models: Models
    learned: Samples
    checked: Samples


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
        network = trained([each for other, each in regions.items() if other != name], options.quick)
        found = judged(regions[name], network)
        rows += rows_of(name, found)
        gains.append([gain for gain, _ in found])
    notes = (
        f"Trained on {SAMPLES:,} samples of each other region and judged on the region's test window, on which "
        "nothing was chosen. Gains over the region's own ETAS are paired, with 95 % intervals (30-day blocks); "
        "peer: the network that was trained there."
    )
    write_result("forecast_general", rows, notes, options.quick)
    if options.release:
        release(regions, gains, options.quick)


def prepared(name: str, folder: Path, quick: bool) -> Region:
    """Return a region; its classical models are fitted once and kept."""
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
    rates = rates_of_region(models, case.catalogue).half()
    learned, checked = training_samples(models, case.catalogue, case.windows)
    for each in (learned, checked):
        each.features.sub_(rates)
    print(f"{name}: {len(learned):,} samples to train on, {len(checked):,} to validate", flush=True)
    return Region(case, models, learned, checked)


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
    names = ("features", "log_etas", "counts", "weight", "issue", "cell")
    return Samples(*(torch.cat([getattr(each, name) for each in parts]) for name in names))


def general_of(network: ForecastNetwork, settings: ForecastSettings) -> General:
    """Return a network as a general one, without gains and priors."""
    return General(settings, network, True, (), {})


def placed(region: Region, network: ForecastNetwork) -> Models:
    """Return a region's models with a general network, recalibrated on the dev window."""
    models, case = region.models, region.case
    general = general_of(network, models.settings)
    models = replace(models, network=on_region(general, models, case.catalogue))
    return calibrate_all(models, case.catalogue, case.windows)


def judged(region: Region, network: ForecastNetwork) -> list[tuple[Interval, list[float]]]:
    """Return the gain over ETAS on the test window at each horizon, and expected over observed of both."""
    models, windows = placed(region, network), region.case.windows
    forecaster = make_forecaster(models, region.case.catalogue)
    found = []
    for horizon, days in enumerate(models.horizons_days):
        issue = issue_days(windows.test_start, windows.test_end, days, days)
        (expected,) = etas_and_network(forecaster, issue, (horizon,))
        counts = observed_counts(forecaster, issue, horizon)
        losses, ratios = {}, []
        for name in (NETWORK, ETAS_):
            calibration = models.calibrations[name][horizon]
            losses[name] = cell_loss(expected[name], counts, calibration).sum(1).double().numpy()
            mean = torch.exp(calibration.log_mean(expected[name].log_mean)).double().sum()
            ratios.append(float(mean / counts.double().sum()))
        blocks = make_blocks(issue, models.settings.judge.block_days, models.settings.judge.resamples)
        found.append((blocks.gain(losses[ETAS_] - losses[NETWORK], counts.sum(1).double().numpy()), ratios))
    return found


def rows_of(name: str, found: list[tuple[Interval, list[float]]]) -> list[dict[str, Any]]:
    """Return a left-out region's rows; the peer's gains are those of its own benchmark."""
    own = json.loads((RESULTS / f"{REGIONS[name][2]}.json").read_text(encoding="utf-8"))["rows"]
    rows = []
    for (gain, (ours, theirs)), days in zip(found, (1, 7, 30), strict=True):
        start = f"information_gain@{days}d paired"
        peer = next(r["ours"] for r in own if r["what"].startswith(start) and r["peer_name"] == ETAS_)
        what = f"{name}, {days} d: gain over ETAS [{gain.low:+.3f}, {gain.high:+.3f}]"
        rows.append(
            row(what, gain.value, peer, "network trained there", "nats per earthquake", gain.value / peer)
        )
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
        models = placed(region, network)
        plain = {
            model: tuple(replace(each, intercept=0.0, slope=1.0) for each in lines)
            for model, lines in models.calibrations.items()
        }
        priors[name] = Prior(region.case.region.bounds, replace(models.etas, background=None), plain)
    pooled = tuple(
        Gain(float(np.mean([g.value for g in each])), min(g.low for g in each), max(g.high for g in each))
        for each in zip(*gains, strict=True)
    )
    general = General(settings, network, True, pooled, priors)
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
        "of one of the regions above. Surroundings are seen in cells, which were of 0.25° and 1°.",
    ]
    return card_text(
        "Earthquake forecast model for any region", {"": about, head: [said, "", *told], "Limits": limits}
    )


if __name__ == "__main__":
    main()
