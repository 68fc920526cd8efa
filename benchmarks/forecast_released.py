"""The released bundles on their test windows: gains of the network over ETAS, and expected over observed.

The issue times are those of `terrella forecast judge`. All cells with events are judged, and a share of the empty
ones, weighted by one over their probability: a tenth of judging's time, and every bundle by today's code.
`--only NAME` judges one and keeps the others' rows. `--quick` draws few cells. The data are read from
TERRELLA_DATA (default ../shared/data).
"""

import argparse
import json
from typing import Any

import numpy as np
import torch
from torch import Tensor

from _forecast_run import DATA, row
from _result import RESULTS, write_result
from terrella.engine.judge import make_blocks
from terrella.engine.use.bundle import load_bundle
from terrella.engine.use.find import RELEASED
from terrella.forecast.learning.recalibration import Drawn, cell_loss, draw_cells
from terrella.forecast.models import ETAS_, NETWORK, Forecaster, Models, learned, make_forecaster, swept_maps
from terrella.forecast.preparation import cut
from terrella.forecast.storage import TASK, from_bundle
from terrella.forecast.windows import issue_days
from terrella.formats.catalogues.catalogue import Floats
from terrella.formats.catalogues.read import read_catalogue

CATALOGUES = {
    "california": "california_m25.parquet",
    "italy": "italy_horus.parquet",
    "world": "global_m45_2012_2018.comcat.csv.gz",
}
NAME = "forecast_released"
CELLS = 300_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=list(CATALOGUES))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cells = CELLS // 10 if options.quick else CELLS
    found = {name: judged(name, cells) for name in CATALOGUES if options.only in (None, name)}
    known = RESULTS / f"{NAME}.json"
    kept = json.loads(known.read_text(encoding="utf-8"))["rows"] if options.only and known.is_file() else []
    rows = []
    for name in CATALOGUES:
        rows += found.get(name, [each for each in kept if each["what"].startswith(f"{name}, ")])
    notes = (
        f"About {CELLS:,} cells of each horizon, weighted by one over their probability, all with events among "
        "them; issue times whose horizons touch. Gains are paired, both models recalibrated on the dev window, "
        "with 95 % intervals (30-day blocks); halves are those of the test window's time, and of the region "
        "across its longer side, with as many events each."
    )
    write_result(NAME, rows, notes, options.quick)


def judged(name: str, cells: int) -> list[dict[str, Any]]:
    """Return the rows of one bundle."""
    models = from_bundle(load_bundle(RELEASED / TASK / name, TASK))
    case = cut(read_catalogue(DATA / CATALOGUES[name])[0], models.settings)
    forecaster, windows = make_forecaster(models, case.catalogue), case.windows
    rows = []
    for horizon, days in enumerate(models.horizons_days):
        issue = issue_days(windows.test_start, windows.test_end, days, days)
        drawn = draw_cells(forecaster, issue, horizon, cells, baselines=False)
        found = rows_of(models, drawn, issue, horizon) + rows_of_use(forecaster, drawn, issue, horizon)
        rows += [each | {"what": f"{name}, {days:g} d: {each['what']}"} for each in found]
        print(*(f"{each['what']} {each['ours']:.4f}" for each in rows[-len(found) :]), sep="\n", flush=True)
    return rows


def rows_of(models: Models, drawn: Drawn, issue: Floats, horizon: int) -> list[dict[str, Any]]:
    """Return gain and expected over observed at one horizon, and the latter on each half of the time."""
    lines = {name: models.calibrations[name][horizon] for name in (NETWORK, ETAS_)}

    def summed(values: Tensor) -> Floats:
        return np.bincount(drawn.issue.numpy(), (drawn.weight * values).double().numpy(), len(issue))

    events = summed(drawn.counts)
    loss = {name: summed(cell_loss(drawn.expected[name], drawn.counts, line)) for name, line in lines.items()}
    mean = {
        name: summed(torch.exp(line.log_mean(drawn.expected[name].log_mean))) for name, line in lines.items()
    }
    blocks = make_blocks(issue, models.settings.judge.block_days, models.settings.judge.resamples)
    gain = blocks.gain(loss[ETAS_] - loss[NETWORK], events)
    ours, theirs = (blocks.gain(mean[name], events) for name in (NETWORK, ETAS_))
    unit = "nats per earthquake"
    scores = [-loss[name].sum() / events.sum() for name in (NETWORK, ETAS_)]
    rows = [
        row(f"gain [{gain.low:+.3f}, {gain.high:+.3f}]", gain.value, None, ETAS_, unit, None),
        row("log-likelihood", scores[0], scores[1], ETAS_, unit, None),
        row(
            f"expected/observed [{ours.low:.2f}, {ours.high:.2f}]", ours.value, theirs.value, ETAS_, "", None
        ),
    ]
    for half, part in zip(("first", "second"), np.array_split(np.arange(len(issue)), 2), strict=True):
        here = [mean[name][part].sum() / events[part].sum() for name in (NETWORK, ETAS_)]
        rows.append(row(f"expected/observed, {half} half", *here, ETAS_, "", None))
    return rows


def rows_of_use(forecaster: Forecaster, drawn: Drawn, issue: Floats, horizon: int) -> list[dict[str, Any]]:
    """Return expected over observed of what `predict` uses, in all and on each half of the region."""
    models, grid = forecaster.models, forecaster.models.grid
    mean = used_mean(forecaster, drawn, issue, horizon)
    place = np.flatnonzero(grid.mask)[drawn.cell.numpy() % forecaster.sources.n_columns]
    latitude, longitude = grid.latitudes[place // grid.shape[2]], grid.longitudes[place % grid.shape[2]]
    events, expected = drawn.counts.double().numpy(), (drawn.weight * mean).double().numpy()
    north, east = np.ptp(latitude), np.ptp(longitude) * np.cos(np.radians(latitude.mean()))
    along, halves = (latitude, ("south", "north")) if north > east else (longitude, ("west", "east"))
    first = along < np.median(np.repeat(along, events.astype(int)))
    name = models.used(horizon)
    rows = [
        row(
            f"expected/observed of what predict uses ({name})",
            expected.sum() / events.sum(),
            None,
            "",
            "",
            None,
        )
    ]
    for half, here in zip(halves, (first, ~first), strict=True):
        value = expected[here].sum() / events[here].sum()
        rows.append(row(f"expected/observed of what predict uses, {half}", value, None, "", "", None))
    return rows


@torch.no_grad()
def used_mean(forecaster: Forecaster, drawn: Drawn, issue: Floats, horizon: int) -> Tensor:
    """Return what `predict` expects in each of the drawn cells, recalibrated."""
    models, last = forecaster.models, forecaster.models.trusted - 1

    def mean(name: str, at: int, log_mean: Tensor) -> Tensor:
        return torch.exp(models.calibrations[name][at].log_mean(log_mean))

    if horizon <= last:
        return mean(NETWORK, horizon, drawn.expected[NETWORK].log_mean)
    following = mean(ETAS_, horizon, drawn.expected[ETAS_].log_mean)
    if last < 0:
        return following
    until = torch.zeros(len(drawn.issue), 2)  # the last horizon that is the network's, by network and ETAS
    for batch, maps in swept_maps(forecaster, issue):
        here = ((drawn.issue >= batch.start) & (drawn.issue < batch.stop)).nonzero()[:, 0]
        number, layer = drawn.issue[here] - batch.start, drawn.cell[here] // forecaster.sources.n_columns
        at = number, layer, drawn.cell[here] % forecaster.sources.n_columns
        until[here, 0] = learned(forecaster, maps, at)[0][:, last]
        until[here, 1] = maps.log_etas[number, last, layer, at[2]]
    return mean(NETWORK, last, until[:, 0]) + following - mean(ETAS_, last, until[:, 1])


if __name__ == "__main__":
    main()
