"""Picks of continuous records: CPU seconds, agreement and memory, beside SeisBench's classify.

The record is a station with the traces of a data set of local earthquakes one after the other, 30 s of noise
between them, as one miniSEED file from which both sides read. One process and one thread each; same weights,
thresholds, overlap and stacking; the peer's batches have 64 windows. The record begins where windows of both sides
begin. The peer runs where `--peer-python` names a Python that can import `seisbench`. `--quick` leaves out the
240 hours.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from _result import DATA_FOLDER, write_result

DATA = DATA_FOLDER / "pick"
# A multiple of 1,501 and of 3,000 samples since 1970, the steps of both networks.
START = "2019-07-06T09:38:30"
NEAR_S = 0.02
SHIFT_S = 7.77

PEER = """
import json, resource, sys, time
wall = time.time() - float(sys.argv[5])
import numpy as np
import obspy, torch
import seisbench.models as sbm

path, name, weights, out = sys.argv[1:5]
torch.set_num_threads(1)
if name == "phasenet":
    model = sbm.PhaseNet(phases="NPS", norm="std", component_order="ENZ")
    settings = dict(P_threshold=0.3, S_threshold=0.3, overlap=1500, stacking="avg", blinding=(0, 0))
else:
    model = sbm.EQTransformer(original_compatible=False)
    settings = dict(P_threshold=0.1, S_threshold=0.1, overlap=3000, stacking="max", blinding=(500, 500))
if weights:
    model.load_state_dict({name: torch.from_numpy(value) for name, value in np.load(weights).items()})
else:
    torch.save(model.state_dict(), out + ".pt")
model.eval()
began = time.process_time()
stream = obspy.read(path)
found = model.classify(stream, batch_size=64, **settings)
seconds = time.process_time() - began
wall = time.time() - float(sys.argv[5])
picks = [(p.phase, p.peak_time.timestamp, float(p.peak_value)) for p in found.picks]
json.dump({"cpu_seconds": seconds, "whole_cpu_seconds": time.process_time(), "wall_seconds": wall,
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "picks": picks}, open(out, "w"))
"""

OURS = """
import json, resource, sys, time
import numpy
try:
    import openvino
except ImportError:
    openvino = None
try:
    import onnxruntime
except ImportError:
    onnxruntime = None
import pymseed
import terrella.pick.continuous.command
from terrella.cli.main import main
path, weights, folder, out = sys.argv[1:5]
network = 0.0
if onnxruntime:
    whole = onnxruntime.InferenceSession.run
    def timed(*arguments):
        global network
        began = time.process_time()
        answer = whole(*arguments)
        network += time.process_time() - began
        return answer
    onnxruntime.InferenceSession.run = timed
began = time.process_time()
try:
    main(["pick", "run", path, "--bundle", weights, "--output", folder])
except SystemExit as left:
    if left.code:
        raise
json.dump({"cpu_seconds": time.process_time() - began, "whole_cpu_seconds": time.process_time(),
    "network_cpu_seconds": network, "wall_seconds": time.time() - float(sys.argv[5]),
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}, open(out, "w"))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peer-python", type=Path, required=True, help="a Python that can import seisbench")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    weights = str(DATA / "phasenet_original.safetensors")
    with tempfile.TemporaryDirectory() as name:
        work, python = Path(name), options.peer_python
        once = make_samples()
        rows += of_networks(work, once, weights, python)
        rows += of_an_hour(work, once, weights, python, options.quick)
    notes = (
        f"{once.shape[1] * 3 / 360_000:.1f} h of one station with three components, an event every two minutes; "
        "CPU seconds with reading, without imports, ours of a network that was used before; both sides evaluate "
        "every window; picks agree within 0.02 s; command to picks by `terrella pick run` and by the peer's few "
        "lines of Python; EQTransformer with random weights"
    )
    write_result("pick_continuous", rows, notes, options.quick)


def of_networks(work: Path, once: np.ndarray, weights: str, python: Path) -> list[dict[str, Any]]:
    """Return the rows of hours with many events."""
    rows = []
    record, shifted = work / "record.mseed", work / "shifted.mseed"
    write_record(record, once, 3)
    for name, bound in (("phasenet", weights), ("eqtransformer", "")):
        peer = run_peer(python, record, name, bound, work / f"{name}_peer.json")
        own = bound or str(work / f"{name}_peer.json.pt")
        run_here(record, own, work / f"{name}_first")
        ours = run_here(record, own, work / name)
        rows += compare(name, ours, peer)
        if not bound:  # weights drawn by chance give no peaks that could be compared
            rows.pop()
        if name == "phasenet":
            alone = {**ours, "cpu_seconds": ours["network_cpu_seconds"]}
            rows.append(
                row("phasenet: network alone beside all of the peer", alone, peer, "cpu_seconds", "CPU s")
            )
    # Windows of the peer begin with the stream, ours where they always do.
    write_record(shifted, once, 1, SHIFT_S)
    peer = run_peer(python, shifted, "phasenet", weights, work / "shifted_peer.json")
    ours = run_here(shifted, weights, work / "shifted")
    rows.append(agreement(f"phasenet, a stream that begins {SHIFT_S} s later", ours, peer))
    return rows


def of_an_hour(work: Path, once: np.ndarray, weights: str, python: Path, quick: bool) -> list[dict[str, Any]]:
    """Return the rows of an hour, and of 240 beside it."""
    short, long = work / "short.mseed", work / "long.mseed"
    write_record(short, once[:, : 60 * 6000], 1)
    peer = run_peer(python, short, "phasenet", weights, work / "short.json")
    ours = run_here(short, weights, work / "short")
    rows = [row("phasenet, 1 h: command to picks", ours, peer, "wall_seconds", "s")]
    rows.append(row("phasenet, 1 h: command to picks, all CPU", ours, peer, "whole_cpu_seconds", "CPU s"))
    first = run_here(short, weights, work / "first", work / "empty")
    rows.append(
        row("phasenet, 1 h: command to picks, a network's first use", first, peer, "wall_seconds", "s")
    )
    if not quick:
        write_record(long, once, round(240 * 360_000 / once.shape[1]))
        ours_long = run_here(long, weights, work / "long")
        about = row("phasenet: peak memory of 1 h and of 240 h", ours, ours_long, "peak_mib", "MiB")
        rows.append({**about, "peer_name": "ours at 240 h"})
    return rows


def make_samples() -> np.ndarray:
    """Return the traces of the data set one after the other, (component, sample), noise between them."""
    import h5py

    draw = np.random.default_rng(0)
    parts = []
    with (DATA / "northern_california_local" / "metadata.csv").open() as file:
        names = [line["trace_name"] for line in csv.DictReader(file)]
    with h5py.File(DATA / "northern_california_local" / "waveforms.hdf5") as file:
        for name in names:
            bucket, _, where = name.partition("$")
            row = int(where.split(",")[0])
            trace = np.asarray(file["data"][bucket][row], np.float64)
            trace -= trace[:, :500].mean(1, keepdims=True)
            level = trace[:, :500].std(1, keepdims=True) + 1
            padded = constant(trace)  # which is a gap to us, and an onset to the peer
            trace[:, padded] = draw.normal(size=(len(trace), padded.sum())) * level
            parts += [trace, draw.normal(size=(len(trace), 3000)) * level]
    return np.rint(np.concatenate(parts, 1)).clip(-(2**30), 2**30).astype(np.int32)


def constant(trace: np.ndarray) -> np.ndarray:
    """Return which samples, (sample,), a second or more of one value in any component makes no record."""
    found = np.zeros(trace.shape[1], bool)
    for row in trace:
        edges = np.concatenate([[0], np.flatnonzero(np.diff(row)) + 1, [len(row)]])
        for begin, end in pairwise(edges):
            found[begin:end] |= end - begin >= 100
    return found


def write_record(path: Path, samples: np.ndarray, times: int, late_s: float = 0.0) -> None:
    """Write a miniSEED file that repeats samples, component after component of each repetition."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import obspy

    with path.open("wb") as file:
        for number in range(times):
            start = obspy.UTCDateTime(START) + late_s + number * samples.shape[1] / 100
            for letter, row in zip("ZNE", samples, strict=True):
                header = {"network": "XX", "station": "ONE", "channel": f"HH{letter}", "sampling_rate": 100.0}
                trace = obspy.Trace(row, {**header, "starttime": start})
                trace.write(
                    file,
                    format="MSEED",
                    reclen=4096,
                    encoding="STEIM2" if abs(row).max() < 2**27 else "INT32",
                )


def run_here(record: Path, weights: str, folder: Path, cache: Path | None = None) -> dict[str, Any]:
    """Pick a record with ours; `cache` is where networks are kept ready."""
    out = folder.with_suffix(".ours.json")
    arguments = [sys.executable, "-c", OURS, str(record), weights, str(folder), str(out)]
    found = measured(arguments, out, cache or folder.parent / "cache")
    with (folder / "picks.csv").open() as file:
        lines = csv.DictReader(line for line in file if not line.startswith("#"))
        found["picks"] = [
            (
                each["phase"],
                np.datetime64(each["time"].rstrip("Z"), "us").astype(np.int64) / 1e6,
                float(each["probability"]),
            )
            for each in lines
        ]
    return found


def run_peer(python: Path, record: Path, name: str, weights: str, out: Path) -> dict[str, Any]:
    """Pick a record with the peer."""
    if weights:
        from safetensors.numpy import load_file

        # The peer's Python need not know the format.
        np.savez(out.with_suffix(".npz"), **load_file(weights))
        weights = str(out.with_suffix(".npz"))
    return measured(
        [str(python), "-c", PEER, str(record), name, weights, str(out)], out, out.parent / "cache"
    )


def measured(arguments: list[str], out: Path, cache: Path) -> dict[str, Any]:
    """Run a process with one thread and return what it wrote."""
    threads = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    caches = {"SEISBENCH_CACHE_ROOT": str(cache / "peer"), "XDG_CACHE_HOME": str(cache)}
    environment = {**os.environ, **dict.fromkeys(threads, "1"), **caches}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled once
    # By way of a shell: the peak of a process counts that of the one it was forked from.
    command = ["sh", "-c", '"$@"; exit $?', "sh", *arguments, str(time.time())]
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{arguments[0]} ended with exit code {done.returncode}")
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def row(what: str, ours: dict[str, Any], peer: dict[str, Any], key: str, unit: str) -> dict[str, Any]:
    return {
        "what": what,
        "ours": ours[key],
        "peer": peer[key],
        "peer_name": "SeisBench",
        "unit": unit,
        "ratio": peer[key] / ours[key],
    }


def compare(name: str, ours: dict[str, Any], peer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of one network."""
    rows = [
        row(f"{name}: reading and picking", ours, peer, "cpu_seconds", "CPU s"),
        row(f"{name}: peak memory", ours, peer, "peak_mib", "MiB"),
    ]
    return [*rows, agreement(name, ours, peer)]


def agreement(name: str, ours: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """Return the row of which picks the other side found too."""
    return {
        "what": f"{name}: picks found by the other too",
        "ours": shared(ours["picks"], peer["picks"]),
        "peer": shared(peer["picks"], ours["picks"]),
        "peer_name": "SeisBench",
        "unit": f"share of {len(peer['picks'])} picks of the peer and {len(ours['picks'])} of ours",
        "ratio": None,
    }


def shared(found: list[Any], wanted: list[Any]) -> float:
    """Return the share of wanted picks with one found of the same phase within 0.02 s."""
    hits = 0
    for phase in ("P", "S"):
        times = np.sort([time for kind, time, _ in found if kind == phase])
        for kind, time_s, _ in wanted:
            if kind == phase and len(times):
                hits += bool(np.abs(times - time_s).min() <= NEAR_S + 1e-4)
    return hits / max(len(wanted), 1)


if __name__ == "__main__":
    main()
