"""From sample to pick: `terrella pick watch` on an archive that grows in real time, PhaseNet's original weights.

Ten simulated stations send records of 512 bytes as they fill; the watch looks once a second. A pick's latency is
the wall clock when it was kept less its own time. Five minutes (two with `--quick`). The weights are read from
TERRELLA_DATA (default ../shared/data).
"""

import argparse
import io
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil

from _result import DATA_FOLDER as DATA
from _result import write_result
from terrella.pick.continuous.command import annotator_for
from terrella.pick.continuous.policies import Policies
from terrella.pick.synthetic.continuous import hourly_records, make_shaking
from terrella.pick.watch.station import reach_of

WEIGHTS = DATA / "pick" / "phasenet_original.safetensors"
RECORD, STATIONS, BEFORE_S, START_S = 512, 10, 120, 1200


def main() -> None:
    """Measure, and write benchmarks/results/watch_latency.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    seconds = 120 if quick else 300
    busy = os.getloadavg()[0]
    reach = reach_of(annotator_for(str(WEIGHTS), Policies()))
    with tempfile.TemporaryDirectory() as folder:
        latencies, cpu_s, filled_s = watched(Path(folder), seconds)
    middle, late = np.percentile(latencies, [50, 95])
    must = reach.settled_ns / 1e9
    rows = [
        row("picks", len(latencies), None, ""),
        row("from sample to pick, median", middle, None, "s"),
        row("from sample to pick, 95th percentile", late, None, "s"),
        row("of these: record that must follow a pick", must, None, "s"),
        row("of these: until a record is full, mean", filled_s, None, "s"),
        row("the rest of the median: look, pick, keep", middle - must - filled_s, None, "s"),
        row("CPU for an hour of a station, three components", cpu_s / STATIONS / (seconds / 3600), None, "s"),
    ]
    notes = (
        f"{STATIONS} stations, 100 Hz, {seconds} s in real time, a look a second; CPU with the two minutes before, "
        f"picked at once; before it began, {busy:.1f} other processes waited for the {os.cpu_count()} cores"
    )
    write_result("watch_latency", rows, notes, quick)


def row(what: str, ours: float, peer: float | None, unit: str) -> dict:
    """Return a row of the table."""
    return {
        "what": what,
        "ours": round(float(ours), 2),
        "peer": peer,
        "peer_name": "",
        "unit": unit,
        "ratio": None,
    }


def watched(folder: Path, seconds: int) -> tuple[list[float], float, float]:
    """Return the latencies of what was picked as it came, CPU seconds, and how long a record takes to fill."""
    archive, output = folder / "sds", folder / "watch"
    records = arriving(time.time() + 5, seconds)
    filled_s = float(np.mean([span for *_, span in records]))
    now = time.time()
    for _, name, record, _ in (each for each in records if each[0] <= now):
        append(archive / name, record)
    left = [each for each in records if each[0] > now]
    typed = ["pick", "watch", str(archive), "--bundle", str(WEIGHTS), "-o", str(output), "--poll-s", "1"]
    command = [sys.executable, "-m", "terrella", *typed]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        began = None
        for end, name, record, _ in left:
            time.sleep(max(0.0, end - time.time()))
            append(archive / name, record)
            if began is None and (output / "watch.sqlite").exists():
                began = time.time()  # what came while it was loaded is no latency of its work
        cpu = psutil.Process(process.pid).cpu_times()
        process.terminate()
    with closing(sqlite3.connect(output / "watch.sqlite")) as state:
        made = state.execute(
            "SELECT time_ns, made_ns FROM picks WHERE time_ns > ?", (int(began * 1e9),)
        ).fetchall()
    return [(made_ns - time_ns) / 1e9 for time_ns, made_ns in made], cpu.user + cpu.system, filled_s


def append(path: Path, record: bytes) -> None:
    """Write a record at the end of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(record)


def arriving(start: float, seconds: int) -> list[tuple[float, str, bytes, float]]:
    """Return when each record is full, its file, its bytes and its length in s; two minutes lie before `start`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from obspy import UTCDateTime

        (stream,) = hourly_records(make_shaking(hours=1, events=50, stations=STATIONS, seed=4))
    found = []
    for trace in stream:
        first = trace.stats.starttime + START_S
        trace.trim(first, first + BEFORE_S + seconds)
        trace.data = (100 * trace.data).astype(np.int32)
        trace.stats.starttime = UTCDateTime(start - BEFORE_S)
        began, rate = trace.stats.starttime, trace.stats.sampling_rate
        file = io.BytesIO()
        trace.write(file, format="MSEED", reclen=RECORD)
        data = file.getvalue()
        number = len(data) // RECORD
        span = trace.stats.npts / rate / number
        name = f"{began.year}/{trace.id}.D.{began.year}.{began.julday:03d}"
        found += [
            (began.timestamp + (k + 1) * span, name, data[k * RECORD :][:RECORD], span) for k in range(number)
        ]
    return sorted(found)


if __name__ == "__main__":
    main()
