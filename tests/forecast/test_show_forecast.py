"""A forecast shown: in words, as a figure, as a page in a real browser, in another format."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.errors import InputError
from terrella.forecast.show import show
from terrella.formats.catalogues.forecast_grid import ForecastGrid, read_forecast, write_forecast

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture
def written(tmp_path):
    """Return the file of a forecast whose models differ between horizons, one cell nearly certain."""
    grid = make_grid(box(20, 26, 36, 40), 0.5)
    counts = np.full((2, *grid.shape), 0.01, np.float32)
    counts[1] *= 2
    counts[:, 0, 5, 3] = 12
    names = ("network", "network to 1 d, then ETAS")
    made = ForecastGrid(
        np.datetime64("2020-10-30T12:00", "us"), (1.0, 7.0), grid, 3.0, counts, -np.expm1(-counts),
        ", ".join(names), names,
    )  # fmt: skip
    write_forecast(made, tmp_path / "forecast.nc")
    return tmp_path / "forecast.nc"


def said(path, *given, **options):
    """Return the lines that `show` reports."""
    lines = []
    show(path, *given, lambda event: lines.append(event["message"]), **options)
    return lines


def test_a_forecast_is_told_in_words_and_drawn(written):
    lines = said(written, None)
    assert lines[0] == "issued 2020-10-30T12:00:00Z, M ≥ 3, 96 cells"
    assert lines[1] == (
        "next 1 d: 12.9 events expected by network; highest probability > 99.9 % at 38.75° N, 21.75° E"
    )
    assert "13.9 events expected by network to 1 d, then ETAS" in lines[2]
    assert written.with_name("forecast_shown.png").stat().st_size > 10_000
    assert read_forecast(written).model_at(1) == "network to 1 d, then ETAS"


def test_it_is_written_in_another_format_and_never_over_itself(written):
    assert said(written, written.with_name("f.kml"))[-1] == f"written {written.with_name('f.kml')}"
    with pytest.raises(InputError, match="is the forecast itself"):
        said(written, written)
    with pytest.raises(InputError, match=r"choose one of them"):
        said(written, written.with_name("f.xyz"))


def test_interactive_is_refused_where_there_is_no_forecast(written, tmp_path):
    with pytest.raises(InputError, match=r"is for a forecast \(\.nc\)"):
        said(tmp_path / "catalogue.csv", None, interactive=True)
    with pytest.raises(InputError, match=r"name it \.html"):
        said(written, tmp_path / "f.png", interactive=True)
    with pytest.raises(InputError, match="no such file"):
        said(tmp_path / "none.nc", None, interactive=True)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_the_page_shows_map_and_numbers_from_one_file_without_a_network(written):
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    markup = "</script><img src=x onerror=document.title='hacked'>"
    write_forecast(replace(read_forecast(written), model=markup), written)
    said(written, None, interactive=True)
    with driver.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 400, "height": 900})
        wrong, asked = [], []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(written.with_suffix(".html").as_uri())
        assert page.title() == "Earthquake forecast of 2020-10-30 12:00 UTC"
        assert markup in page.text_content("#state")
        assert page.text_content("#map-title") == "network: next day from 2020-10-30 12:00 UTC"
        page.select_option("#horizon", "1")
        assert page.text_content("#map-title").startswith("network to 1 d, then ETAS: next 7 days")
        page.locator("#map").press("Enter")  # the cell in the middle
        rows = page.locator("#cell-table tr")
        assert rows.nth(1).inner_text().split() == ["1", "d", "0.00995", "0.01"]
        assert rows.count() == 3
        colours = page.evaluate(
            "() => { const c = document.getElementById('map'), d = c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data; const seen = new Set();"
            "for (let k = 0; k < d.length; k += 4) seen.add(`${d[k]},${d[k+1]},${d[k+2]}`); return [...seen]; }"
        )
        assert {"68,1,84", "253,231,37"} <= set(colours)  # both ends of the scale
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert not wrong
        assert len(asked) == 1  # the page itself
        browser.close()
