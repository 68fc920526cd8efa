"""What judging leaves: scores.json in the documented form, and a page that needs nothing but itself."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from terrella.engine.judge import Interval
from terrella.engine.judge.document import signed
from terrella.engine.judge.report import (
    Page,
    Picture,
    Section,
    Table,
    gain_tables,
    score_tables,
    write_report,
)


class _Elements(HTMLParser):
    """Collects tags with their attributes, and checks that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def written(tmp_path: Path) -> tuple[str, list[Path]]:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1])
    rows = [
        ("climatology", [Interval(0.01, 0.005, 0.02), "–"]),
        ("ETAS", [Interval(0.02, 0.02, 0.02), Interval(0.1, -0.1, 0.3)]),
        ("network", [Interval(-0.25, np.nan, np.nan), Interval(np.nan, np.nan, np.nan)]),
    ]
    page = Page(
        title="Earthquakes <in> California",
        lead="A lead.",
        sections=[
            Section(
                "Scores",
                "First paragraph.\n\nSecond.",
                [Table("Seven days", ["Brier score", "gain"], rows, [3, 2], "network")],
                [Picture("gain", figure, "A caption.", "A line that rises.")],
            ),
            Section("Settings", preformatted='seed = 0\nname = "a & b"'),
        ],
    )
    paths = write_report(page, tmp_path / "report.html", tmp_path / "figures")
    return (tmp_path / "report.html").read_text(encoding="utf-8"), paths


def test_page_is_well_formed_and_loads_nothing_from_elsewhere(written: tuple[str, list[Path]]) -> None:
    html, _ = written
    elements = _Elements()
    elements.feed(html)
    assert elements.open == []
    for tag, attributes in elements.found:
        assert tag not in ("script", "link", "iframe")
        assert all(v is None or v.startswith("data:") for k, v in attributes.items() if k in ("src", "href"))
    assert "url(" not in html
    assert "@import" not in html


def test_pictures_are_in_the_page_described_and_beside_it(written: tuple[str, list[Path]]) -> None:
    html, paths = written
    assert [path.name for path in paths] == ["report.html", "gain.png"]
    embedded = re.findall(r'src="data:image/png;base64,([^"]+)" alt="([^"]+)"', html)
    assert [alt for _, alt in embedded] == ["A line that rises."]
    assert base64.b64decode(embedded[0][0]) == paths[1].read_bytes()
    assert paths[1].read_bytes().startswith(b"\x89PNG")


def test_table_shows_values_over_their_intervals(written: tuple[str, list[Path]]) -> None:
    html, _ = written
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert "climatology 0.010 0.005 to 0.020 –" in text
    assert "ETAS 0.020 0.10 −0.10 to 0.30" in text  # the first is certain, so no interval
    assert "network −0.250 –" in text  # no interval, and no number
    assert "nan" not in text.split("</style>")[-1]
    assert "First paragraph." in text
    assert "Second." in text


def test_text_is_escaped(written: tuple[str, list[Path]]) -> None:
    html, _ = written
    assert "Earthquakes &lt;in&gt; California" in html
    assert "a &amp; b" in html


def test_numbers_that_round_to_zero_have_no_sign(tmp_path: Path) -> None:
    rows = [("x", [Interval(-0.0004, -0.3, 0.2)])]
    page = Page("t", "l", sections=[Section("s", tables=[Table("c", ["v"], rows, [3])])])
    write_report(page, tmp_path / "r.html", tmp_path)
    text = (tmp_path / "r.html").read_text()
    assert "0.000" in text
    assert "−0.000" not in text
    assert "−0.300" in text


def test_a_gain_has_as_many_decimals_as_its_interval_needs():
    assert signed(Interval(0.0007, -0.0001, 0.0015)) == "+0.0007 [-0.0001, +0.0015]"
    assert signed(Interval(0.082, 0.071, 0.094), " to ") == "+0.082 [+0.071 to +0.094]"


def test_a_table_of_a_document_leaves_out_models_without_scores_and_marks_the_best():
    models = {name: {"auc": {"value": v, "low": None, "high": None}} for name, v in (("a", 0.2), ("b", 0.9))}
    (table,) = score_tables("c", {**models, "none": {}}, [("auc", "AUC (%)", 1, 100.0)], "auc")
    assert [(name, cell.value) for name, (cell,) in table.rows] == [("a", 20.0), ("b", 90.0)]
    assert table.emphasised == "b"
    assert score_tables("c", {"none": {}}, [("auc", "AUC", 3, 1.0)]) == []
    tied = {**models, "c": models["b"]}
    assert score_tables("c", tied, [("auc", "AUC", 3, 1.0)], "auc")[0].emphasised == ""


def test_gains_stand_by_model_and_score_in_the_units_of_their_column() -> None:
    pairs = [
        {"score": "rmse", "model": "network", "over": "line", "gain": 0.5, "low": 0.25, "high": None},
        {"score": "crps", "model": "network", "over": "mean", "gain": None, "low": None, "high": None},
    ]
    columns = [("rmse", "RMSE (ms)", 1, 1000.0), ("bias", "bias", 3, 1.0), ("crps", "CRPS", 2, 1.0)]
    (table,) = gain_tables("Gains", pairs, columns)
    assert (table.columns, table.digits) == (["RMSE (ms)", "CRPS"], [1, 2])
    (line, (rmse, _)), (mean, (none, crps)) = table.rows
    assert (line, mean) == ("over line", "over mean")
    assert isinstance(rmse, Interval)
    assert (rmse.value, rmse.low, np.isnan(rmse.high)) == (500, 250, True)
    assert isinstance(none, Interval)
    assert isinstance(crps, Interval)
    assert np.isnan([none.value, crps.value]).all()
    assert gain_tables("Gains", pairs, columns[1:2]) == []
