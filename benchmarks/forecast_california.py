"""California, M ≥ 2.5: train, judge and predict from the command line, and write the table of scores.

Daily, weekly and monthly grids of 0.25° from 2007-01-01 to 2020-01-17; ETAS, climatology and network are
trained on 1981 to 1997, every choice is made on 1998 to 2006. `--quick` trains for one epoch on weekly issue
times and tests one year. The data are read from TERRELLA_DATA (default ../shared/data).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import tomli_w

from _result import write_result

DATA = Path(os.environ.get("TERRELLA_DATA", Path(__file__).parents[2] / "shared" / "data")) / "forecast"
TERRELLA = [sys.executable, "-m", "terrella"]


def settings(quick: bool) -> dict:
    """Return the settings of the benchmark, on EarthquakeNPP's region and windows."""
    npp = json.loads((DATA / "earthquakenpp_comcat25.json").read_text(encoding="utf-8"))
    return {
        "data": {
            "min_magnitude": npp["magnitude_cutoff"],
            "polygon": [[lon, lat] for lat, lon in npp["polygon_latitude_longitude"]],
            "cell_deg": 0.25,
            "auxiliary_start": npp["auxiliary_start"][:10],
            "train_start": npp["training_start"][:10],
            "validation_start": npp["validation_start"][:10],
            "test_start": npp["test_start"][:10],
            "test_end": "2008-01-01" if quick else npp["test_end"][:10],
        },
        "fit": {"epochs": 1 if quick else 5, "step_days": 7.0 if quick else 1.0, "patience": 2},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--run", type=Path, default=None, help="folder of the run, kept afterwards")
    options = parser.parse_args()
    run = options.run or Path("runs/forecast") / ("california-quick" if options.quick else "california")
    catalogue = DATA / "california_m25.parquet"
    if not catalogue.is_file():
        sys.exit(f"{catalogue} is not there; set TERRELLA_DATA")
    run.mkdir(parents=True, exist_ok=True)
    config = run / "benchmark.toml"
    config.write_text(tomli_w.dumps(settings(options.quick)), encoding="utf-8")
    seconds = {
        "train": timed("forecast", "train", "--catalogue", catalogue, "--config", config, "--run", run),
        "judge": timed("forecast", "judge", "--run", run),
        "predict": timed(
            "forecast", "predict", "--bundle", run, "--catalogue", catalogue,
            "--issue-time", "2019-07-06T04:00:00Z", "--output", run / "ridgecrest.nc",
        ),
    }  # fmt: skip
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    rows = comparisons(scores) + [
        {"what": f"seconds of {name}", "ours": s, "peer": None, "peer_name": "", "unit": "s", "ratio": None}
        for name, s in seconds.items()
    ]
    notes = (
        f"{scores['data']}; {scores['split']}. Gains are paired, over the peer, with 95 % intervals (30-day "
        "blocks). The ratio of scores is ours / peer's. Other work ran on the machine: times are upper bounds."
    )
    write_result("forecast_california", rows, notes, options.quick)


def comparisons(scores: dict) -> list[dict]:
    """Return every score of the network beside every other model's, then the paired gains."""
    models, rows = scores["models"], []
    for score, ours in models["network"].items():
        for name, theirs in models.items():
            peer = (theirs.get(score) or {}).get("value")
            if name != "network" and peer is not None and ours is not None:
                ratio = round(ours["value"] / peer, 4) if peer else None
                rows.append(row(score, ours["value"], peer, name, ours["unit"], ratio))
    for pair in scores["paired"]:
        if pair["model"] == "network" and pair["low"] is not None:
            what = f"{pair['score']} paired [{pair['low']:+.4f}, {pair['high']:+.4f}]"
            rows.append(row(what, pair["gain"], None, pair["over"], "gain", None))
    return rows


def row(what: str, ours: float, peer: float | None, peer_name: str, unit: str, ratio: float | None) -> dict:
    """Return a row of the result file."""
    return {"what": what, "ours": ours, "peer": peer, "peer_name": peer_name, "unit": unit, "ratio": ratio}


def timed(*arguments: object) -> float:
    """Run a command of terrella and return its wall time in seconds."""
    began = time.perf_counter()
    subprocess.run([*TERRELLA, *map(str, arguments)], check=True)
    return round(time.perf_counter() - began, 1)


if __name__ == "__main__":
    main()
