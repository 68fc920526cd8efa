"""CPU seconds of an explanation by task, what the checks say, and whether true parents are found.

The runs are the demos' (`terrella <task> demo`), in the folder RUNS; a task whose run is not there is left out.
For each: integrated gradients with both checks, and how far parts taken away and put in, largest first, stand from
random orders. Of the forecast demo's simulated catalogue the parent of each aftershock is known: how often that of
a target event is the first, or one of the first five, among all past events by what they add to its cell's count,
and by ETAS's triggering probabilities, issued at midnight before it; intervals of 95 % resample targets.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from _result import DATA_FOLDER, RESULTS, write_result
from terrella.cli.tasks import TASKS, asked_model, load_task
from terrella.engine.explain.checks import curves, sanity
from terrella.engine.explain.methods import explain
from terrella.engine.judge.bootstrap import interval
from terrella.engine.use.bundle import load_bundle
from terrella.forecast.asked import Asked
from terrella.forecast.demo import demo_settings, inside_the_demo
from terrella.forecast.explaining import of_cell
from terrella.forecast.models import known_before, make_forecaster
from terrella.forecast.simulation.process import demo_process
from terrella.forecast.simulation.simulate import simulate_families
from terrella.forecast.storage import from_bundle

_TARGETS, _FIRST = 150, (1, 5)
_DAY = np.timedelta64(1, "D")
_TEXT = "The Warrawoona Group overlies granite of Archean age. Gold occurs in veins where basalt is altered."
_WORDS = "granite"


def given(task: str, runs: Path, folder: Path) -> tuple[str, str, dict[str, Any]]:
    """Return input, bundle and question of a task's demo."""
    run = runs / task / "demo"
    if task == "forecast":
        return str(run / "catalogue.parquet"), str(run), {"issue_time": "2019-03-01"}
    if task == "pick":
        data = DATA_FOLDER / "pick"
        return (
            str(data / "northern_california_local"),
            str(data / "phasenet_original.safetensors"),
            {"trace": 3},
        )
    if task == "segment":
        from terrella.segment.bundle import load_segmenter
        from terrella.segment.data.sections import of_split, open_sections

        section = of_split(open_sections(load_segmenter(run).settings.data), "test")[0].load()
        np.save(folder / "section.npy", section.samples)
        return str(folder / "section.npy"), str(run), {"interval": section.interval_s}
    if task == "weather":
        return (
            "planet",
            str(run),
            {"variable": "temperature", "level": 850, "latitude": 45.0, "longitude": 90.0},
        )
    if task == "surface":
        from terrella.surface.opening import jacksboro

        values = jacksboro().whole()[:200, :200].copy()
        values[92:108, 92:108] = np.nan
        np.save(folder / "dem.npy", values)
        return str(folder / "dem.npy"), str(run), {}
    if task == "literature":
        (folder / "texts.txt").write_text(_TEXT)
        return str(folder / "texts.txt"), str(run), {"words": _WORDS}
    table, asked = _table(task, run)
    table.to_csv(folder / f"{task}.csv", index=False)
    return str(folder / f"{task}.csv"), str(run), asked


def _table(task: str, run: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    if task == "field":
        from terrella.field.model import load_model
        from terrella.field.observatories.write import as_table
        from terrella.field.opening import open_observatories

        return as_table(open_observatories(load_model(run).settings.data, lambda event: None)), {
            "component": "Y"
        }
    if task == "interior":
        from terrella.interior.profiles.reference import prem_profile

        prem = prem_profile()
        columns = {"vp_m_s": prem.vp, "vs_m_s": prem.vs, "density_kg_m3": prem.density}
        row = 1 + int(np.abs(prem.depth_km - 500).argmin())
        return pd.DataFrame({"depth_km": prem.depth_km, **columns}), {"row": row}
    table = {"magnitude": [6.2], "rjb": [12.0], "vs30": [300.0], "depth": [8.0], "mechanism": ["NS"]}
    return pd.DataFrame(table), {}


def of_task(task: str, runs: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a task."""
    where, bundle, asked = given(task, runs, folder)
    question = load_task(task).question(where, bundle, asked_model(TASKS[task])(**asked), lambda event: None)
    begun = time.process_time()
    found = explain(question, "integrated")
    alone = time.process_time() - begun
    begun = time.process_time()
    checked, shown = sanity(found), curves(found)
    checks = time.process_time() - begun
    areas = shown.areas()
    steps = f"{found.steps} steps, {found.missing:.2%} unexplained"
    yield row(f"{task}: integrated gradients, {question.inputs.numel():,} elements, {steps}", alone, "CPU s")
    yield row(f"{task}: both checks and curves", checks, "CPU s")
    yield row(f"{task}: rank correlation with weights drawn anew", checked.random_weights, "")
    yield row(f"{task}: rank correlation with noise", checked.noise, "")
    for name in ("deletion", "insertion"):
        what, random = f"{task}: mean answer, {name}", areas[f"random {name}"]
        yield row(what, areas[name], "of the difference", random, "random order")


def parents(runs: Path, most: int) -> Iterator[dict[str, Any]]:
    """Yield how often true parents come first, by the network's parts and by ETAS's probabilities."""
    models = from_bundle(load_bundle(runs / "forecast" / "demo", "forecast"))
    settings = demo_settings(Path("catalogue.parquet")).data
    whole, parent = simulate_families(demo_process(), settings.auxiliary_start, settings.test_end, seed=1)
    test = np.datetime64(settings.test_start)
    midnight = whole.time_utc.astype("datetime64[D]").astype("datetime64[us]")
    inside = models.grid.cell_of(whole.longitude, whole.latitude)
    good = (whole.time_utc >= test) & (inside >= 0) & (parent >= 0)
    good[good] &= (whole.time_utc[parent[good]] < midnight[good]) & (inside[parent[good]] >= 0)
    targets = np.random.default_rng(0).permutation(np.flatnonzero(good))[:most]
    within = inside_the_demo(whole)
    columns = np.cumsum(models.grid.mask.ravel()) - 1
    ranks = np.array([
        ranks_of(models, within, whole, int(k), int(parent[k]), midnight[k], int(columns[inside[k]]))
        for k in targets
    ])  # fmt: skip
    orders = np.random.default_rng(1).integers(0, len(ranks), (1000, len(ranks)))
    orders[0] = np.arange(len(ranks))  # the targets as they are
    for first in _FIRST:
        hits = ranks < first
        gain = interval((hits[:, 0].astype(float) - hits[:, 1])[orders].mean(1))
        what = f"forecast: true parent among the first {first} of past events, {len(ranks)} targets"
        told = f"{what}; more by {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        yield row(told, hits[:, 0].mean(), "share", hits[:, 1].mean(), "ETAS's probabilities")


def ranks_of(
    models: Any, catalogue: Any, whole: Any, target: int, parent: int, time: np.datetime64, cell: int
) -> tuple[int, int]:
    """Return how many events come before the parent, by what they add and by ETAS's probabilities."""
    forecaster = make_forecaster(models, known_before(models, catalogue, time))
    question = of_cell(forecaster, time, cell, 0, Asked())
    found = explain(question, "integrated")
    at = int(np.flatnonzero(forecaster.catalogue.time_utc == whole.time_utc[parent])[0])
    shares = question.axes[0].more["etas_share"]
    return int((found.values > found.values[at]).sum()), int((shares > shares[at]).sum())


def row(what: str, ours: float, unit: str, peer: float | None = None, name: str = "") -> dict[str, Any]:
    """Return a row of the result."""
    ratio = float(ours) / float(peer) if peer and ours * peer > 0 else None
    return {
        "what": what, "ours": float(ours), "peer": None if peer is None else float(peer), "peer_name": name,
        "unit": unit, "ratio": ratio,
    }  # fmt: skip


def kept(tasks: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """Return the rows of the last result that are not of these tasks, and its notes."""
    last = json.loads((RESULTS / "explain.json").read_text(encoding="utf-8"))
    rows = [each for each in last["rows"] if each["what"].split(":")[0] not in tasks]
    others = dict.fromkeys(each["what"].split(":")[0] for each in rows)
    return rows, f"{last['notes']} {', '.join(others)}: as measured at {last['commit']}."


def main() -> None:
    """Explain an answer of every demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--quick", action="store_true", help="motion and forecast alone, few targets")
    parser.add_argument(
        "--tasks",
        nargs="+",
        choices=tuple(TASKS),
        help="these alone; rows of others stay as they were measured",
    )
    options = parser.parse_args()
    tasks = ("motion", "forecast") if options.quick else tuple(options.tasks or TASKS)
    rows, notes = kept(tasks) if options.tasks else ([], "")
    with tempfile.TemporaryDirectory() as folder:
        for task in tasks:
            if task == "pick" or (options.runs / task / "demo" / "model").is_dir():
                rows += of_task(task, options.runs, Path(folder))
                print(*(f"{each['what']}: {each['ours']:.4g}" for each in rows[-6:]), sep="\n", flush=True)
    if "forecast" in tasks and (options.runs / "forecast" / "demo" / "model").is_dir():
        rows += parents(options.runs, 10 if options.quick else _TARGETS)
    notes = notes or "bundles of the demos; PhaseNet's published weights for pick"
    write_result("explain", rows, notes, options.quick)


if __name__ == "__main__":
    main()
