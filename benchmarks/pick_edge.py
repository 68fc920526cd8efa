"""Picks of a station's day on a small machine: installed bytes, peak memory, and the picks beside the full ones.

An environment of its own gets Terrella without its requirements, those of the extra `edge`, and nothing else. It
picks a day of three components with a compressed PhaseNet; the full installation does with the published weights.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any

import numpy as np

from _result import write_result
from pick_continuous import DATA, make_samples, measured, shared, write_record

ROOT = Path(__file__).parents[1]
DAY_SAMPLES = 24 * 360_000

RUN = """
import json, resource, sys, time
from terrella.cli.main import main
try:
    main(["pick", "run", sys.argv[1], "--bundle", sys.argv[2], "--output", sys.argv[3]])
except SystemExit as left:
    if left.code:
        raise
json.dump({"whole_cpu_seconds": time.process_time(),
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}, open(sys.argv[4], "w"))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="an hour in place of the day")
    quick = parser.parse_args().quick
    weights = str(DATA / "phasenet_original.safetensors")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        python = make_environment(work / "edge")
        once = make_samples()
        samples = np.tile(once, -(-DAY_SAMPLES // once.shape[1]))[:, : 360_000 if quick else DAY_SAMPLES]
        write_record(work / "day.mseed", samples, 1)
        write_bundle(weights, work / "bundle")
        edge = run(python, work / "day.mseed", str(work / "bundle"), work / "edge_picks")
        full = run(Path(sys.executable), work / "day.mseed", weights, work / "full_picks")
        installed = size(work / "edge" / "lib")
        everything = size(Path(np.__file__).parents[1])
        bundle = size(work / "bundle")
    rows = [
        row("installed packages", installed / 2**20, everything / 2**20, "MiB"),
        row("the bundle", bundle / 2**10, Path(weights).stat().st_size / 2**10, "KiB"),
        row("peak memory of a station's day", edge["peak_mib"], full["peak_mib"], "MiB"),
        row("all CPU, command to picks", edge["whole_cpu_seconds"], full["whole_cpu_seconds"], "CPU s"),
        {
            **row("picks found by the other too", shared(edge["picks"], full["picks"]), None, "share"),
            "peer": shared(full["picks"], edge["picks"]),
        },
    ]
    notes = (
        f"{samples.shape[1] / 360_000:.0f} h of one station with three components, {len(full['picks'])} picks; "
        "files without compiled ones (pip install --no-compile); one thread; the full installation has the "
        "development's packages too, and its network is used for the first time"
    )
    write_result("pick_edge", rows, notes, quick)


def make_environment(folder: Path) -> Path:
    """Return the Python of a new environment with the extra `edge` alone."""
    venv.create(folder)
    python = folder / "bin" / "python"
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["edge"]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-compile"]
    subprocess.run([*pip, *extra, "-c", str(ROOT / "requirements.lock")], check=True)
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([*pip, "--no-deps", str(source)], check=True)
    shutil.rmtree(source)
    return python


def write_bundle(weights: str, folder: Path) -> None:
    """Write the published network as a compressed bundle."""
    from terrella.engine.compress.forms import as_onnx
    from terrella.engine.use.bundle import Bundle, save_bundle
    from terrella.pick.bundle import load_picker_network, picker_values
    from terrella.pick.compressing import compression

    network, trained, _ = load_picker_network(weights)
    full = Bundle("pick", network.state_dict(), picker_values(trained), "", "# PhaseNet\n")
    save_bundle(folder, as_onnx(compression, network, full, "onnx", lambda: None))


def run(python: Path, record: Path, bundle: str, folder: Path) -> dict[str, Any]:
    """Pick a record with an environment's Python."""
    import csv

    out = folder.with_suffix(".json")
    arguments = [str(python), "-B", "-c", RUN, str(record), bundle, str(folder), str(out)]
    found = measured(arguments, out, folder.parent / "cache")
    with (folder / "picks.csv").open() as file:
        lines = list(csv.DictReader(line for line in file if not line.startswith("#")))
    found["picks"] = [
        (each["phase"], np.datetime64(each["time"].rstrip("Z"), "us").astype(np.int64) / 1e6, 0.0)
        for each in lines
    ]
    return found


def size(folder: Path) -> int:
    """Return the bytes of a folder's files, without compiled ones."""
    files = (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
    return sum(each.stat().st_size for each in files if each.suffix != ".pyc")


def row(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    ratio = None if peer is None else peer / ours
    beside = {"peer": peer, "peer_name": "the full installation"}
    return {"what": what, "ours": ours, **beside, "unit": unit, "ratio": ratio}


if __name__ == "__main__":
    main()
