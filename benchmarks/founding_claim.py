"""The founding claim at its size: 728,442 events worldwide, 40 epochs, on two cores and under 2 GB of memory.

The catalogue is simulated (`_world.py`): M ≥ 4.5 along the plate boundaries, some 55
years of them. It shows what a training of the world costs; scores on it say nothing about the Earth. Each in a
process of its own: the simulation, one sweep of all cells of 1° over 18,000 daily issue times, and
`terrella forecast train` with `--epochs` epochs (one, by default; 40 epochs are then 40 times that one, and all
else once). `--quick` takes 20,000 events and 500 issue times.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from _result import write_result
from _world import GLOBE, simulate_world, world_etas
from terrella.earth.grid import make_grid
from terrella.forecast.features.sweep import make_sources, sweep
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

EVENTS, ISSUE_TIMES = 728_442, 18_000
MEMORY_DAYS, BAND_STEPS = (0.25, 1.0, 3.0, 20.0, 150.0, 1500.0), (0.0, 1.0, 2.0)
CLAIMED_EPOCHS = 40


@dataclass(frozen=True)
class Usage:
    """What a process took, its threads and children included."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--run", type=Path, default=None, help="folder of the run, kept afterwards")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--only", choices=("simulate", "sweep", "train"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    run = options.run or Path("runs/forecast") / ("world-quick" if options.quick else "world")
    run.mkdir(parents=True, exist_ok=True)
    catalogue = run / "world.parquet"
    if options.only == "simulate":
        write_catalogue(simulate_world(20_000 if options.quick else EVENTS), catalogue)
    elif options.only == "sweep":
        sweep_here(catalogue, 500 if options.quick else ISSUE_TIMES)
    else:
        measure(run, catalogue, options.quick, options.epochs)


def measure(run: Path, catalogue: Path, quick: bool, epochs: int) -> None:
    """Measure all three parts and write the result."""
    here = [sys.executable, __file__, "--run", run, *(["--quick"] if quick else []), "--only"]
    train = [
        *(sys.executable, "-m", "terrella", "forecast", "train", "--run", run, "--catalogue", catalogue),
        *("--data.bounds", -180, 180, -90, 90, "--data.cell-deg", 1, "--data.min-magnitude", 4.5),
        *("--data.magnitude-bin", 0, "--fit.epochs", epochs),
    ]  # fmt: skip
    parts = {"simulate": [*here, "simulate"], "sweep": [*here, "sweep"], "train": train}
    usage = {name: measured([str(word) for word in words]) for name, words in parts.items()}
    rows = [row for name, used in usage.items() for row in rows_of(name, used)]
    seconds = epoch_seconds(run)
    epoch, rest = float(np.mean(seconds)), usage["train"].wall_seconds - sum(seconds)
    rows += [
        result(f"training, {CLAIMED_EPOCHS} epochs", (rest + CLAIMED_EPOCHS * epoch) / 3600, "h", 3.0),
        result("training, one epoch", epoch, "s"),
    ]
    known, _ = read_catalogue(catalogue)
    notes = (
        f"{len(known):,} simulated events, {known.time_utc[0]} to {known.time_utc[-1]}, on 64,800 cells of 1°; "
        f"{len(seconds)} epochs were run; {CLAIMED_EPOCHS} are {CLAIMED_EPOCHS} times their mean, and all else "
        "once. The claim: 40 epochs in 3 hours on a consumer GPU, with 15 GB in memory."
    )
    write_result("founding_claim", rows, notes, quick)


def sweep_here(path: Path, issue_times: int) -> None:
    """Sweep all cells through issue times of the catalogue's last years."""
    catalogue, _ = read_catalogue(path)
    grid = make_grid(GLOBE, 1.0)
    sources = make_sources(catalogue, catalogue.time_utc[0], grid, world_etas(), MEMORY_DAYS, BAND_STEPS)
    issue_days = sources.days[-1] - np.arange(issue_times)[::-1]
    total = sum(float(part.triggering[:, -1].sum()) for part in sweep(sources, issue_days, 4))
    print(f"{issue_times:,} issue times swept; mean memory {total / issue_times:.3g}")


def measured(arguments: list[str]) -> Usage:
    """Run a command and return what it took.

    Raises:
        CalledProcessError: where it fails.
    """
    began = time.perf_counter()
    child = subprocess.Popen(arguments)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, arguments)
    return _usage(used, time.perf_counter() - began)


def _usage(used: resource.struct_rusage, wall_seconds: float) -> Usage:
    kib = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Usage(used.ru_utime + used.ru_stime, wall_seconds, kib / 1024)


def epoch_seconds(run: Path) -> list[float]:
    """Return the seconds of each epoch, validation included, from the run's own record."""
    lines = (run / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event["seconds"] for event in map(json.loads, lines) if event.get("kind") == "epoch"]


def rows_of(name: str, used: Usage) -> list[dict]:
    """Return what a process took as rows; the claim of memory stands beside the training's."""
    memory = result(f"{name}: peak memory", used.peak_mib / 1024, "GiB", 15.0 if name == "train" else None)
    return [
        result(f"{name}: CPU time", used.cpu_seconds, "s"),
        result(f"{name}: wall time", used.wall_seconds, "s"),
        memory,
    ]


def result(what: str, ours: float, unit: str, claimed: float | None = None) -> dict:
    """Return a row of the result file."""
    ratio = None if claimed is None else round(ours / claimed, 4)
    peer = "" if claimed is None else "the claim"
    return {
        "what": what,
        "ours": round(ours, 3),
        "peer": claimed,
        "peer_name": peer,
        "unit": unit,
        "ratio": ratio,
    }


if __name__ == "__main__":
    main()
