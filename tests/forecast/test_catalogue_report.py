"""What `show` says and draws agrees with how the catalogue was made."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from terrella.errors import InputError
from terrella.forecast.catalogue_report import (
    draw,
    draw_b_by_cut_off,
    draw_magnitudes,
    draw_map,
    draw_rate,
    summary,
)
from terrella.forecast.show import show
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue
from terrella.formats.catalogues.read import read_catalogue


def simulated(n: int, days: float = 3652.5, b: float = 1.0) -> Catalogue:
    draw = np.random.default_rng(11)
    seconds = np.linspace(0, days * 86_400, n)
    return make_catalogue(
        np.datetime64("2001-01-01", "us") + (seconds * 1e6).astype("timedelta64[us]"),
        draw.uniform(10, 14, n),
        draw.uniform(40, 44, n),
        np.floor((1.95 + draw.exponential(1 / (b * np.log(10)), n)) / 0.1 + 0.5) * 0.1,
        np.where(np.arange(n) % 4, 10.0, np.nan),
        name="simulated",
    )


def test_the_summary_tells_what_was_simulated() -> None:
    facts = summary(simulated(20_000, b=0.9))
    assert json.loads(json.dumps(facts)) == facts
    assert facts["events"] == 20_000
    assert facts["years"] == pytest.approx(10)
    assert facts["events_per_year"] == pytest.approx(2000)
    assert facts["first_utc"] == "2001-01-01T00:00:00"
    assert facts["events_without_depth"] == 5000
    assert facts["depth_km"] == [10, 10, 10]
    assert facts["magnitude_types"] == {"unknown": 20_000}
    assert facts["by_b_stability"]["completeness"] == pytest.approx(2.0)
    assert facts["by_maximum_curvature"]["completeness"] == pytest.approx(2.2)
    for law in (facts["by_b_stability"], facts["by_maximum_curvature"]):
        assert abs(law["b"] - 0.9) < 4 * law["b_error"]
    assert facts["largest"]["magnitude"] == facts["magnitude"][1]


def test_the_drawn_numbers_are_those_of_the_catalogue() -> None:
    catalogue = simulated(5000)
    facts = summary(catalogue)
    rate, magnitudes, b_values = Figure().subplots(1, 3)
    draw_rate(catalogue, facts["by_b_stability"], rate)
    every, complete = (patch.get_data() for patch in rate.patches)
    # 5000 events in ten years are 41.7 in a month of average length; the cut first and last month are left out.
    assert np.mean(every.values) == pytest.approx(5000 / 120, rel=0.02)
    assert np.nansum(complete.values) <= np.nansum(every.values)
    draw_magnitudes(catalogue, facts["by_b_stability"], magnitudes)
    single, at_least = (line.get_ydata() for line in magnitudes.lines[:2])
    assert np.sum(single) == at_least[0] == 5000
    fitted = magnitudes.lines[2].get_ydata()
    assert fitted[0] == pytest.approx(facts["by_b_stability"]["n_events"])
    draw_b_by_cut_off(catalogue, facts, b_values)
    assert b_values.lines[0].get_ydata()[0] == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(("n", "days"), [(1, 0.0), (2, 0.0), (3, 40.0), (60, 300.0), (200, 60_000.0)])
def test_small_short_and_long_catalogues_are_drawn(tmp_path: Path, n: int, days: float) -> None:
    draw(simulated(n, days), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["figure.png"]


def test_what_cannot_be_drawn_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="without events"):
        summary(simulated(0))
    with pytest.raises(InputError, match=r"cannot write \.docx"):
        draw(simulated(10), tmp_path / "figure.docx")
    assert list(tmp_path.iterdir()) == []


def test_one_event_has_a_summary_a_figure_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("time,latitude,longitude,depth,mag\n2019-07-06T03:19:53Z,35.7,-117.5,8,4\n")
    told: list[str] = []
    show(path, None, lambda event: told.append(event["message"]))
    assert any(line.startswith("events") and "1 in 0.0 years" in line for line in told)
    assert (tmp_path / "one.png").stat().st_size > 10_000


@pytest.mark.parametrize("turn", [0, 360])
def test_a_catalogue_across_the_date_line_is_shown_as_one_region(turn: int, tmp_path: Path) -> None:
    longitude = np.linspace(178, 183, 100)
    longitude = np.where(longitude > 180, longitude - 360 + turn, longitude)
    rows = [
        f"2019-01-01T00:{i // 60:02d}:{i % 60:02d}Z,-18.0,{lon:.4f},10,{4 + i % 7 / 10}"
        for i, lon in enumerate(longitude)
    ]
    (tmp_path / "fiji.csv").write_text("\n".join(["time,latitude,longitude,depth,mag", *rows, ""]))
    told: list[str] = []
    show(tmp_path / "fiji.csv", None, lambda event: told.append(event["message"]))
    assert any("178 to 183° E (across the date line, to 177° W)" in line for line in told)
    view = draw_map(read_catalogue(tmp_path / "fiji.csv")[0], Figure().subplots())
    assert np.ptp(next(line.get_xdata() for line in view.lines if len(line.get_xdata()) == 100)) < 600


@pytest.mark.parametrize("width", [0.1, 0.5])
def test_the_law_is_drawn_from_the_events_that_it_was_fitted_to(width: float) -> None:
    magnitude = np.floor(np.random.default_rng(1).exponential(1 / np.log(10), 5000) / width) * width + 3.0
    catalogue = replace(simulated(5000), magnitude=magnitude)
    law = summary(catalogue)["by_b_stability"]
    assert law["completeness"] == pytest.approx(3.0)
    axes = draw_magnitudes(catalogue, law, Figure().subplots())
    (_, at_least), fitted = (line.get_ydata() for line in axes.lines[:2]), axes.lines[2]
    assert at_least[0] == fitted.get_ydata()[0] == 5000
    assert summary(catalogue)["magnitude_bin"] == width
