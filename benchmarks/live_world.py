"""The page of a record of the world in Chromium: 64,800 cells of one degree and 100,000 events of a month.

Load: from asking for the address to the map with its values and events drawn. Frames: the map is dragged, and each
frame's work is timed within the page. Wall time beside whatever else the machine does; random numbers stand for
forecasts.
"""

import argparse
import os
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import uvicorn
from playwright.sync_api import Page, sync_playwright

from _result import write_result
from terrella.earth.grid import Grid
from terrella.live.issuing import FORECAST, MODELS
from terrella.live.kept import Kept, write_kept
from terrella.live.opening import Opened, begin
from terrella.live.settings import LiveSettings
from terrella.live.times import DAY, iso, microseconds, stamp
from terrella.live.versions import Versions
from terrella.live.web.address import Address
from terrella.live.web.app import make_app

_BUNDLE = str(Path(__file__).parents[1] / "tests" / "data" / "before" / "forecast" / "finished")
_ISSUED = microseconds("2024-06-01")
_FORECASTS = 30
# Each drag of the map draws it once; what it costs is measured where it is spent.
_DRAG = """async () => {
  const canvas = document.getElementById("map"), box = canvas.getBoundingClientRect(), times = [];
  const at = (x) => ({ pointerId: 1, clientX: box.left + x, clientY: box.top + 150, bubbles: true });
  canvas.setPointerCapture = () => {};
  canvas.dispatchEvent(new PointerEvent("pointerdown", at(200)));
  for (let k = 1; k <= 60; k++) {
    await new Promise(requestAnimationFrame);
    const began = performance.now();
    canvas.dispatchEvent(new PointerEvent("pointermove", at(200 + 6 * k)));
    canvas.getContext("2d").getImageData(0, 0, 1, 1);  // waits for what was drawn
    times.push(performance.now() - began);
  }
  canvas.dispatchEvent(new PointerEvent("pointerup", at(560)));
  return times;
}"""


def main() -> None:
    """Measure, and write benchmarks/results/live_world.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten thousand events")
    quick = parser.parse_args().quick
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        opened = _record(Path(folder) / "world", 10_000 if quick else 100_000)
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with _serving(opened) as address:
            loads = []
            for _ in range(5):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                loads.append(_loaded(page, address))
            page.screenshot(path=os.environ.get("TERRELLA_SCREENSHOT", f"{folder}/world.png"))
            frames = page.evaluate(_DRAG)
            steps = [_stepped(page) for _ in range(8)]
        browser.close()
    rows = [
        _row("load, the first time", loads[0][0], 1000.0),
        _row("load, median of the four after it", float(np.median(loads[1:], 0)[0]), 1000.0),
        _row("load with the events, median of these four", float(np.median(loads[1:], 0)[1]), 1000.0),
        _row("work of a frame while the map is dragged, median", float(np.median(frames)), 16.7),
        _row("work of a frame while the map is dragged, p95", float(np.percentile(frames, 95)), 16.7),
        _row("another forecast by the slider, median", float(np.median(steps)), None),
    ]
    notes = f"Chromium without a GPU; {busy:.1f} other processes waited for the {os.cpu_count()} cores"
    write_result("live_world", rows, notes, quick)


def _record(folder: Path, events: int) -> Opened:
    """Return a record of some days on a grid of the world, with the events of the month before."""
    drawn = np.random.default_rng(1)
    opened = begin(folder, LiveSettings(), _BUNDLE, _ISSUED - 60 * DAY, False)
    grid = Grid(
        np.arange(-180.0, 181.0), np.arange(-90.0, 91.0), np.array([0.0, 700.0]), np.ones((180, 360), bool)
    )
    models = replace(opened.served.models, grid=grid)
    opened = replace(opened, served=replace(opened.served, models=models))
    shape = (len(MODELS), len(models.horizons_days), 64_800)
    entries = []
    for day in range(_FORECASTS):
        at = _ISSUED - (_FORECASTS - 1 - day) * DAY
        expected = drawn.lognormal(-7, 2, shape).astype(np.float32)
        kept = Kept(
            at,
            models.horizons_days,
            MODELS,
            grid,
            4.5,
            expected,
            -np.expm1(-expected),
            np.ones(shape, np.float32),
        )
        write_kept(kept, opened.store.forecasts / f"{stamp(at)}.nc")
        totals = {name: expected[k].sum(1, dtype=float).tolist() for k, name in enumerate(MODELS)}
        told = {"issue_time": iso(at), "reason": "every 24 h", "file": f"{stamp(at)}.nc", "expected": totals,
                "horizons_days": list(models.horizons_days), "used": ["network"] * shape[1],
                "highest": [0.5] * shape[1]}  # fmt: skip
        entries.append((f"{FORECAST}/{stamp(at)}", FORECAST, at, told))
    opened.store.append(entries)
    opened.store.learn(_events(drawn, events))
    return opened


def _events(drawn: np.random.Generator, number: int) -> Versions:
    when = np.sort(drawn.integers(_ISSUED - 30 * DAY, _ISSUED, number))
    longitude, latitude = (
        drawn.uniform(-180, 180, number),
        np.degrees(np.arcsin(drawn.uniform(-1, 1, number))),
    )
    names, kinds = (
        np.array(each, object) for each in ([f"us{k:08d}" for k in range(number)], ["mb"] * number)
    )
    magnitude = 2.5 + drawn.exponential(1 / np.log(10), number)
    known = (names, when, np.zeros(number, bool), when, longitude, latitude, np.full(number, 10.0))
    return Versions(*known, magnitude, kinds)


@contextmanager
def _serving(opened: Opened):
    app = make_app(opened, Address("127.0.0.1", 0, None))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    worker = threading.Thread(target=server.run, daemon=True)
    worker.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = server.force_exit = True
    worker.join()


def _loaded(page: Page, address: str) -> list[float]:
    """Return how long it takes, in ms, until the map shows a forecast, and until it shows the events."""
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    _drawn(page, iso(_ISSUED)[:10])
    shown = time.perf_counter()
    page.locator("#map[data-events]").wait_for()
    return [1000 * (each - began) for each in (shown, time.perf_counter())]


def _stepped(page: Page) -> float:
    """Return how long it takes, in ms, to show the forecast before."""
    shown = page.locator("#map-title").inner_text()
    began = time.perf_counter()
    page.locator("#earlier").click()
    page.locator("#map-title").filter(has_not_text=shown).wait_for()
    return 1000 * (time.perf_counter() - began)


def _drawn(page: Page, day: str) -> None:
    page.locator("#map-title", has_text=f"from {day}").wait_for(timeout=60_000)


def _row(what: str, ours: float, peer: float | None) -> dict:
    name = "aim: at most" if peer else ""
    return {
        "what": what,
        "ours": round(ours, 1),
        "peer": peer,
        "peer_name": name,
        "unit": "ms",
        "ratio": None,
    }


if __name__ == "__main__":
    main()
