"""Batches for the training of PhaseNet: windows per CPU second and peak memory, beside SeisBench's generator.

Both sides read the same data set, made here of noise and random picks, hold it in memory, and make batches of 1,024
windows of 3,001 samples: around picks in two of three, normalised, with Gaussian labels. One process, one thread.
The peer runs where `--peer-python` names a Python that can import `seisbench`. `--quick` reads fewer traces.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from _result import write_result

BATCH = 1024
SAMPLES = 12_000  # of each trace, as in INSTANCE

# The study's augmentations for PhaseNet, in its order.
PEER = """
import json, os, resource, sys, time
import numpy as np
import torch
import seisbench.data as sbd
import seisbench.generate as sbg

folder, batch, epochs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
phases = {"trace_P_arrival_sample": "P", "trace_S_arrival_sample": "S"}
data = sbd.WaveformDataset(folder, sampling_rate=100, component_order="ZNE", dimension_order="NCW", cache="full")
data.preload_waveforms()
generator = sbg.GenericGenerator(data)
generator.add_augmentations([
    sbg.OneOf(
        [
            sbg.WindowAroundSample(
                list(phases), samples_before=3000, windowlen=6000, selection="random", strategy="variable"
            ),
            sbg.NullAugmentation(),
        ],
        probabilities=[2, 1],
    ),
    sbg.RandomWindow(windowlen=3001, strategy="pad"),
    sbg.ChangeDtype(np.float32),
    sbg.Normalize(demean_axis=-1, amp_norm_axis=-1, amp_norm_type="peak"),
    sbg.ProbabilisticLabeller(label_columns=phases, sigma=20, dim=0),
])
began, count = 0.0, 0
loader = torch.utils.data.DataLoader(generator, batch_size=batch, shuffle=True, num_workers=0)
for epoch in range(epochs + 1):
    if epoch == 1:
        began, count = time.process_time(), 0
    for found in loader:
        count += len(found["X"])
seconds = time.process_time() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
json.dump({"windows": count, "cpu_seconds": seconds, "peak_mib": peak}, sys.stdout)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peer-python", type=Path, default=None, help="a Python that can import seisbench")
    parser.add_argument("--read", nargs=3, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read is not None:
        read_here(Path(options.read[0]), int(options.read[1]), options.read[2])
        return
    traces = BATCH if options.quick else 2 * BATCH
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as work:
        for columns in (15, 100):
            folder = Path(work) / f"noise{columns}"
            make_data_set(folder, traces, columns)
            names = ("phasenet", "eqtransformer") if columns == 15 else ("phasenet",)
            commands = {name: [sys.executable, __file__, "--read", str(folder), "10", name] for name in names}
            if options.peer_python is not None:
                (folder / "peer.py").write_text(PEER, encoding="utf-8")
                commands["peer"] = [
                    str(options.peer_python),
                    str(folder / "peer.py"),
                    str(folder),
                    str(BATCH),
                    "1",
                ]
            found = fastest(commands, 1 if options.quick else 3)
            for name in names:
                what = f"{name}, {columns} columns of metadata"
                rows += compare(what, found[name], found.get("peer") if name == "phasenet" else None)
    if options.peer_python is None:
        notes.append("the peer was not run: no --peer-python that imports seisbench")
    notes.append(
        f"{traces:,} traces of 3 × {SAMPLES:,} samples held in memory as single precision, batches of {BATCH:,}; "
        "CPU seconds of making batches after a first epoch, which is not counted; peak memory of the process; "
        f"the fastest of {1 if options.quick else 3} run(s) on each side, in turn, since others used the machine. "
        "EQTransformer's windows have 6,000 samples and are changed as in the study (noise, gaps, "
        "lost components, second events, rotation)"
    )
    write_result("pick_training", rows, "; ".join(notes), options.quick)


def make_data_set(folder: Path, traces: int, columns: int) -> None:
    """Write noise with picks in SeisBench's format, its table filled up to a number of columns."""
    from terrella.formats.waveforms.seisbench_write import write_data_set

    draw = np.random.default_rng(0)

    def each() -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        for number in range(traces):
            p = int(draw.integers(1000, 8000))
            metadata: dict[str, Any] = {
                "trace_name": f"trace{number}",
                "split": "train",
                "trace_sampling_rate_hz": 100.0,
                "trace_P_arrival_sample": p,
                "trace_S_arrival_sample": p + int(draw.integers(100, 3000)),
            }
            filling = columns - len(metadata)
            metadata |= {
                f"source_value_{k}": float(value) for k, value in enumerate(draw.normal(size=filling))
            }
            yield metadata, draw.normal(0, 1000, (3, SAMPLES)).astype(np.float32)

    write_data_set(
        folder, each(), {"component_order": "ZNE", "dimension_order": "CW", "sampling_rate": 100.0}
    )


def read_here(folder: Path, epochs: int, name: str) -> None:
    """Make the batches of some epochs in this process, and print what it took."""
    import resource

    from terrella.engine.feed import Feed
    from terrella.pick.data.open import open_store
    from terrella.pick.networks import architecture
    from terrella.pick.settings import FitSettings, PickSettings
    from terrella.pick.training import training_source

    store = open_store(str(folder))
    source = training_source(
        architecture(name), [store], PickSettings(network=name, fit=FitSettings(device="cpu"))
    )
    feed, began, count = Feed(source, BATCH), 0.0, 0
    for epoch in range(epochs + 1):
        if epoch == 1:
            began, count = time.process_time(), 0
        for batch in feed.epoch(epoch):
            count += len(batch["x"])
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"windows": count, "cpu_seconds": seconds, "peak_mib": peak}, sys.stdout)


def fastest(commands: dict[str, list[str]], times: int) -> dict[str, dict[str, float]]:
    """Run commands in turn, several times; return each one's run of the least CPU seconds."""
    found: dict[str, dict[str, float]] = {}
    for _ in range(times):
        for name, command in commands.items():
            took = measured(command)
            if name not in found or took["cpu_seconds"] < found[name]["cpu_seconds"]:
                found[name] = took
    return found


def measured(arguments: list[str]) -> dict[str, float]:
    """Run a process with one thread and return what it printed last."""
    threads = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, **dict.fromkeys(threads, "1"), "SEISBENCH_CACHE_ROOT": cache}
        done = subprocess.run(arguments, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{arguments[0]} {arguments[1]} ended with exit code {done.returncode}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def compare(what: str, ours: dict[str, float], peer: dict[str, float] | None) -> list[dict[str, Any]]:
    """Return the rows of one data set; a ratio above one is in our favour."""

    def row(label: str, own: float, other: float | None, unit: str, ratio: float | None) -> dict[str, Any]:
        names = {"peer_name": "SeisBench" if peer else None, "unit": unit, "ratio": ratio}
        return {"what": f"{what}: {label}", "ours": own, "peer": other, **names}

    speed = ours["windows"] / ours["cpu_seconds"]
    if peer is None:
        return [row("batches", speed, None, "windows per CPU second", None)]
    other = peer["windows"] / peer["cpu_seconds"]
    return [
        row("batches", speed, other, "windows per CPU second", speed / other),
        row("peak memory", ours["peak_mib"], peer["peak_mib"], "MiB", peer["peak_mib"] / ours["peak_mib"]),
    ]


if __name__ == "__main__":
    main()
