"""The page of a watch in a real browser."""

import shutil
from pathlib import Path

import pytest
from growing_archive import append, arriving, onsets

import terrella.pick.continuous.command as command
import terrella.pick.watch.command as watching
from terrella.pick.watch import state as kept
from terrella.pick.watch.growth import Growing
from terrella.pick.watch.page import write_watch_page

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser():
    """Chromium, of the distribution."""
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def watch_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return what watches once what has come until then, and where its page lies."""
    network, arrivals = onsets(), arriving(stations=2)
    monkeypatch.setattr(command, "_network", lambda bundle: (network, "onsets"))
    stations = tmp_path / "stations.csv"
    rows = ("network,station,longitude,latitude,elevation_m", "SY,S00,-117.6,35.6,0", "SY,S01,-117.2,35.8,0")
    stations.write_text("\n".join(rows))
    given = [0]

    def look(until: float) -> Path:
        number = int(until * len(arrivals))
        append(tmp_path / "sds", arrivals[given[0] : number])
        given[0] = number
        output = tmp_path / "watch"
        watching.watch(tmp_path / "sds", "onsets", output, print, once=True, page=True, inventory=stations)
        return output / "page.html"

    return look


def opened(browser, path: Path, **options):
    """Return the page, and the list of its faults."""
    page, faults = browser.new_page(**options), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url),
    )
    page.goto(path.as_uri())
    return page, faults


def colours(page, canvas: str) -> int:
    """Return the number of colours of a canvas."""
    return page.locator(canvas).first.evaluate(
        "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
    )


def test_it_shows_stations_records_picks_and_events_and_what_comes_later(browser, watch_page) -> None:
    path = watch_page(0.5)
    page, faults = opened(browser, path, viewport={"width": 400, "height": 900}, color_scheme="dark")
    assert page.locator("#records article").count() == 2
    assert page.locator("#records h3").all_inner_texts() == ["SY.S00 HHZ", "SY.S01 HHZ"]
    assert page.locator("#stations tr").count() == 3
    assert page.locator("#events-title").inner_text() == "No event yet"
    assert colours(page, "#map") > 3
    assert colours(page, "#records canvas") > 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 25)"
    before = page.locator("#state").inner_text()
    watch_page(0.75)
    page.reload()
    assert page.locator("#state").inner_text() > before  # a later time
    with kept.opened(path.parent / "watch.sqlite") as state:
        picks = kept.picks(state, 0, 2**62)
        last_ns = picks[-1].pick.time_ns
        row = ("ev", last_ns, -117.4, 35.7, 8.0, 3.14, 1, 0, "[]")
        state.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        growing = Growing(path.parents[1] / "sds", kept.marks(state))
        write_watch_page(path, growing.archive(), state, None, 0.5, 10.0, lambda what, name: None)
    page.reload()
    assert page.locator("#events tr").nth(1).locator("td").all_inner_texts()[1:] == ["3.6", "8.0", "0"]
    assert page.locator("#map").is_hidden()  # without an inventory
    words = " ".join(page.locator("#records p:not(.note)").all_inner_texts())
    for made in picks:
        if made.pick.time_ns > last_ns - 60 * 10**9:
            assert f"probability {made.pick.probability:.2f}" in words
    assert faults == []
    page.close()
