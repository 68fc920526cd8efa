"""The report of a comparison: every picker in its tables and figures, readable in grey, self-contained."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from fake_comparison import SETS, findings
from matplotlib.figure import Figure

from terrella.engine.progress import shown_progress
from terrella.engine.run import Run
from terrella.pick.comparison import figures
from terrella.pick.comparison.findings import Findings
from terrella.pick.comparison.matrix import SCORES, matrix
from terrella.pick.comparison.report import show_comparison, write_comparison
from terrella.pick.judging import figures as judging_figures


@pytest.fixture(scope="module")
def found() -> Findings:
    return findings()


def test_the_page_ends_with_the_recommendation(found: Findings, tmp_path: Path) -> None:
    write_comparison(Run(tmp_path), found)
    page = (tmp_path / "report.html").read_text()
    for name in (*found.pickers, *SETS, "the array has two lines"):
        assert name in page
    assert page.index("<h2>Recommendation") > page.index("<h2>Settings")
    assert "To detect events on synthetic:teleseismic: PhaseNet · synthetic:teleseismic" in page
    assert "http" not in page
    drawn = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert {"matrices", "roc", "residuals_p_1", "resampling_1", "snr_db_detection_recall", "cost"} <= drawn


def test_the_terminal_shows_matrices_and_advice(found: Findings, capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as report:
        show_comparison(found, report)
    shown = capsys.readouterr().out
    assert "Matthews correlation" in shown
    assert "To pick P onsets" in shown


def test_heat_maps_are_lighter_where_better_also_in_grey(found: Findings) -> None:
    score = next(each for each in SCORES if each.name == "p_rmse_s")
    values = matrix(found.judged, "p_rmse_s")
    axes = figures.draw_matrix(Figure().subplots(), values, score, 2.0, 0.0)
    colours = np.asarray(axes.images[0].get_array())
    lightness = colours[..., :3] @ np.array([0.299, 0.587, 0.114])
    order = np.argsort(values.to_numpy().ravel())
    assert (np.diff(lightness.ravel()[order]) <= 1e-9).all()
    assert len(axes.texts) == values.size


def test_a_laplace_curve_has_the_area_of_its_histogram() -> None:
    edges = np.linspace(-10, 10, 401)
    counts = np.histogram(np.random.default_rng(0).laplace(0.1, 0.4, 2000), edges)[0].astype(float)
    axes = judging_figures.draw_residuals(Figure().subplots(), edges, counts, 0.1, 0.4, "A")
    curve = next(line for line in axes.lines if len(line.get_xdata()) > 2)
    area = np.trapezoid(curve.get_ydata(), curve.get_xdata())
    assert area == pytest.approx(counts.sum() * (edges[1] - edges[0]), rel=0.01)


def test_pickers_differ_by_line_and_marker_not_by_colour_alone() -> None:
    look = judging_figures.styles([f"p{i}" for i in range(10)], ["p8", "p9"])
    assert len({(str(each["linestyle"]), each["marker"]) for each in look.values()}) == 10
    assert all(mpl.colors.is_color_like(each["color"]) for each in look.values())
