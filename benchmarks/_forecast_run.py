"""What the forecast benchmarks share: train and judge from the command line, and make rows of the scores."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w

from _result import DATA_FOLDER, write_result

DATA = DATA_FOLDER / "forecast"
TERRELLA = [sys.executable, "-m", "terrella", "forecast"]


def run_benchmark(
    description: str, name: str, catalogue: str, settings: Callable[[bool], dict[str, Any]], notes: str = ""
) -> None:
    """Train, judge and write the result of a catalogue of the shared data, as the options say."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--run", type=Path, help="folder of the run, kept afterwards; a finished one is not trained again"
    )
    options = parser.parse_args()
    train_and_judge(name, catalogue, settings(options.quick), options.run, options.quick, notes)


def train_and_judge(
    name: str, catalogue: str, settings: dict[str, Any], run: Path | None, quick: bool, notes: str = ""
) -> None:
    """Run the commands on one configuration and write `name`.json."""
    path = DATA / catalogue
    if not path.is_file():
        sys.exit(f"{path} is not there; set TERRELLA_DATA")
    run = run or Path("runs/forecast") / (name + ("-quick" if quick else ""))
    known = (run / "settings.toml").is_file()
    run.mkdir(parents=True, exist_ok=True)
    config = run / "benchmark.toml"
    config.write_text(tomli_w.dumps(settings), encoding="utf-8")
    seconds = {
        "train": timed("train", "--catalogue", path, "--config", config, "--run", run),
        "judge": timed("judge", "--run", run, "--catalogue", path),
    }
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    rows = comparisons(scores)
    if not known:
        rows += [row(f"seconds of {verb}", s, None, "", "s", None) for verb, s in seconds.items()]
    about = (
        f"{scores['data']}; {scores['split']}. Gains are paired, over the peer, with 95 % intervals (30-day "
        "blocks). The ratio of scores is ours / peer's. Other work ran on the machine: times are upper bounds."
    )
    write_result(name, rows, about + (f" {notes}" if notes else ""), quick)


def comparisons(scores: dict[str, Any]) -> list[dict[str, Any]]:
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


def row(
    what: str, ours: float, peer: float | None, peer_name: str, unit: str, ratio: float | None
) -> dict[str, Any]:
    """Return a row of the result file."""
    return {"what": what, "ours": ours, "peer": peer, "peer_name": peer_name, "unit": unit, "ratio": ratio}


def timed(*arguments: object) -> float:
    """Run a command of terrella and return its wall time in seconds."""
    began = time.perf_counter()
    subprocess.run([*TERRELLA, *map(str, arguments)], check=True)
    return round(time.perf_counter() - began, 1)
