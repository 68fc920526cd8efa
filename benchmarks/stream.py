"""Streaming from disk: memory, rate, and what a training waits for, beside readers that are in use today.

Stores of records of 64 KiB, float32, 16 to a chunk: one of 750 GB that is sparse on disk, for memory and the
size of the order; and a real one of 8 GiB, as npy and as sharded zarr without compression, whose pages are
dropped from the page cache before each measurement. All readers run in turn, each in its own process, in one run.

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
        "--folder", type=Path, help="where the stores lie; a temporary folder, removed afterwards"
    )
    parser.add_argument("--peers", type=Path, help="interpreter with xbatcher, xarray and zarr")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="terrella-stream-"))
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder / name for name in ("real.npy", "real.zarr", "sparse.npy")]
    try:
        rows, notes = measure(folder, options.peers, options.quick)
    finally:
        for path in made:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if options.folder is None:
            folder.rmdir()
    write_result("stream", rows, notes, options.quick)


def measure(folder: Path, peers: Path | None, quick: bool) -> tuple[list[dict[str, Any]], str]:
    """Return the rows and notes of all measurements."""
    store_bytes, seconds, repeats = (1 << 30, 1.5, 1) if quick else ((8 << 30) + (64 << 20), 8.0, 3)
    records = store_bytes // RECORD_BYTES
    make_npy(folder / "real.npy", records)
    make_zarr(folder / "real.zarr", folder / "real.npy", records)
    make_sparse(folder / "sparse.npy", 750 * 10**9 // RECORD_BYTES)

    def run(reader: str, store: str, interpreter: Path | str = sys.executable, **more: Any) -> dict[str, Any]:
        task = {
            "reader": reader,
            "store": str(folder / store),
            "seconds": seconds,
            "batch": BATCH,
            "chunk": CHUNK,
        }
        done = subprocess.run(
            [str(interpreter), str(READERS), json.dumps(task | more)], capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{reader}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        print(
            reader,
            store,
            more,
            {k: round(v, 3) if isinstance(v, float) else v for k, v in found.items()},
            flush=True,
        )
        return found

    names: dict[str, tuple[Any, ...]] = {
        "ours_npy": ("streamed", "real.npy"),
        "ours_zarr": ("streamed", "real.zarr"),
        "map_chunks": ("map_chunks", "real.npy"),
        "map_records": ("map_records", "real.npy"),
        "loader_0": ("loader", "real.npy"),
        "loader_2": ("loader_2", "real.npy"),
        "zarr_loader": ("loader", "real.zarr"),
        "zarr_loader_2": ("loader_2", "real.zarr"),
    }
    if peers:
        names["xbatcher"] = ("xbatcher", "real.zarr", peers)
    # In turn, again and again, so that a slow moment of the machine does not hit one of them alone.
    found = {name: [] for name in names}
    for _ in range(repeats):
        for name, how in names.items():
            found[name].append(run(*how))
    rate = {name: median(each["rate"] for each in some) for name, some in found.items()}
    rows = [
        row(
            "npy: chunks in random order, 64 mixed",
            rate["ours_npy"],
            rate["map_chunks"],
            "memory map, chunk by chunk",
        ),
        row("npy: the same", rate["ours_npy"], rate["map_records"], "memory map, record by record at random"),
        row("npy: the same", rate["ours_npy"], rate["loader_0"], "DataLoader over a memory map, 0 workers"),
        row("npy: the same", rate["ours_npy"], rate["loader_2"], "DataLoader over a memory map, 2 workers"),
        row(
            "zarr, sharded: 64 chunks mixed",
            rate["ours_zarr"],
            rate["map_chunks"],
            "memory map of npy, chunk by chunk",
        ),
        row(
            "zarr, sharded: the same",
            rate["ours_zarr"],
            rate["zarr_loader"],
            "DataLoader over zarr, 0 workers",
        ),
        row(
            "zarr, sharded: the same",
            rate["ours_zarr"],
            rate["zarr_loader_2"],
            "DataLoader over zarr, 2 workers",
        ),
    ]
    if peers:
        rows.append(
            row(
                "zarr, sharded: the same",
                rate["ours_zarr"],
                rate["xbatcher"],
                "xbatcher, in file order",
            )
        )
        eight = run("streamed", "real.zarr", mixed=8)
        rows.append(
            row("zarr, sharded: 8 chunks mixed", eight["rate"], rate["xbatcher"], "xbatcher, in file order")
        )
    cpu = {name: median(each["cpu_s_per_gb"] for each in some) for name, some in found.items()}
    rows.append(
        row(
            "npy: all threads' work",
            cpu["ours_npy"],
            cpu["map_chunks"],
            "memory map, chunk by chunk",
            "CPU s/GB",
        )
    )
    if peers:
        rows.append(row("zarr: all threads' work", cpu["ours_zarr"], cpu["xbatcher"], "xbatcher", "CPU s/GB"))
    large = run("streamed", "sparse.npy")
    per_batch = BATCH * RECORD_BYTES / 1e6 / rate["ours_npy"]
    slow = run("streamed", "real.npy", step_s=2 * per_batch)
    compute = run("streamed", "real.npy", compute_s=2 * per_batch)
    step_ms = 2e3 * per_batch
    peak = {name: max(each["anonymous_mb"] for each in some) for name, some in found.items()}
    rows += [
        row("750 GB, sparse: peak anonymous memory", large["anonymous_mb"], None, None, "MB"),
        row("750 GB, sparse: peak resident memory", large["resident_mb"], None, None, "MB"),
        row("750 GB, sparse: first batch after", large["first_s"], None, None, "s"),
        row("750 GB, sparse: resumed in mid-epoch after", run("streamed", "sparse.npy", position=90_000)["first_s"],
            None, None, "s"),
        row("8 GiB, npy: peak anonymous memory", peak["ours_npy"], None, None, "MB"),
        row("8 GiB, zarr: peak anonymous memory", peak["ours_zarr"], None, None, "MB"),
        row(f"waiting, steps of {step_ms:.0f} ms asleep", 100 * slow["waited"], None, None, "% of time"),
        row(f"waiting, steps of {step_ms:.0f} ms computing", 100 * compute["waited"], None, None, "% of time"),
    ]  # fmt: skip
    notes = (
        f"Records of {RECORD_BYTES >> 10} KiB, chunks of {CHUNK}, batches of {BATCH}; the real store has "
        f"{store_bytes / 2**30:.2f} GiB, pages dropped with posix_fadvise before each of {repeats} turns of "
        f"{seconds:g} s; medians. Four threads read. Importing torch takes {large['imported_mb']:.0f} MB of the "
        f"anonymous memory. Waiting, after the first 500 MB: steps twice as long as the read. "
        f"{os.getloadavg()[2]:.0f} processes wanted the {os.cpu_count()} cores in the last quarter hour."
    )
    return rows, notes


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
        "waves", shape=array.shape, dtype="f4", chunks=(CHUNK, SAMPLES), shards=(shard, SAMPLES), compressors=None,
        dimension_names=("record", "sample"),
    )  # fmt: skip
    for first in range(0, records, shard):
        written[first : first + shard] = array[first : first + shard]
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
