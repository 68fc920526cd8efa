"""A forecast of the world by the released bundle: CPU seconds and the same numbers, beside an earlier Terrella.

`--before` names the folder `src` of a checkout of it. Both sides issue the same forecast in processes of their own
with one thread, after one that filled the caches of compiled code; of three, the fastest counts.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from _command import command_seconds
from _result import DATA_FOLDER, write_result

DATA = DATA_FOLDER / "forecast"
CATALOGUE = DATA / "global_m45_2012_2018.comcat.csv.gz"
ISSUED = "2018-11-30T00:00:00Z"
TIMES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one forecast in place of three")
    parser.add_argument("--before", type=Path, required=True, help="folder src of an earlier checkout")
    options = parser.parse_args()
    sides = {"ours": Path(__file__).parents[1] / "src", "peer": options.before.resolve()}
    took: dict[str, list[float]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name, source in sides.items():
            issue(source, work / name, work)
        for _ in range(1 if options.quick else TIMES):
            for name, source in sides.items():
                took[name].append(issue(source, work / name, work))
        maps = {name: xr.load_dataset(work / f"{name}.nc") for name in sides}
    seconds = {name: min(each) for name, each in took.items()}
    commit = subprocess.run(
        ["git", "-C", str(options.before), "log", "-1", "--format=%h"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    what = f"the world, M ≥ 4.5, issued {ISSUED[:10]}"
    rows: list[dict[str, Any]] = [
        {**row(f"{what}: command to map", seconds["ours"], seconds["peer"], "CPU s", commit),
         "ratio": seconds["peer"] / seconds["ours"]},
        row(f"{what}: largest difference", difference(**maps), None, "share of a value", commit),
    ]  # fmt: skip
    notes = (
        f"all of `terrella forecast predict` without imports of torch and numba; the earlier one is {commit}"
    )
    write_result("forecast_predict", rows, notes, options.quick)


def issue(source: Path, output: Path, work: Path) -> float:
    """Issue a forecast with the package in a folder; return its CPU seconds."""
    more = {
        "NUMBA_CACHE_DIR": str(output.with_suffix(".numba")), "PYTHONPATH": str(source), "MPLBACKEND": "agg",
    }  # fmt: skip
    words = ["forecast", "predict", str(CATALOGUE), "--bundle", "world", "--issue-time", ISSUED]
    return command_seconds([*words, "-o", str(output.with_suffix(".nc"))], work, ["numba", "torch"], more)


def difference(ours: xr.Dataset, peer: xr.Dataset) -> float:
    """Return the largest difference of two forecasts' numbers, over the larger of both."""
    largest = 0.0
    for name in ours.data_vars:
        a, b = ours[name].values, peer[name].values
        if a.dtype.kind == "f":
            scale = np.maximum(np.abs(a), np.abs(b))
            largest = max(largest, float(np.nanmax(np.abs(a - b) / np.where(scale > 0, scale, 1))))
    return largest


def row(what: str, ours: float, peer: float | None, unit: str, commit: str) -> dict[str, Any]:
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_name": f"Terrella {commit}",
        "unit": unit,
        "ratio": None,
    }


if __name__ == "__main__":
    main()
