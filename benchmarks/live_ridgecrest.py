"""Two months around Ridgecrest, replayed: the record's table, and maps from before and after both large shocks.

Daily, and hourly for a day after M ≥ 6, on California's catalogue (TERRELLA_DATA, default ../shared/data). Writes
docs/images/live_ridgecrest.png too.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

import terrella.earth.proj_first  # noqa: F401
from _result import DATA_FOLDER, write_result
from terrella.forecast.maps import draw_base, draw_cells, draw_coast, draw_events, make_view
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.live.kept import Kept, read_kept
from terrella.live.opening import reopen
from terrella.live.scoring import SCORE
from terrella.live.summary import Row, summarise

DATA = DATA_FOLDER / "forecast"
CATALOGUE = DATA / "california_m25.parquet"
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "live_ridgecrest.png"
SHOCKS = ("2019-07-04T17:33:49", "2019-07-06T03:19:53")  # M 6.4, M 7.1
VIEW = (-120.5, -114.8, 33.6, 38.2)


def main() -> None:
    """Replay, and write benchmarks/results/live_ridgecrest.json and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--record", type=Path, help="keep the record here, or go on with the one that is there"
    )
    record = parser.parse_args().record
    with tempfile.TemporaryDirectory() as folder:
        record = record or Path(folder) / "record"
        typed = ["live", "replay", str(CATALOGUE), "--bundle", "california", "--trigger-magnitude", "6"]
        span = ["--from", "2019-06-01", "--to", "2019-08-01", "-o", str(record)]
        subprocess.run([sys.executable, "-m", "terrella", *typed, *span], check=True)
        rows = [row for each in summarise(reopen(record, None).store.records(SCORE)) for row in said(each)]
        draw(record / "forecasts", read_catalogue(CATALOGUE)[0])
    write_result(
        "live_ridgecrest", rows, "Windows that do not overlap; 95 % intervals by blocks of 30 days.", False
    )


def said(row: Row) -> list[dict]:
    """Return a model's gain and expected events at a horizon as rows of a result."""
    name = f"{row.model}, {row.horizon_days:g} d, {row.windows} windows"

    def of(what: str, ours: float, peer: float | None, peer_name: str, unit: str) -> dict:
        return {"what": f"{name}: {what}", "ours": ours, "peer": peer, "peer_name": peer_name, "unit": unit,
                "ratio": None}  # fmt: skip

    known = np.isfinite(row.gain.low)
    gain = f"gain [{row.gain.low:+.3f}, {row.gain.high:+.3f}]" if known else "gain"
    return [
        of("events", row.expected, float(row.observed), "observed", "expected"),
        of(gain, row.gain.value, 0.0, "climatology", "nats per earthquake"),
    ]


def draw(folder: Path, catalogue: Catalogue) -> None:
    """Draw the next day of the last forecast before each shock and of the first after it, with what came."""
    paths = sorted(folder.glob("*.nc"))
    times = np.array([np.datetime64(read_kept(path).issue_time_us, "us") for path in paths])
    after = [int(np.searchsorted(times, np.datetime64(shock), "right")) for shock in SHOCKS]
    chosen = [read_kept(paths[at]) for first in after for at in (first - 1, first)]
    probabilities = [day_of(each) for each in chosen]
    view, figure = make_view(VIEW), Figure(figsize=(10.5, 8.6), layout="constrained")
    style = {"cmap": "magma_r", "norm": LogNorm(1e-4, 1, clip=True)}
    panels = figure.subplots(2, 2)
    for axes, kept, values in zip(panels.ravel(), chosen, probabilities, strict=True):
        issued = np.datetime64(kept.issue_time_us, "us")
        came = (catalogue.time_utc >= issued) & (catalogue.time_utc < issued + np.timedelta64(1, "D"))
        came &= catalogue.magnitude >= kept.min_magnitude
        draw_base(axes, view)
        cells = draw_cells(axes, view, values, kept.grid.longitude_edges, kept.grid.latitude_edges, **style)
        draw_coast(axes, view)
        draw_events(axes, view, catalogue[came], kept.min_magnitude, fc="none", ec="#009e73", lw=0.8)
        count = float(np.nansum(kept.expected[0, kept.horizons_days.index(1.0)]))
        axes.set_title(
            f"{str(issued)[:16].replace('T', ' ')} UTC: {count:.0f} expected, {came.sum():,} came",
            fontsize=10,
        )
    bar = figure.colorbar(cells, ax=panels, shrink=0.7, extend="min")
    bar.set_label("probability of one or more M ≥ 2.5 in the next day, per 0.1° cell")
    figure.savefig(PICTURE, dpi=110)


def day_of(kept: Kept) -> np.ndarray:
    """Return the probability of the next day by what was issued, (latitude, longitude)."""
    return kept.of_model(0).column_probability[kept.horizons_days.index(1.0)]


if __name__ == "__main__":
    main()
