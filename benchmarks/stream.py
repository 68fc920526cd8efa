"""Streaming from disk: memory, rate, and what a training waits for, beside readers that are in use today.

Stores of records of 64 KiB, float32, 16 to a chunk: one of 750 GB that is sparse on disk, for memory and the
size of the order; a real one of 1.25 times the memory as npy, which the page cache cannot keep; and 8 GiB of it as
sharded zarr without compression. Their pages are dropped before each measurement; ours passes the cache by. All
readers run in turn, each in its own process, in one run. The disk's own rate is that of `preadv` of whole chunks in
random order, with no batches made.

    python benchmarks/stream.py [--quick] [--folder DIR] [--peers PYTHON]

`--peers` names the interpreter of an environment with xbatcher, xarray and zarr; without it that row is missing.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from _result import write_result

SAMPLES = 16_384  # of a record: 64 KiB
CHUNK = 16
BATCH = 64
RECORD_BYTES = SAMPLES * 4
READERS = Path(__file__).parent / "_stream_readers.py"


def main() -> None:
    """Make the stores, measure, write the result and remove the stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--folder", type=Path, help="where the stores lie, and stay; without it a temporary folder"
    )
    parser.add_argument("--peers", type=Path, help="interpreter with xbatcher, xarray and zarr")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="terrella-stream-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        rows, notes = measure(folder, options.peers, options.quick)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    write_result("stream", rows, notes, options.quick)


def measure(folder: Path, peers: Path | None, quick: bool) -> tuple[list[dict[str, Any]], str]:
    """Return the rows and notes of all measurements."""
    store_bytes, seconds, repeats = (1 << 30, 1.5, 1) if quick else ((8 << 30) + (64 << 20), 8.0, 3)
    npy_bytes = store_bytes if quick else max(store_bytes, int(1.25 * memory_bytes()))
    npy, zarr_store, sparse = (folder / name for name in ("real.npy", "real.zarr", "sparse.npy"))
    if not sparse.exists():  # the last to be made
        make_npy(npy, npy_bytes // RECORD_BYTES)
        make_zarr(zarr_store, npy, store_bytes // RECORD_BYTES)
        make_sparse(sparse, 750 * 10**9 // RECORD_BYTES)

    def run(reader: str, store: str, **more: Any) -> dict[str, Any]:
        task = {
            "reader": reader,
            "store": str(folder / store),
            "seconds": seconds,
            "batch": BATCH,
            "chunk": CHUNK,
        }
        interpreter = str(peers if reader == "xbatcher" else sys.executable)
        done = subprocess.run(
            [interpreter, str(READERS), json.dumps(task | more)], capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{reader}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        shown = {name: round(value, 3) for name, value in found.items()}
        print(reader, store, more, shown, flush=True)
        return found

    def in_turn(readers: Mapping[str, Callable[[], dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        # Again and again, so that a slow moment of the machine does not hit one of them alone.
        turns = [{name: read() for name, read in readers.items()} for _ in range(repeats)]
        return {name: [turn[name] for turn in turns] for name in readers}

    names = {
        "disk_1": partial(run, "disk", "real.npy", threads=1),
        "disk_4": partial(run, "disk", "real.npy", threads=4),
        "ours_npy": partial(run, "streamed", "real.npy"),
        "ours_zarr": partial(run, "streamed", "real.zarr"),
        "ours_zarr_8": partial(run, "streamed", "real.zarr", mixed=8),
        "map_chunks": partial(run, "map_chunks", "real.npy"),
        "map_records": partial(run, "map_records", "real.npy"),
        "loader_0": partial(run, "loader", "real.npy"),
        "loader_2": partial(run, "loader_2", "real.npy"),
        "zarr_loader": partial(run, "loader", "real.zarr"),
        "zarr_loader_2": partial(run, "loader_2", "real.zarr"),
    }
    if peers:
        names["xbatcher"] = partial(run, "xbatcher", "real.zarr")
    found = in_turn(names)
    rate = {name: median(each["rate"] for each in some) for name, some in found.items()}
    cpu = {name: median(each["cpu_s_per_gb"] for each in some) for name, some in found.items()}
    compared = [
        (
            "npy: chunks in random order, 64 mixed",
            "ours_npy",
            "disk_4",
            "the disk itself, 4 threads, no batches",
        ),
        ("npy: the same", "ours_npy", "disk_1", "the disk itself, 1 thread, no batches"),
        ("npy: the same", "ours_npy", "map_chunks", "memory map, chunk by chunk"),
        ("npy: the same", "ours_npy", "map_records", "memory map, record by record at random"),
        ("npy: the same", "ours_npy", "loader_0", "DataLoader over a memory map, 0 workers"),
        ("npy: the same", "ours_npy", "loader_2", "DataLoader over a memory map, 2 workers"),
        ("zarr, sharded: 64 chunks mixed", "ours_zarr", "map_chunks", "memory map of npy, chunk by chunk"),
        ("zarr, sharded: the same", "ours_zarr", "zarr_loader", "DataLoader over zarr, 0 workers"),
        ("zarr, sharded: the same", "ours_zarr", "zarr_loader_2", "DataLoader over zarr, 2 workers"),
    ]
    if peers:
        compared += [
            ("zarr, sharded: the same", "ours_zarr", "xbatcher", "xbatcher, in file order"),
            ("zarr, sharded: 8 chunks mixed", "ours_zarr_8", "xbatcher", "xbatcher, in file order"),
        ]
    rows = [row(what, rate[ours], rate[peer], peer_name) for what, ours, peer, peer_name in compared]
    rows += [
        row("npy: all threads' work", cpu["ours_npy"], cpu[peer], peer_name, "CPU s/GB")
        for peer, peer_name in (
            ("disk_4", "the disk itself"),
            ("map_chunks", "memory map, chunk by chunk"),
            ("loader_0", "DataLoader over a memory map, 0 workers"),
        )
    ]
    if peers:
        rows.append(row("zarr: all threads' work", cpu["ours_zarr"], cpu["xbatcher"], "xbatcher", "CPU s/GB"))
    large = run("streamed", "sparse.npy")
    step_s = 2 * BATCH * RECORD_BYTES / 1e6 / rate["ours_npy"]
    waiting = in_turn(
        {
            "slow": partial(run, "streamed", "real.npy", step_s=step_s),
            "compute": partial(run, "streamed", "real.npy", compute_s=step_s),
        }
    )
    waited = {name: 100 * median(each["waited"] for each in some) for name, some in waiting.items()}
    peak = {name: max(each["anonymous_mb"] for each in some) for name, some in found.items()}
    rows += [
        row("750 GB, sparse: peak anonymous memory", large["anonymous_mb"], None, None, "MB"),
        row("750 GB, sparse: peak resident memory", large["resident_mb"], None, None, "MB"),
        row("750 GB, sparse: first batch after", large["first_s"], None, None, "s"),
        row("750 GB, sparse: resumed in mid-epoch after", run("streamed", "sparse.npy", position=90_000)["first_s"],
            None, None, "s"),
        row("npy: peak anonymous memory", peak["ours_npy"], None, None, "MB"),
        row("zarr: peak anonymous memory", peak["ours_zarr"], None, None, "MB"),
        row(f"waiting, steps of {1e3 * step_s:.1f} ms asleep", waited["slow"], None, None, "% of time"),
        row(f"waiting, steps of {1e3 * step_s:.1f} ms computing", waited["compute"], None, None, "% of time"),
    ]  # fmt: skip
    notes = (
        f"Records of {RECORD_BYTES >> 10} KiB, chunks of {CHUNK}, batches of {BATCH}; npy has "
        f"{npy.stat().st_size / 2**30:.1f} GiB, zarr {store_bytes / 2**30:.1f}, pages dropped with posix_fadvise "
        f"before each of {repeats} turns of {seconds:g} s; medians. Ours reads past the page cache, with four "
        f"threads. Importing torch takes {large['imported_mb']:.0f} MB of the anonymous memory. Waiting, after the "
        f"first 500 MB: steps twice as long as the read. {os.getloadavg()[2]:.0f} processes wanted the "
        f"{os.cpu_count()} cores in the last quarter hour."
    )
    return rows, notes


def memory_bytes() -> int:
    """Return the memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def row(
    what: str, ours: float, peer: float | None, peer_name: str | None, unit: str = "MB/s"
) -> dict[str, Any]:
    """Return a row of the table."""
    ratio = ours / peer if peer else None
    return {"what": what, "ours": ours, "peer": peer, "peer_name": peer_name, "unit": unit, "ratio": ratio}


def make_npy(path: Path, records: int) -> None:
    """Write records of random numbers."""
    noise = np.random.default_rng(0).normal(size=(256, SAMPLES)).astype(np.float32)
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (records, SAMPLES)}
        np.lib.format.write_array_header_1_0(file, header)
        for first in range(0, records, len(noise)):
            noise[:, 0] = np.arange(first, first + len(noise))
            noise[: min(len(noise), records - first)].tofile(file)
        file.flush()
        os.fsync(file.fileno())


def make_zarr(path: Path, values: Path, records: int) -> None:
    """Write the same records as zarr, sharded, as xarray would, so that xbatcher reads it."""
    import zarr

    array = np.load(values, mmap_mode="r")
    group = zarr.create_group(path)
    shard = 1024
    written = group.create_array(
        "waves", shape=(records, SAMPLES), dtype="f4", chunks=(CHUNK, SAMPLES), shards=(shard, SAMPLES),
        compressors=None, dimension_names=("record", "sample"),
    )  # fmt: skip
    for first in range(0, records, shard):
        written[first : first + shard] = array[first : min(first + shard, records)]
    for file in path.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


def make_sparse(path: Path, records: int) -> None:
    """Make a file that claims its size and takes none."""
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (records, SAMPLES)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + records * RECORD_BYTES)


if __name__ == "__main__":
    main()
