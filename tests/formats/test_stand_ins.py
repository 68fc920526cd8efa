"""Numbers that stand for unknown neither refuse a file nor enter a forecast."""

from pathlib import Path

import numpy as np
import pytest

from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue


def read_rows(
    tmp_path: Path, column: str, values: list[str], drop: bool = False
) -> tuple[Catalogue, list[str]]:
    place = {"latitude": "1", "longitude": "2", "depth": "8", "mag": "3.1"}
    rows = [
        ",".join(
            [f"2019-07-{i % 28 + 1:02d}T{i % 24:02d}:{i % 60:02d}:07", *({**place, column: value}).values()]
        )
        for i, value in enumerate(values)
    ]
    (tmp_path / "c.csv").write_text("\n".join([",".join(["time", *place]), *rows]))
    catalogue, findings = read_catalogue(tmp_path / "c.csv", drop_incomplete=drop)
    return catalogue, findings.lines()


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize(
    "value", ["-9", "-9.9", "-9.99", "9.9", "9.99", "99", "99.9", "-99.99", "999", "-999", "-1"]
)
def test_a_magnitude_that_stands_for_unknown_is_left_out_and_named(
    tmp_path: Path, value: str, drop: bool
) -> None:
    catalogue, lines = read_rows(tmp_path, "mag", ["3.1", value, "4.2"], drop)
    assert sorted(catalogue.magnitude.tolist()) == [3.1, 4.2]
    assert any(
        f"1 events left out whose magnitude stands for unknown ({value}): row 2" in line for line in lines
    )


def test_minus_1_among_small_magnitudes_is_one(tmp_path: Path) -> None:
    catalogue, _ = read_rows(tmp_path, "mag", ["-1", "-0.8", "-1.1", "0.3"])
    assert len(catalogue) == 4
    crowd, _ = read_rows(tmp_path, "mag", ["-1"] * 80 + ["-0.8", "0.3", "2"])
    assert sorted(crowd.magnitude.tolist()) == [-0.8, 0.3, 2.0]


@pytest.mark.parametrize("value", ["9.6", "9.95", "9.51"])
def test_a_magnitude_above_the_largest_ever_measured_is_named(tmp_path: Path, value: str) -> None:
    catalogue, lines = read_rows(tmp_path, "mag", ["3.1", value])
    assert len(catalogue) == 2
    assert any("1 events above magnitude 9.5" in line and "row 2 (line 3)" in line for line in lines)


@pytest.mark.parametrize("value", ["999", "999.9", "9999", "-999", "-99", "-9.9", "-9.99"])
def test_a_depth_that_stands_for_unknown_is_unknown(tmp_path: Path, value: str) -> None:
    catalogue, lines = read_rows(tmp_path, "depth", ["8", value, "12"])
    assert np.isnan(catalogue.depth_km).tolist() == [False, True, False]
    assert any("1 depths that stand for unknown, taken as such: row 2" in line for line in lines)


def test_depths_that_are_heights_are_told(tmp_path: Path) -> None:
    catalogue, lines = read_rows(tmp_path, "depth", ["-9", "-12", "-5.5", "0"][:1] * 2 + ["-5.5", "-8", "0"])
    assert not np.isnan(catalogue.depth_km).any()
    assert any("4 depths above sea level kept; they are most, and perhaps heights" in line for line in lines)


@pytest.mark.parametrize("column", ["latitude", "longitude"])
def test_a_place_that_stands_for_unknown_is_left_out(tmp_path: Path, column: str) -> None:
    catalogue, lines = read_rows(tmp_path, column, ["1", "999.0", "2"])
    assert len(catalogue) == 2
    assert any(f"1 events left out whose {column} stands for unknown: row 2" in line for line in lines)
