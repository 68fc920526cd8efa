"""The network in continuous time on EarthquakeNPP's California test window: nats per event, beside ETAS.

ETAS and residual are fitted on 1981 to 1997, the residual is stopped early on 1998 to 2006. `--run` takes the
classical models of a run of forecast_california.py; without it they are fitted here. `--quick` draws fewer
points and trains for two epochs. The data are read from TERRELLA_DATA (default ../shared/data).
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from _forecast_run import DATA
from _intensity import fit_intensity, intensity_gain, make_points
from _result import write_result
from etas_npp import npp_window
from forecast_california import settings
from terrella.engine.run import Run
from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import load_bundle
from terrella.forecast.etas.likelihood import npp_score
from terrella.forecast.models import Models, make_forecaster
from terrella.forecast.preparation import cut, fit_classical
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.storage import TASK, from_bundle
from terrella.formats.catalogues.read import read_catalogue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--run", type=Path, help="folder of a run whose classical models are used")
    options = parser.parse_args()
    if not (DATA / "california_m25.parquet").is_file():
        sys.exit(f"{DATA / 'california_m25.parquet'} is not there; set TERRELLA_DATA")
    catalogue, _ = read_catalogue(DATA / "california_m25.parquet")
    models = classical(options.run, catalogue)
    if options.quick:
        fit = models.settings.fit.model_copy(update={"epochs": 2})
        models = replace(models, settings=models.settings.model_copy(update={"fit": fit}))
    task = cut(catalogue, models.settings)
    windows, forecaster = task.windows, make_forecaster(models, task.catalogue)
    auxiliary, start, end, area_km2 = npp_window()
    etas = npp_score(models.etas, catalogue, auxiliary, start, end, area_km2)
    began = time.process_time()
    copies = 1 if options.quick else 3
    points = [
        make_points(forecaster, first, last, copies * more, seed)
        for seed, (first, last, more) in enumerate(
            (
                (windows.train_start, windows.validation_start, 1),
                (windows.validation_start, windows.test_start, 1),
                # The benchmark's integral ends at the last event.
                (windows.test_start, float(forecaster.sources.days[-1]) + 1e-6, 3),
            )
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        network = fit_intensity(forecaster, points[0], points[1], Run(Path(folder)), "intensity", report)
    seconds = time.process_time() - began
    validation, test = (intensity_gain(network, each) for each in points[1:])
    published = 7.2554
    rows = [
        row("ETAS, fitted on 1981 to 1997: test score", etas.nll, published, "published ETAS", "nats"),
        row("network: test score", etas.nll - test.value, published, "published ETAS", "nats"),
        row("network: gain over ETAS, test", test.value, None, "", "nats"),
        row("network: Monte Carlo error of the gain", test.standard_error, None, "", "nats"),
        row("network: gain over ETAS, validation", validation.value, None, "", "nats"),
        row("network: CPU time of points and training", seconds, None, "", "s"),
    ]
    notes = (
        f"Nats per event, less is better; {test.n_events:,} of {etas.n_events:,} test events lie in cells whose "
        "centre is in the region, elsewhere the rate is ETAS's. The integral is a mean over "
        f"{len(points[2]) - test.n_events:,} points drawn from ETAS"
    )
    write_result("intensity_npp", rows, notes, options.quick)


def classical(run: Path | None, catalogue: object) -> Models:
    """Return the classical models of a run, or fit them on the benchmark's grid."""
    if run is not None:
        return from_bundle(load_bundle(run / "classical", TASK))
    import tomli_w

    chosen = parse_settings(ForecastSettings, tomli_w.dumps(settings(quick=False)))
    return fit_classical(cut(catalogue, chosen), chosen, report)


def report(event: dict) -> None:
    """Print messages and epochs."""
    if event["kind"] in ("message", "epoch"):
        print(
            event.get("message") or f"epoch {event['epoch']}: validation {event['validation']:.4f}",
            flush=True,
        )


def row(what: str, value: float, peer: float | None, peer_name: str, unit: str) -> dict:
    """Return a row of the result file."""
    return {"what": what, "ours": value, "peer": peer, "peer_name": peer_name, "unit": unit, "ratio": None}


if __name__ == "__main__":
    main()
