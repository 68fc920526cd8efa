"""Simulate one-week futures of California with ETAS, and compare with lmizrahi/etas: CPU time and counts.

Two issue times: just after the Ridgecrest M 7.1 of July 2019, and a quiet one a year before. Both sides know the
same past and draw from the same model, with continuous magnitudes; the peer runs where `--peer-python` names a
Python that can import `etas`, by its exact aftershock times and by its own fast approximation of them. The
model comes from `--bundle`, or is fitted first: M ≥ 2.5 with a smoothed background, or M ≥ 3.5 with `--quick`.
The data are read from TERRELLA_DATA (default ../shared/data).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np

from _result import DATA_FOLDER, write_result
from terrella.earth.region import Region
from terrella.engine.use.bundle import load_bundle
from terrella.forecast.etas.fit import fit_etas
from terrella.forecast.etas.model import ETAS
from terrella.forecast.etas.progeny import background_weight, horizon_weight
from terrella.forecast.features.cell_rates import tabulated_cdf
from terrella.forecast.simulation.futures import make_outlook, simulate_futures
from terrella.forecast.storage import TASK, from_bundle
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue

DATA = DATA_FOLDER / "forecast"
ISSUES = {"after Ridgecrest": "2019-07-06T04:00", "quiet": "2018-07-06T04:00"}
DAYS = 7.0
LARGEST = 8.5

# What the peer's own class does for each catalogue, with the parameters given.
PEER = """
import json, sys, time
import numpy as np
import pandas as pd
from shapely.geometry import Polygon
from etas.simulation import simulate_catalog_continuation

given = json.load(open(sys.argv[1]))
past = pd.read_csv(given["past"], parse_dates=["time"], date_format="ISO8601")
past["xi_plus_1"] = 1
background = {}
if given["background"]:
    events = pd.read_csv(given["background"])
    background = dict(
        background_lats=events.latitude, background_lons=events.longitude, background_probs=events.weight,
        gaussian_scale=given["bandwidth_deg"],
    )
np.random.seed(1)
counts, seconds = [], []
for k in range(given["number"] + 1):
    began = time.process_time()
    found = simulate_catalog_continuation(
        past, pd.Timestamp(given["first"]), pd.Timestamp(given["start"]), Polygon(given["polygon"]),
        pd.Timestamp(given["end"]), given["theta"], given["least"], given["beta"], m_max=given["largest"],
        approx_times=given["approximate"], **background,
    )
    if k or not given["number"]:  # the first call warms up
        seconds.append(time.process_time() - began)
        counts.append(int((found.time > pd.Timestamp(given["start"])).sum()))
json.dump({"counts": counts, "seconds": seconds}, open(sys.argv[2], "w"))
"""


@dataclass(frozen=True)
class Runs:
    """Catalogues of one side: CPU seconds each, and how many events each holds."""

    cpu_seconds: float
    counts: np.ndarray

    @property
    def mean(self) -> float:
        """Return the mean number of events."""
        return float(self.counts.mean())

    @property
    def error(self) -> float:
        """Return the standard error of the mean number."""
        return float(self.counts.std(ddof=1) / np.sqrt(len(self.counts))) if len(self.counts) > 1 else np.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--bundle", type=Path, default=None, help="a forecast bundle of California")
    parser.add_argument("--peer-python", type=Path, default=None, help="a Python that can import etas")
    options = parser.parse_args()
    if not (DATA / "california_m25.parquet").is_file():
        sys.exit(f"{DATA / 'california_m25.parquet'} is not there; set TERRELLA_DATA")
    catalogue, _ = read_catalogue(DATA / "california_m25.parquet")
    etas, region = model(options.bundle, catalogue, options.quick)
    number = 1000 if options.quick else 10_000
    peer_there = has_peer(options.peer_python)
    rows, notes = [], [compilation(etas, catalogue, region)]
    for name, issue in ISSUES.items():
        past = catalogue.above(etas.min_magnitude)
        past = past[past.time_utc < np.datetime64(issue, "us")]
        what = f"{name}, M ≥ {etas.min_magnitude:g}"
        runs, ours = simulate(etas, past, region, issue, number, what)
        rows += ours
        rows += against_theory(etas, past, region, issue, number, what)
        if peer_there:
            with tempfile.TemporaryDirectory() as folder:
                rows += against_peer(
                    options.peer_python, etas, past, region, issue, runs, what, Path(folder), options.quick
                )
    if not peer_there:
        notes.append("the peer was not run: no --peer-python that imports etas")
    notes.append(
        f"one week, {len(catalogue):,} events in the catalogue, {numba.get_num_threads()} threads, largest "
        f"magnitude {LARGEST}; branching ratio {etas.branching_ratio(LARGEST):.3f}; ours are CPU seconds of all "
        "threads with preparation, the peer's those of its function alone"
    )
    write_result("simulation", rows, "; ".join(notes), options.quick)


def model(bundle: Path | None, catalogue: Catalogue, quick: bool) -> tuple[ETAS, Region]:
    """Return the model of a bundle with its region, or one fitted to the years 1981 to 2006."""
    npp = json.loads((DATA / "earthquakenpp_comcat25.json").read_text(encoding="utf-8"))
    if bundle is not None:
        models = from_bundle(load_bundle(bundle, TASK))
        return models.etas, models.region
    region = Region(tuple((lon, lat) for lat, lon in npp["polygon_latitude_longitude"]))
    start, begin, end = (
        np.datetime64(npp[name], "us") for name in ("auxiliary_start", "training_start", "test_start")
    )
    least = 3.5 if quick else 2.5
    return fit_etas(catalogue, region.area_km2, start, begin, end, least, "smoothed").model, region


def compilation(etas: ETAS, catalogue: Catalogue, region: Region) -> str:
    """Run everything once, so that nothing is compiled within a measurement."""
    began = time.perf_counter()
    simulate_futures(make_outlook(etas, catalogue, region, ISSUES["quiet"]), 1)
    return f"the first call, which compiles or loads compiled code, took {time.perf_counter() - began:.1f} s"


def simulate(
    etas: ETAS, past: Catalogue, region: Region, issue: str, number: int, what: str
) -> tuple[Runs, list[dict[str, Any]]]:
    """Return our catalogues inside the region, and rows on what they took."""
    wall, cpu = time.perf_counter(), time.process_time()
    futures = simulate_futures(make_outlook(etas, past, region, issue, DAYS, LARGEST), number)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    runs = Runs(cpu / number, np.diff(futures.start))
    rows = [
        row(f"{what}: wall time of {number:,} catalogues", wall, "s"),
        row(f"{what}: events in them", float(futures.start[-1]), "1"),
        row(f"{what}: CPU time per event", 1e9 * cpu / futures.start[-1], "ns"),
    ]
    return runs, rows


def against_theory(
    etas: ETAS, past: Catalogue, region: Region, issue: str, number: int, what: str
) -> list[dict[str, Any]]:
    """Return rows on the mean number of events anywhere beside the renewal equation's."""
    futures = simulate_futures(make_outlook(etas, past, region, issue, DAYS, LARGEST, keep_all=True), number)
    runs = Runs(0.0, np.diff(futures.start))
    cdf, branching = tabulated_cdf(etas), etas.branching_ratio(LARGEST)
    age = -past.days_since(issue)
    nodes = np.geomspace(age.min(), age.max(), 1000)
    weight = np.interp(np.log(age), np.log(nodes), horizon_weight(cdf, branching, DAYS, nodes))
    background = etas.mu * region.area_km2
    if etas.background is not None:
        background = etas.background.uniform_rate * region.area_km2 + etas.background.smoothed_rate
    expected = (etas.productivity(past.magnitude) * weight).sum()
    expected += background * background_weight(cdf, branching, DAYS)
    return [
        row(f"{what}: mean number anywhere", runs.mean, "1", float(expected), "renewal equation"),
        row(f"{what}: its difference in standard errors", (runs.mean - float(expected)) / runs.error, "σ"),
    ]


def against_peer(
    python: Path,
    etas: ETAS,
    past: Catalogue,
    region: Region,
    issue: str,
    ours: Runs,
    what: str,
    work: Path,
    quick: bool,
) -> list[dict[str, Any]]:
    """Return rows on CPU time and mean number, with the peer's fast times and its exact ones."""
    rows = []
    for approximate, number in ((True, 5 if quick else 60), (False, 0 if quick else 3)):
        times = "approximate times" if approximate else "exact times"
        theirs = peer(python, etas, past, region, issue, approximate, number, work)
        name = f"lmizrahi/etas 3.0, {times}"
        per = [1e3 * seconds for seconds in (ours.cpu_seconds, theirs.cpu_seconds)]
        rows.append(row(f"{what}: CPU time per catalogue", per[0], "ms", per[1], name, per[1] / per[0]))
        if len(theirs.counts) > 1:
            rows.append(row(f"{what}: mean number inside", ours.mean, "1", theirs.mean, name))
            rows.append(row(f"{what}: its standard error", ours.error, "1", theirs.error, name))
    return rows


def peer(
    python: Path,
    etas: ETAS,
    past: Catalogue,
    region: Region,
    issue: str,
    approximate: bool,
    number: int,
    work: Path,
) -> Runs:
    """Simulate with the peer in its own environment; its first catalogue is not counted, unless it is the only."""
    start = np.datetime64(issue, "us")
    columns = (past.latitude, past.longitude, past.magnitude, past.time_utc)
    table(work / "past.csv", "latitude,longitude,magnitude,time", columns)
    background = etas.background
    if background is not None:
        columns = (background.latitude, background.longitude, background.weight)
        table(work / "background.csv", "latitude,longitude,weight", columns)
    given = {
        "past": str(work / "past.csv"),
        "background": str(work / "background.csv") if background is not None else None,
        "bandwidth_deg": float(np.median(background.bandwidth_km)) / 111.2 if background is not None else None,
        "number": number,
        "approximate": approximate,
        "first": str(past.time_utc[0]),
        "start": str(start),
        "end": str(start + np.timedelta64(int(DAYS * 86_400), "s")),
        "polygon": [(lat, lon) for lon, lat in region.corners],
        "theta": {
            "log10_mu": np.log10(etas.mu), "log10_iota": None, "log10_k0": np.log10(etas.k0), "a": etas.a,
            "log10_c": np.log10(etas.c_days), "omega": etas.omega, "log10_tau": np.log10(etas.tau_days),
            "log10_d": np.log10(etas.d_km2), "gamma": etas.gamma, "rho": etas.rho,
        },
        "least": etas.min_magnitude,
        "beta": etas.beta,
        "largest": LARGEST,
    }  # fmt: skip
    (work / "given.json").write_text(json.dumps(given), encoding="utf-8")
    (work / "peer.py").write_text(PEER, encoding="utf-8")
    # Its warnings about newer libraries, some for each generation, are not shown.
    done = subprocess.run(
        [python, work / "peer.py", work / "given.json", work / "peer.json"], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"the peer failed: {done.stderr[-2000:]}")
    found = json.loads((work / "peer.json").read_text(encoding="utf-8"))
    return Runs(float(np.mean(found["seconds"])), np.array(found["counts"], float))


def has_peer(python: Path | None) -> bool:
    """Return whether the given Python can import the peer."""
    there = (
        python is not None
        and not subprocess.run([python, "-c", "import etas.simulation"], capture_output=True).returncode
    )
    if not there:
        print("the peer is skipped: give --peer-python a Python that can import etas", file=sys.stderr)
    return there


def table(path: Path, header: str, columns: tuple[np.ndarray, ...]) -> None:
    """Write columns as CSV."""
    lines = [",".join(map(str, values)) for values in zip(*(c.astype(str) for c in columns), strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def row(
    what: str, value: float, unit: str, other: float | None = None, name: str = "", ratio: float | None = None
) -> dict[str, Any]:
    """Return a row of the result file; the ratio is how many times less ours takes."""
    return {"what": what, "ours": value, "peer": other, "peer_name": name, "unit": unit, "ratio": ratio}


if __name__ == "__main__":
    main()
