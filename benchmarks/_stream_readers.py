"""The readers that benchmarks/stream.py compares: one per process, its task as JSON, its measurements printed."""

import json
import mmap
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

RECORD_BYTES = 4 * 16_384
WARM_MB = 500  # after which the memory of the read-ahead has been fetched from the system


def main() -> None:
    """Read batches for some seconds and print rate, memory and waiting."""
    task = json.loads(sys.argv[1])
    store = Path(task["store"])
    make = READERS[task["reader"]]
    imported = _anonymous_mb()
    drop(store)
    peak = _Peak()
    began, cpu_began = time.perf_counter(), time.process_time()
    batches = make(store, task)
    read = waited = 0.0
    first = None
    while True:
        before = time.perf_counter()
        batch = next(batches, None)
        now = time.perf_counter()
        if batch is None:
            break
        read += batch.nbytes / 1e6
        if first is None:
            first = now - began
        if read < WARM_MB:
            steady = now
        else:
            waited += now - before
        if now - began > task["seconds"]:
            break
        _step(task)
    elapsed = time.perf_counter() - began
    memory, cpu_s = peak.stop(), time.process_time() - cpu_began
    found = {
        "rate": read / elapsed,
        "waited": waited / max(now - steady, 1e-9),
        "first_s": first,
        "read_mb": read,
    }
    print(json.dumps({**found, "imported_mb": imported, "cpu_s_per_gb": cpu_s / read * 1e3, **memory}))
    sys.stdout.flush()
    os._exit(0)


def _step(task: dict[str, Any]) -> None:
    if "step_s" in task:
        time.sleep(task["step_s"])
    if "compute_s" in task:
        import torch

        until = time.perf_counter() + task["compute_s"]
        torch.set_num_threads(1)
        while time.perf_counter() < until:
            torch.mm(_A, _A)


def drop(store: Path) -> None:
    """Drop a store's pages from the page cache."""
    for path in [store] if store.is_file() else store.rglob("*"):
        if path.is_file() and path.stat().st_blocks:
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def streamed(store: Path, task: dict[str, Any]) -> Iterator[Any]:
    """Terrella: shuffled, chunks mixed, read ahead."""
    feed = Feed(
        _streamed(Stored(_open(store, task)), readers=4), task["batch"], 1, mixed_chunks=task.get("mixed")
    )
    name = next(iter(feed.source.source.store.variables))
    return (batch[name] for batch in feed.epoch(0, task.get("position", 0)))


def _open(store: Path, task: dict[str, Any]) -> Any:
    return open_npy({"waves": store}, task["chunk"]) if store.suffix == ".npy" else open_zarr(store)


def disk(store: Path, task: dict[str, Any]) -> Iterator[Any]:
    """The disk itself: chunks in random order, past the page cache, into memory that is used again; no batches."""
    size, each = task["chunk"] * RECORD_BYTES, task["batch"] // task["chunk"]
    order = np.random.default_rng(1).permutation(store.stat().st_size // size).tolist()
    memory = threading.local()

    def read(first: int) -> Any:
        if not hasattr(memory, "place"):
            memory.place = np.frombuffer(mmap.mmap(-1, size), np.uint8)
            memory.file = os.open(store, os.O_RDONLY | os.O_DIRECT)
        for chunk in order[first : first + each]:
            os.preadv(memory.file, [memory.place.data], chunk * size)
        return np.broadcast_to(memory.place, (each, size))

    with ThreadPoolExecutor(task["threads"]) as pool:
        waiting: deque[Any] = deque()
        for first in range(0, len(order) - each, each):
            waiting.append(pool.submit(read, first))
            if len(waiting) == 2 * task["threads"]:
                yield waiting.popleft().result()


def map_chunks(store: Path, task: dict[str, Any]) -> Iterator[Any]:
    """A memory map, whole chunks in random order, copied into batches."""
    array = np.load(store, mmap_mode="r")
    chunk, batch = task["chunk"], task["batch"]
    order = np.random.default_rng(1).permutation(len(array) // chunk)
    for some in order[: len(order) - len(order) % (batch // chunk)].reshape(-1, batch // chunk):
        out = np.empty((batch, *array.shape[1:]), array.dtype)
        for place, each in enumerate(some):
            out[place * chunk : (place + 1) * chunk] = array[each * chunk : (each + 1) * chunk]
        yield out


def map_records(store: Path, task: dict[str, Any]) -> Iterator[Any]:
    """A memory map, records in random order."""
    array = np.load(store, mmap_mode="r")
    order = np.random.default_rng(1).permutation(len(array))
    for first in range(0, len(order), task["batch"]):
        yield array[order[first : first + task["batch"]]]


def loader(store: Path, task: dict[str, Any], workers: int = 0) -> Iterator[Any]:
    """One record at a time, shuffled, as torch's tutorials do it."""

    class Records(torch.utils.data.Dataset):
        def __init__(self) -> None:
            self.array = (
                np.load(store, mmap_mode="r")
                if store.suffix == ".npy"
                else zarr.open(store, mode="r")["waves"]
            )

        def __len__(self) -> int:
            return int(self.array.shape[0])

        def __getitem__(self, index: int) -> torch.Tensor:
            return torch.from_numpy(np.array(self.array[index]))

    return iter(
        torch.utils.data.DataLoader(Records(), batch_size=task["batch"], shuffle=True, num_workers=workers)
    )


def xbatcher_reader(store: Path, task: dict[str, Any]) -> Iterator[Any]:
    """Batches of consecutive records, as xbatcher makes them of an xarray dataset."""
    data = xr.open_zarr(store, chunks=None, consolidated=False)["waves"]
    sizes = {"record": task["batch"], "sample": data.sizes["sample"]}
    return (
        batch.to_numpy() for batch in xbatcher.BatchGenerator(data, input_dims=sizes, preload_batch=False)
    )


class _Peak:
    """The largest memory of this process and its workers, looked at ten times a second."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._anonymous = self._resident = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            self._look()

    def _look(self) -> None:
        self._anonymous = max(self._anonymous, _anonymous_mb())
        self._resident = max(self._resident, _status("VmRSS"))

    def stop(self) -> dict[str, float]:
        self._ended.set()
        self._thread.join()
        self._look()
        return {"anonymous_mb": self._anonymous, "resident_mb": self._resident}


def _anonymous_mb() -> float:
    return _status("RssAnon")


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 * 1.048576 for line in lines if line.startswith(field + ":"))


READERS = {
    "streamed": streamed,
    "disk": disk,
    "map_chunks": map_chunks,
    "map_records": map_records,
    "loader": loader,
    "loader_2": lambda store, task: loader(store, task, 2),
    "xbatcher": xbatcher_reader,
}

if __name__ == "__main__":
    chosen = json.loads(sys.argv[1])["reader"]
    if chosen == "xbatcher":
        import xarray as xr
        import xbatcher
    else:
        import torch
        import torch.utils.data
        import zarr

        from terrella.engine.feed import Feed, Stored
        from terrella.engine.feed import streamed as _streamed
        from terrella.formats.records.array_files import open_npy
        from terrella.formats.records.zarr_store import open_zarr

        _A = torch.rand(512, 512)
    main()
