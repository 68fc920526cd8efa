"""A year of daily forecasts of California, replayed; beside `predict` once for each; and the API under load.

CPU seconds of one process each, `predict` on a few days and scaled to the year. The load is 200 mixed requests a
second for a minute (10 s with `--quick`) to the page of a replay that goes on; its latencies are wall time. The
data are read from TERRELLA_DATA (default ../shared/data).
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import numpy as np
import psutil

from _result import DATA_FOLDER, write_result

DATA = DATA_FOLDER / "forecast"
CATALOGUE = DATA / "california_m25.parquet"
PER_SECOND = 200
_CONNECTIONS = 64


def main() -> None:
    """Measure, and write benchmarks/results/live_replay.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two months, and ten seconds of load")
    quick = parser.parse_args().quick
    end, days = ("2018-03-02", 60) if quick else ("2019-01-01", 365)
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record"
        bundle = ["--bundle", "california"]
        span = ["--from", "2018-01-01", "--to", end, "--trigger-magnitude", "9", "-o", str(record)]
        _cpu(
            "live",
            "replay",
            str(CATALOGUE),
            *bundle,
            "--from",
            "2018-01-01",
            "--to",
            "2018-01-02",
            "-o",
            f"{folder}/warm",
        )
        replay = _cpu("live", "replay", str(CATALOGUE), *bundle, *span)
        dates = [f"2018-0{month}-15" for month in (2, 5, 8)]
        single = [
            _cpu(
                "forecast", "predict", str(CATALOGUE), *bundle, "--issue-time", day, "-o", f"{folder}/one.nc"
            )
            for day in dates
        ]
        one = float(np.mean(single))
        busy = os.getloadavg()[0]
        latencies, failed, growth, took = _load(record, 10 if quick else 60)
    rows = [
        _row(
            f"{days} daily forecasts, issued, kept and scored",
            replay,
            one * days,
            "predict once for each",
            "CPU s",
        ),
        _row("requests per second", len(latencies) / took, PER_SECOND, "aim", "1/s"),
        _row("latency, median", np.percentile(latencies, 50) * 1000, None, "", "ms"),
        _row("latency, p99", np.percentile(latencies, 99) * 1000, 200.0, "aim", "ms"),
        _row("answers that were errors", failed, 0, "aim", ""),
        _row("growth of memory under load", growth, None, "", "MB"),
    ]
    notes = (
        "load: one client over loopback on the same machine, a replay goes on meanwhile; before it "
        f"began, {busy:.1f} other processes waited for the {os.cpu_count()} cores"
    )
    write_result("live_replay", rows, notes, quick)


def _cpu(*typed: str) -> float:
    command = [sys.executable, "-m", "terrella", *typed]
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user + after.children_system) - (before.children_user + before.children_system)


def _row(what: str, ours: float, peer: float | None, name: str, unit: str) -> dict:
    ratio = round(peer / ours, 2) if peer and ours else None
    return {"what": what, "ours": round(float(ours), 2), "peer": peer and round(float(peer), 2), "peer_name": name,
            "unit": unit, "ratio": ratio}  # fmt: skip


def _load(record: Path, seconds: int) -> tuple[list[float], int, float, float]:
    span = ["--from", "2018-01-01", "--to", "2022-01-01", "--trigger-magnitude", "9", "-o", str(record)]
    typed = ["live", "replay", str(CATALOGUE), "--bundle", "california", *span, "--serve", "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "terrella", *typed], stdout=subprocess.PIPE, text=True
    ) as server:
        address = next(filter(None, (re.search(r"http://\S+", line) for line in server.stdout)))[0]
        Thread(target=server.stdout.read, daemon=True).start()  # a full pipe would hold it up
        asyncio.run(_ask(address, 200))  # warm
        memory = psutil.Process(server.pid).memory_info().rss
        began = time.perf_counter()
        latencies, failed = asyncio.run(_ask(address, seconds * PER_SECOND))
        took = time.perf_counter() - began
        growth = (psutil.Process(server.pid).memory_info().rss - memory) / 1e6
        server.terminate()
    return latencies, failed, growth, took


async def _ask(address: str, number: int) -> tuple[list[float], int]:
    """Ask a number of mixed questions at an even pace, whatever the answers take; by a client that costs little."""
    chosen = random.Random(1)
    found: list[float] = []
    failed = 0
    place = urlsplit(address)
    free: asyncio.Queue = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(place.hostname, place.port))

    async def one(path: str) -> None:
        nonlocal failed
        began = time.perf_counter()
        reader, writer = await free.get()
        status, _ = await _get(reader, writer, path)
        found.append(time.perf_counter() - began)
        failed += status != 200
        free.put_nowait((reader, writer))

    reader, writer = await free.get()
    _, listed = await _get(reader, writer, "api/forecasts?limit=50")
    free.put_nowait((reader, writer))
    names = [each["name"] for each in json.loads(listed)["forecasts"]]
    tasks, start = [], time.perf_counter()
    for k in range(number):
        tasks.append(asyncio.create_task(one(_question(chosen, names))))
        await asyncio.sleep(max(0.0, start + (k + 1) / PER_SECOND - time.perf_counter()))
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait()[1].close()
    return found, failed


def _question(chosen: random.Random, names: list[str]) -> str:
    lon, lat = chosen.uniform(-121, -117), chosen.uniform(34, 38)
    name = chosen.choice(names)
    return chosen.choice(
        [
            *("api/health", "api/grid", "api/scores", "api/forecasts?limit=50", "api/events?limit=200"),
            *("metrics", "", "page.js"),
            f"api/forecasts/{name}/values?model=issued",
            f"api/forecasts/{names[0]}?format=geojson",
            f"api/history?cell={chosen.randrange(7000)}",
            f"api/probability?longitude={lon}&latitude={lat}",
        ]
    )


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> tuple[int, bytes]:
    """Return status and body of what is asked over a connection that stays open."""
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    return int(head.split(None, 2)[1]), await reader.readexactly(length)


if __name__ == "__main__":
    main()
