"""`terrella pick show` on an archive that is made here."""

import shutil

import matplotlib.image
import numpy as np
import pytest

from terrella.cli.main import main
from terrella.formats.waveforms.picks import picks_table, write_picks
from terrella.pick.synthetic.continuous import hourly_records, make_shaking

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture
def place(tmp_path):
    """An archive of two stations, and picks of P and S."""
    (stream,) = hourly_records(make_shaking(hours=1, events=4, stations=2, seed=3))
    (tmp_path / "archive").mkdir()
    for trace in stream:
        trace.write(str(tmp_path / "archive" / f"{trace.id}.mseed"), format="MSEED")
    begins = np.datetime64(stream[0].stats.starttime.ns, "ns")
    times = begins + np.array([600, 604, 900], "timedelta64[s]")
    ids = ["SY.S01.", "SY.S01.", "SY.S00."]
    write_picks(picks_table(ids, ["P", "S", "P"], times, *(np.full(3, 0.9),) * 3), tmp_path / "picks.csv")
    return tmp_path


def test_the_picks_of_the_first_station_are_drawn(place, capsys):
    arguments = [str(place / "archive"), str(place / "picks.csv"), "-o", str(place / "picks.png")]
    with pytest.raises(SystemExit) as left:
        main(["pick", "show", *arguments])
    assert left.value.code == 0
    assert "2 picks of SY.S01 on 3 components" in capsys.readouterr().out
    image = matplotlib.image.imread(place / "picks.png")[..., :3]
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        assert (np.abs(image - np.array(colour) / 255).max(-1) < 0.02).sum() > 100


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--station", "XX.NONE"], "holds no picks of XX.NONE"),
        (["--station", "XX.NONE", "--start", "2024-03-01"], "no waveforms of XX.NONE"),
        (["--start", "2024-03-02", "--end", "2024-03-01"], "--end is not after --start"),
        (["--start", "noon"], "expected a time in UTC"),
        (["-o", "picks.xyz"], "no figure is written as .xyz"),
    ],
)
def test_wrong_words_get_one_line(options, told, place, capsys):
    output = [] if "-o" in options else ["-o", str(place / "picks.png")]
    with pytest.raises(SystemExit) as left:
        main(["pick", "show", str(place / "archive"), str(place / "picks.csv"), *options, *output])
    assert left.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_the_page_shows_records_and_picks_from_one_file_without_a_network(place):
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    markup = "P</script><img src=x onerror=document.title='hacked'>P"  # a P, by its last leg
    (place / "picks.csv").write_text((place / "picks.csv").read_text().replace(",P,", f",{markup},", 1))
    with pytest.raises(SystemExit) as left:
        main(["pick", "show", str(place / "archive"), str(place / "picks.csv"), "--interactive"])
    assert left.value.code == 0
    with driver.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 400, "height": 900}, color_scheme="dark")
        wrong, asked = [], []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((place / "picks.html").as_uri())
        assert page.title() == "Picks of SY.S01"
        rows = page.locator("#picks tr")
        assert rows.count() == 3
        assert rows.nth(1).inner_text().startswith(markup)
        rows.nth(2).click()
        assert "S at 00:10:04.000 UTC, probability 0.90" in page.text_content("#words")
        page.locator("#records").press("+")
        page.locator("#records").press("+")
        page.locator("#records").press("+")
        assert page.text_content("#list-title") == "Picks in view: 1"  # P lies 4 s before, outside of 6 s
        page.uncheck("#S")
        assert page.text_content("#list-title") == "Picks in view: 0"
        page.check("#S")
        page.locator("#records").press("0")
        colours = page.evaluate(
            "() => { const c = document.getElementById('records'), d = c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data; const seen = new Set();"
            "for (let k = 0; k < d.length; k += 4) seen.add(`${d[k]},${d[k+1]},${d[k+2]}`); return [...seen]; }"
        )
        assert {"86,180,233", "255,158,87"} <= set(colours)  # P and S, as in the dark
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert not wrong
        assert len(asked) == 1  # the page itself
        browser.close()


def test_interactive_writes_a_page_and_nothing_else(place, capsys):
    arguments = [str(place / "archive"), str(place / "picks.csv"), "--interactive"]
    for output, code in (("picks.png", 2), ("page.html", 0)):
        with pytest.raises(SystemExit) as left:
            main(["pick", "show", *arguments, "-o", str(place / output)])
        assert left.value.code == code
    assert "name it .html" in capsys.readouterr().err
    assert "SY.S01" in (place / "page.html").read_text(encoding="utf-8")
