"""What `show` says and draws agrees with how the catalogue was made."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from terrella.errors import InputError
from terrella.forecast.catalogue_report import draw, draw_b_by_cut_off, draw_magnitudes, draw_rate, summary
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue


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
