"""`terrella forecast simulate`, end to end on a small run."""

import re

import numpy as np
import pytest
from typed_commands import run

from terrella.forecast.futures_command import share_of_futures
from terrella.formats.catalogues.forecast_grid import read_forecast
from terrella.formats.catalogues.futures import read_futures

ISSUE = "2008-03-01T06:00:00Z"


def test_simulate_writes_catalogues_and_a_grid_and_prints_probabilities(
    trained, catalogue_file, tmp_path, capsys
):
    output, grid = tmp_path / "futures.parquet", tmp_path / "futures.nc"
    common = ["--bundle", trained, "--catalogue", catalogue_file, "--issue-time", ISSUE, "--number", 400]
    capsys.readouterr()
    assert run("forecast", "simulate", *common, "--days", 3, "--output", output, "--grid", grid) == 0
    shown = capsys.readouterr().out
    futures, forecast = read_futures(output), read_forecast(grid)
    assert (len(futures), futures.days, futures.issue_time_utc) == (400, 3.0, np.datetime64(ISSUE[:-1], "us"))
    assert forecast.horizons_days == (3.0,)
    counts = np.diff(futures.start)
    assert float(re.search(r"expected\s+([\d.]+)", shown)[1]) == pytest.approx(counts.mean(), abs=0.06)
    at_least_4 = np.mean([futures.catalogue(k).magnitude.max(initial=0) > 3.9999 for k in range(400)])
    assert float(re.search(r"M ≥ 4\s+([\d.]+) %", shown)[1]) == pytest.approx(100 * at_least_4, abs=0.006)
    assert 0 < np.nansum(forecast.expected_count) <= counts.mean() + 1e-6
    assert np.nansum(forecast.expected_count) > 0.95 * counts.mean()
    assert f"written {grid}" in shown
    again = tmp_path / "again.csep"
    assert run("forecast", "simulate", *common, "--days", 3, "-o", again) == 0
    rows = again.read_text().splitlines()[1:]
    assert sum(not row.startswith(",") for row in rows) == futures.start[-1]
    assert sum(row.startswith(",") for row in rows) == (counts == 0).sum()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--issue-time", "1990-01-01"], "no event of magnitude"),
        (["--days", "-1"], "more than 0 days"),
        (["--number", "0"], "1 or more"),
        (["--seed", "-1"], "0 or more"),
        (["--output", "futures.txt"], "written as one of"),
    ],
)
def test_wrong_requests_are_named(trained, catalogue_file, arguments, message, capsys):
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    given = {"--bundle": trained, "--catalogue": catalogue_file, "--number": 10, **options}
    assert run("forecast", "simulate", *(part for pair in given.items() for part in pair)) == 2
    shown = " ".join(capsys.readouterr().err.split())
    assert message in shown


def test_help_has_an_example(capsys):
    assert run("forecast", "simulate", "--help") == 0
    assert "Example: terrella forecast simulate" in " ".join(capsys.readouterr().out.split())


def test_a_share_of_futures_claims_no_certainty():
    shares = [share_of_futures(share, 10_000) for share in (0.0, 0.00001, 0.25, 0.99999, 1.0)]
    assert shares == ["none of 10,000 futures", "< 0.01 %", "25.00 %", "> 99.99 %", "all of 10,000 futures"]
