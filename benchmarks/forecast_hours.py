"""Hour by hour through sequences that go by a name: what released bundles expected of the next day and week.

Forecasts of California's and Italy's bundles are issued every hour from an hour after the largest or first shock
on, for three days, each from the events before it alone; they are scored in the cells within the shock's reach
(Gardner & Knopoff 1974). L'Aquila lies in the window on which Italy's bundle chose its recalibration; the others
lie in test windows. `--quick` takes every sixth hour. The data are read from TERRELLA_DATA (default
../shared/data).
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from _forecast_run import DATA
from _result import write_result
from terrella.engine.judge import label_blocks
from terrella.engine.use.bundle import load_bundle
from terrella.forecast.judging.after_shocks import AfterShocks, after_shocks
from terrella.forecast.judging.sequences import KNOWN, Known
from terrella.forecast.models import ETAS_, NETWORK, make_forecaster
from terrella.forecast.preparation import cut
from terrella.forecast.storage import from_bundle
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue

BUNDLES = {"california": "california_m25.parquet", "italy": "italy_horus.parquet"}
HOURS = 72
RESAMPLES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    step = 6 if options.quick else 1
    rows = [row for name, file in BUNDLES.items() for row in rows_of(name, file, step)]
    notes = (
        f"Issued every {step} h of the first {HOURS} h. Gains are paired, in nats per earthquake, each earthquake "
        "counted in every forecast that holds it; intervals resample tenths of the time, those of so short a time "
        "are rough."
    )
    write_result("forecast_hours", rows, notes, options.quick)


def rows_of(name: str, file: str, step: int) -> list[dict[str, Any]]:
    """Return the rows of a bundle's sequences."""
    if not (DATA / file).is_file():
        sys.exit(f"{DATA / file} is not there; set TERRELLA_DATA")
    models = from_bundle(load_bundle(Path(name), "forecast"))
    case = cut(read_catalogue(DATA / file)[0], models.settings)
    catalogue = case.catalogue
    held = [(each.name, event) for each in KNOWN if (event := known_shock(each, catalogue)) is not None]
    held.sort(key=lambda each: each[1])
    shocks = catalogue[np.array([event for _, event in held])]
    delays = np.arange(1, HOURS + 1, step) / 24
    found = after_shocks(make_forecaster(models, catalogue), shocks, case.windows.test_end, delays)
    return [
        row
        for k, (sequence, _) in enumerate(held)
        for horizon in range(2)
        for row in sequence_rows(found, k, sequence, horizon)
    ]


def known_shock(known: Known, catalogue: Catalogue) -> int | None:
    """Return the largest event within ten minutes and half a degree of a known shock."""
    near = np.abs(catalogue.time_utc - np.datetime64(known.time_utc, "us")) < np.timedelta64(10, "m")
    near &= np.abs(catalogue.longitude - known.longitude) < 0.5
    near &= np.abs(catalogue.latitude - known.latitude) < 0.5
    return int(np.argmax(np.where(near, catalogue.magnitude, -np.inf))) if near.any() else None


def sequence_rows(found: AfterShocks, shock: int, name: str, horizon: int) -> list[dict[str, Any]]:
    """Return expected over observed of network and ETAS, and the gain of the one over the other."""
    rows = found.shock == shock
    observed = found.observed[rows, horizon]
    ours, theirs = (
        float(found.expected[model][rows, horizon].sum() / observed.sum()) for model in (NETWORK, ETAS_)
    )
    better = (found.losses[ETAS_] - found.losses[NETWORK])[rows, horizon]
    gain = label_blocks(np.arange(len(observed)) * 10 // len(observed), RESAMPLES).gain(better, observed)
    what = f"{name}, next {found.horizons_days[horizon]:g} d"
    return [
        row(f"{what}: expected/observed ({observed.sum() / len(observed):.0f} observed)", ours, theirs, ""),
        row(f"{what}: gain [{gain.low:+.3f}, {gain.high:+.3f}]", gain.value, None, "nats per earthquake"),
    ]


def row(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    """Return a row of the result file."""
    return {"what": what, "ours": ours, "peer": peer, "peer_name": ETAS_, "unit": unit, "ratio": None}


if __name__ == "__main__":
    main()
