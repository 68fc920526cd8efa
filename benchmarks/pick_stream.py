"""Windows for the training of PhaseNet from traces on disk: read ahead in chunks, beside a memory map.

Both sides feed batches of 1,024 windows, shuffled, from one store of 8 GiB, which is made here and removed; the map
is how `terrella pick train` streamed before. Each side runs in a process of its own, in turn. The store's pages are
unmapped (madvise) and dropped from the page cache (posix_fadvise, DONTNEED) before each batch, as in a store that
is larger than memory; the chunks are read past the cache (O_DIRECT) in any case. Where they are dropped every
64 windows, no window finds what the system's read-ahead fetched for another one, as in a store of hundreds of GiB.
`--quick` takes 512 MiB.
"""

import argparse
import json
import mmap
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from _result import write_result

BATCH = 1024
SAMPLES = 12_000  # of each trace, as in INSTANCE
TRACE_BYTES = 3 * 4 * SAMPLES


def main() -> None:
    """Make the store, measure, write the result and remove the store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--read", nargs=3, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read is not None:
        side, folder, seconds = options.read
        print(json.dumps(read_here(side, Path(folder), float(seconds))))
        return
    size, seconds, turns = (512 << 20, 3.0, 1) if options.quick else (8 << 30, 12.0, 3)
    with tempfile.TemporaryDirectory(prefix="terrella-pick-stream-") as work:
        make_store(Path(work) / "store", size // TRACE_BYTES)
        found: dict[str, list[dict[str, float]]] = {"streamed": [], "map": [], "map_apart": [], "changed": []}
        for _ in range(turns):
            for side, some in found.items():
                some.append(measured(side, Path(work) / "store", seconds))
    rate = {side: median(each["windows_per_s"] for each in some) for side, some in found.items()}
    disk = median(each["read_mb_per_s"] for each in found["streamed"])
    peak = max(each["anonymous_mb"] for each in found["streamed"])
    rows = [
        row("windows in batches of 1,024", rate["streamed"], rate["map"], "windows/s"),
        row(
            "the same, the map's pages dropped every 64 windows",
            rate["streamed"],
            rate["map_apart"],
            "windows/s",
        ),
        row("traces that the windows are cut from", disk, None, "MB/s"),
        row("second events in 30 % of the windows", rate["changed"], None, "windows/s"),
        row("peak anonymous memory", peak, None, "MB"),
    ]
    notes = (
        f"{size // TRACE_BYTES:,} traces of 3 × {SAMPLES:,} samples in single precision, a window of 3 × 3,001 of "
        "each; mapped pages dropped with madvise and posix_fadvise before each batch, chunks read with O_DIRECT; "
        f"medians of {turns} turn(s) of {seconds:g} s or a whole epoch, after a first batch that is not counted; "
        "peak memory of the process, Python and torch included"
    )
    write_result("pick_stream", rows, notes, options.quick)


def row(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    """Return a row of the table."""
    name, ratio = (None, None) if peer is None else ("memory map, windows at random", ours / peer)
    return {"what": what, "ours": ours, "peer": peer, "peer_name": name, "unit": unit, "ratio": ratio}


def measured(side: str, folder: Path, seconds: float) -> dict[str, float]:
    """Feed from one side in a process of its own."""
    command = [sys.executable, __file__, "--read", side, str(folder), str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{side} ended with exit code {done.returncode}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(side, {name: round(value, 1) for name, value in found.items()}, flush=True)
    return found


def read_here(side: str, folder: Path, seconds: float) -> dict[str, float]:
    """Feed windows for some seconds; return how many came in one."""
    from terrella.engine.feed import Feed
    from terrella.pick.data.store_files import load_store
    from terrella.pick.feed.changes import Shares
    from terrella.pick.feed.chunks import MIXED_CHUNKS
    from terrella.pick.feed.streamed import streamed
    from terrella.pick.networks import architecture
    from terrella.pick.settings import FitSettings, PickSettings
    from terrella.pick.training import training_source

    store = load_store(folder)
    settings = PickSettings(fit=FitSettings(device="cpu"))
    source = training_source(architecture("phasenet"), [store], settings)
    if side == "changed":
        source = replace(source, shares=Shares(superpose=0.3))
    source.read(_some())  # compiled
    if side.startswith("map"):
        order = np.random.default_rng(1).permutation(len(source))
        batches = (source.read(part) for part in _tensor(order).split(64 if side == "map_apart" else BATCH))
    else:
        batches = Feed(streamed(source, source)[0], BATCH, 1, mixed_chunks=MIXED_CHUNKS).epoch(0)
    count, began, peak = 0, 0.0, 0.0
    while True:
        drop(store.samples)
        batch = next(batches, None)
        if batch is None:
            break
        count += len(batch["x"]) if began else 0
        began = began or time.perf_counter()
        peak = max(peak, _anonymous_mb())
        if time.perf_counter() - began > seconds:
            break
    rate = count / (time.perf_counter() - began)
    return {"windows_per_s": rate, "read_mb_per_s": rate * TRACE_BYTES / 1e6, "anonymous_mb": peak}


def drop(samples: np.memmap) -> None:
    """Unmap a file's pages and drop them from the page cache."""
    mapped: mmap.mmap = samples._mmap  # type: ignore[attr-defined]
    mapped.madvise(mmap.MADV_DONTNEED)
    descriptor = os.open(samples.filename, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def make_store(folder: Path, traces: int) -> None:
    """Write noise with picks as a store."""
    from terrella.pick.data.store_files import SAMPLES as NAME
    from terrella.pick.data.store_files import write_tables
    from terrella.pick.store import Store

    folder.mkdir()
    draw = np.random.default_rng(0)
    noise = draw.normal(0, 1000, (256, 3 * SAMPLES)).astype(np.float32)
    with (folder / NAME).open("wb") as file:
        about = {"descr": "<f4", "fortran_order": False, "shape": (traces * 3 * SAMPLES,)}
        np.lib.format.write_array_header_1_0(file, about)
        for first in range(0, traces, len(noise)):
            noise[: traces - first].tofile(file)
        file.flush()
        os.fsync(file.fileno())
    p = draw.integers(1000, 8000, traces)
    store = Store(
        name="noise",
        samples=np.load(folder / NAME, mmap_mode="r"),
        offset=3 * SAMPLES * np.arange(traces),
        length=np.full(traces, SAMPLES),
        recorded=np.ones((traces, 3), bool),
        rate_hz=100.0,
        phases=("P", "S"),
        picks=np.stack([p, p + draw.integers(100, 3000, traces)], 1).astype(np.int32),
        split=np.full(traces, "train"),
        noise=np.zeros(traces, bool),
        table=pd.DataFrame({"trace_name": [f"t{k}" for k in range(traces)]}),
    )
    write_tables(store, folder, "made by a benchmark", [])


def _some() -> Any:
    return _tensor(np.arange(2))


def _tensor(values: Any) -> Any:
    import torch

    return torch.from_numpy(values)


def _anonymous_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("RssAnon:")) * 1024 / 1e6


if __name__ == "__main__":
    main()
