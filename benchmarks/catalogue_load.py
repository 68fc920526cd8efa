"""How long a large catalogue takes to load and how much memory it holds; `--quick` takes a tenth of the events."""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from _result import write_result
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

MB = 1e6
COLUMNS = ("time", "latitude", "longitude", "depth", "mag", "magType", "id", "type")
GROWTH = """
import sys
from pathlib import Path
from terrella.formats.catalogues.read import read_catalogue
read_catalogue(sys.argv[2])  # imports and pools are paid here
def kib(what):
    return next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith(what))
resident, peak = kib("VmRSS"), kib("VmHWM")
catalogue, _ = read_catalogue(sys.argv[1])
print((kib("VmRSS") - resident) * 1024, (kib("VmHWM") - peak) * 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 events instead of 1,000,000")
    quick = parser.parse_args().quick
    n = 100_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        parquet, csv, few = (Path(folder) / name for name in ("large.parquet", "large.csv", "few.parquet"))
        catalogue = simulated(n)
        for path, events in ((parquet, catalogue), (csv, catalogue), (few, catalogue[:1000])):
            write_catalogue(events, path)
        ours_parquet = fastest(lambda: read_catalogue(parquet))
        ours_csv = fastest(lambda: read_catalogue(csv), 2)
        theirs_parquet = fastest(lambda: pd.read_parquet(parquet))
        theirs_csv = fastest(lambda: read_with_pandas(csv), 2)
        frame_mb = float(read_with_pandas(csv).memory_usage(deep=True).sum() / MB)
        held_mb = held(read_catalogue(parquet)[0]) / MB
        resident_mb, peak_mb = process_growth_mb(parquet, few)
    rows = [
        row(f"load {n:,} events from Parquet", ours_parquet, theirs_parquet, "pandas.read_parquet", "s"),
        row(f"load {n:,} events from ComCat CSV", ours_csv, theirs_csv, "pandas.read_csv", "s"),
        row(f"memory of {n:,} events", held_mb, frame_mb, "pandas.DataFrame", "MB"),
        row(f"growth of the process by {n:,} events", resident_mb, None, None, "MB"),
        row(f"the same at its peak, while loading {n:,} events", peak_mb, None, None, "MB"),
    ]
    notes = (
        "Events with depth, magnitude type and a 10-character id. Ours checks values, order and duplicates; pandas "
        "does not. Shortest of two or three times; ratio: peer over ours. Memory in MB of 10^6 bytes."
    )
    write_result("catalogue_load", rows, notes, quick)


def simulated(n: int) -> Catalogue:
    """Return n events over fifty years with everything that a catalogue can hold."""
    draw = np.random.default_rng(1)
    seconds = np.sort(draw.uniform(0, 50 * 365.25 * 86400, n))
    return Catalogue(
        time_utc=np.datetime64("1970-01-01", "us")
        + (np.round(seconds * 1e3) * 1e3).astype("timedelta64[us]"),
        longitude=np.round(draw.uniform(-125, -113, n), 4),
        latitude=np.round(draw.uniform(31, 43, n), 4),
        depth_km=np.round(draw.gamma(3, 3, n), 2).astype(np.float32),
        magnitude=np.round(1 + draw.exponential(1 / np.log(10), n).clip(max=7), 2),
        magnitude_type=draw.integers(0, 3, n).astype(np.int8),
        magnitude_types=("ml", "md", "mw"),
        event_id=np.array([f"ci{i:08d}" for i in range(n)], "S"),
    )


def read_with_pandas(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, usecols=list(COLUMNS), parse_dates=["time"]).sort_values("time")


def held(catalogue: Catalogue) -> int:
    """Return the bytes of all arrays of a catalogue."""
    return sum(value.nbytes for value in vars(catalogue).values() if isinstance(value, np.ndarray))


def process_growth_mb(path: Path, few: Path) -> tuple[float, float]:
    """Return by how much a fresh Linux process grows, afterwards and at its peak, when it loads a file."""
    command = [sys.executable, "-c", GROWTH, str(path), str(few)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    resident, peak = (float(part) / MB for part in done.stdout.split())
    return resident, peak


def fastest(work: Callable[[], Any], times: int = 3) -> float:
    """Return the shortest wall time in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def row(what: str, ours: float, peer: float | None, peer_name: str | None, unit: str) -> dict[str, Any]:
    ratio = None if peer is None else peer / ours
    return {"what": what, "ours": ours, "peer": peer, "peer_name": peer_name, "unit": unit, "ratio": ratio}


if __name__ == "__main__":
    main()
