"""The page in a real browser, as its reader uses it."""

import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import uvicorn
from live_cases import replayed, write_run

from terrella.live.issuing import FORECAST
from terrella.live.web.address import Address
from terrella.live.web.app import make_app

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A record that this module adds to, with markup among its texts."""
    found = replayed(tmp_path_factory.mktemp("page") / "record", end="2008-06-12")
    name = "<img src=x onerror=document.title='hacked'>"
    served = replace(found.served, name=name)
    return replace(found, served=served)


@contextmanager
def serving(opened, token=None, runs=None):
    """Give the address at which a record's page answers."""
    app = make_app(opened, Address("127.0.0.1", 0, token), runs)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    worker = threading.Thread(target=server.run, daemon=True)
    worker.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = server.force_exit = True  # a page still listens to the stream
    worker.join()


@pytest.fixture(scope="module")
def url(opened):
    """Where the page answers."""
    with serving(opened) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """Chromium, of the distribution."""
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def open_page(browser, url, width=1200, **options):
    """Return the page once its map is drawn, and the list of its faults."""
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(url)
    page.locator("#map-title", has_text="from 2008-06-12").wait_for()
    return page, faults


def colours(page):
    """Return the number of colours of the map, and a sum that changes with the picture."""
    return page.evaluate("""() => {
        const c = document.getElementById('map'), seen = new Set();
        const words = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
        let sum = 0;
        for (let k = 0; k < words.length; k++) { seen.add(words[k]); sum = (sum * 31 + words[k]) % 4294967291; }
        return [seen.size, sum];
    }""")


def test_it_draws_a_map_the_numbers_and_the_record(browser, url, opened):
    page, faults = open_page(browser, url)
    assert colours(page)[0] > 8
    last = opened.store.records(FORECAST)[-1].values
    assert page.locator("#forecast-table tr").count() == 5
    assert (
        page.locator("#state")
        .inner_text()
        .startswith(f"a replay of the past · {opened.store.count(FORECAST)} ")
    )
    assert (
        page.locator("#issued").inner_text() == f"{last['issue_time'][:10]} {last['issue_time'][11:16]} UTC"
    )
    assert "windows that do not overlap have closed" in page.locator("#verdict").inner_text()
    assert page.locator("#scores tr").count() == 7
    assert faults == []
    page.close()


def test_slider_layers_and_horizons_change_the_map(browser, url):
    page, faults = open_page(browser, url)
    before = colours(page)[1]
    page.locator("#earlier").click()
    page.locator("#map-title", has_text="from 2008-06-11").wait_for()
    choices = (
        ("#model", "ratio", "Issued over ETAS"),
        ("#model", "climatology", "climatology: next day"),
        ("#horizon", "1", "next 7 days"),
    )
    for choice, value, words in choices:
        page.select_option(choice, value)
        page.locator("#map-title", has_text=words).wait_for()
        after = colours(page)[1]
        assert after != before
        before = after
    page.select_option("#layer", "expected")
    page.locator("#time").fill("0")
    page.locator("#map-title", has_text="from 2008-06-02").wait_for()
    assert faults == []
    page.close()


def test_a_click_and_the_keyboard_tell_of_a_cell(browser, url):
    page, faults = open_page(browser, url)
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2 + 40)
    page.locator("#cell-words", has_text="The probability of one or more earthquakes of M ≥ 3.5").wait_for()
    first = page.locator("#cell-table tr").first.inner_text()
    assert "1.00 to 2.00° N, 2.00 to 3.00° E" in first
    page.locator("#map").focus()
    for key in ("+", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    page.locator("#cell-table tr", has_text="1.00 to 2.00° E").wait_for()
    assert faults == []
    page.close()


def test_text_from_data_is_shown_as_text(browser, url):
    page, _ = open_page(browser, url)
    assert "<img src=x onerror" in page.locator("h1").inner_text()
    assert page.locator("h1 img").count() == 0
    assert "hacked" not in page.title().replace("onerror=document.title='hacked'", "")
    page.close()


def test_it_fits_a_narrow_screen_and_follows_the_dark(browser, url):
    page, faults = open_page(browser, url, width=400)
    page.locator("#scores tr").first.wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 400
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 25)"
    assert faults == []
    page.close()


def test_words_stand_out_from_their_ground(browser, url):
    """WCAG 2.2, AA: a contrast of 4.5 or more, in the light and in the dark."""
    page, _ = open_page(browser, url)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for name in ("--ink", "--soft", "--focus"):
            for ground in ("--back", "--panel"):
                assert contrast(colour(page, name), colour(page, ground)) >= 4.5, (scheme, name, ground)
    page.close()


def colour(page, name):
    """Return a colour of the page's style."""
    return page.evaluate("(n) => getComputedStyle(document.documentElement).getPropertyValue(n).trim()", name)


def contrast(first, second):
    """Return the ratio of relative luminances of two colours."""

    def luminance(colour):
        colour = colour.lstrip("#")
        colour = "".join(c * 2 for c in colour) if len(colour) == 3 else colour
        parts = [int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_trainings_are_shown_as_they_go_and_their_names_as_text(browser, opened, tmp_path):
    name = "forecast/<b>mine<b>"
    write_run(tmp_path / "pick/other", 8)
    write_run(tmp_path / name, 2)
    with serving(opened, runs=tmp_path) as place:
        page, faults = open_page(browser, place)
        mine = page.locator("#runs figure").filter(has_text="<b>mine")
        mine.get_by_text("network: epoch 2 of 8").wait_for()
        assert page.locator("#runs figure").count() == 2
        assert page.locator("#runs b").count() == 0
        assert mine.locator("progress").evaluate("bar => bar.value") == pytest.approx(2 / 8)
        write_run(tmp_path / name, 5)
        mine.get_by_text("network: epoch 5 of 8 · loss 0.4 · validation 0.9").wait_for()
        drawn = mine.locator("canvas").evaluate(
            "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
        )
        assert drawn > 8
        assert faults == []
        page.close()


def test_without_a_folder_of_runs_there_is_no_part_for_them(browser, url):
    page, faults = open_page(browser, url)
    assert page.locator("#trainings").is_hidden()
    assert faults == []
    page.close()


def test_what_arrives_is_shown_without_asking_again(browser, url, opened):
    page, _ = open_page(browser, url)
    page.wait_for_timeout(500)
    number = opened.store.count(FORECAST)
    folder = opened.store.folder
    replayed(folder, end="2008-06-13")
    assert opened.store.count(FORECAST) > number
    page.locator("#map-title", has_text="from 2008-06-13").wait_for()
    assert page.locator("#state").inner_text().endswith("2008-06-13 00:00 UTC")
    page.close()


def test_a_token_opens_a_page_that_asks_for_one(browser, opened):
    with serving(opened, "correct-horse-battery") as place:
        page = browser.new_page()
        page.goto(place)
        page.locator("#state", has_text="a token is needed").wait_for()
        page.goto(f"{place}#token=correct-horse-battery")
        page.reload()
        page.locator("#map-title", has_text="from 2008-06").wait_for()
        page.close()
