"""Waveforms in, forecast out: the walk-through of docs/ on a small case."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from terrella.formats.catalogues.forecast_grid import read_forecast
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.waveforms.picks import read_picks

SCRIPT = Path(__file__).parents[2] / "docs" / "waveforms_to_forecast.py"


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a walk with five events and seven stations, and what it printed."""
    folder = tmp_path_factory.mktemp("walk")
    made = subprocess.run(
        [sys.executable, SCRIPT, folder, "--hours", "1", "--events", "5", "--stations", "7", "--seed", "3"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    return folder, made.stdout


def test_events_are_found_and_no_others(walked: tuple[Path, str]) -> None:
    folder, said = walked
    found = re.search(r"(\d) of 5 true events found, 0 that never were", said)
    assert found is not None
    assert int(found[1]) >= 4  # the smallest is hardly above the noise
    catalogue, _ = read_catalogue(folder / "catalogue.parquet")
    assert len(catalogue) == int(found[1])
    assert catalogue.magnitude_types == ("ml",)
    assert np.isfinite(catalogue.magnitude).all()


def test_each_event_says_which_picks_are_its_own(walked: tuple[Path, str]) -> None:
    folder, _ = walked
    (picks, _), used = read_picks(folder / "picks.csv"), pd.read_csv(folder / "catalogue.assignments.csv")
    assert len(used) <= len(picks)
    assert set(used["trace_id"]) <= set(picks["trace_id"])
    assert used.groupby("event_id").size().min() >= 8
    assert used["residual_s"].abs().max() < 3


def test_the_forecast_starts_after_the_last_event(walked: tuple[Path, str]) -> None:
    folder, _ = walked
    catalogue, _ = read_catalogue(folder / "catalogue.parquet")
    forecast = read_forecast(folder / "forecast.nc")
    assert forecast.issue_time_utc > catalogue.time_utc[-1]
    assert np.nanmax(forecast.probability) > 0
    assert (folder / "forecast.png").is_file()
