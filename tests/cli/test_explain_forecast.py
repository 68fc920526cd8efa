"""What past events add to a forecast: it is the forecast, and of ETAS its triggering probabilities."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typed_commands import run

from terrella.engine.explain.methods import explain
from terrella.engine.use.bundle import load_bundle
from terrella.forecast.asked import Asked
from terrella.forecast.explaining import of_cell, question
from terrella.forecast.features.kernel_sums import kernel_around, sums_at
from terrella.forecast.issuing import issue
from terrella.forecast.models import Gain
from terrella.forecast.prediction import forecaster_at
from terrella.forecast.storage import from_bundle
from terrella.formats.catalogues.read import read_catalogue

pytest.importorskip("captum")
BEFORE = Path(__file__).parents[1] / "data/before/forecast"
TIME = np.datetime64("2008-03-01", "us")
SURE, UNSURE = Gain(0.1, 0.05, 0.2), Gain(0.1, -0.05, 0.2)


def ready(trained, catalogue_file, *gains):
    models = replace(from_bundle(load_bundle(trained, "forecast")), gains=gains)
    return forecaster_at(models, read_catalogue(catalogue_file)[0], TIME)


@pytest.mark.parametrize("gains", [(SURE, UNSURE), (UNSURE, UNSURE)])
def test_all_events_together_give_what_is_issued(trained, catalogue_file, gains):
    forecaster = ready(trained, catalogue_file, *gains)
    mean = issue(forecaster, TIME).mean
    for horizon in range(2):
        cells = [int(mean[horizon].argmax()), 5]
        for cell in cells:
            asked = of_cell(forecaster, TIME, cell, horizon, Asked())
            whole = float(asked.of(asked.network, asked.inputs[None]))
            assert whole == pytest.approx(float(mean[horizon, cell]), rel=1e-3)


def test_of_etas_the_parts_are_its_triggering_probabilities(trained, catalogue_file):
    forecaster = ready(trained, catalogue_file, UNSURE, UNSURE)
    calibrations = {name: (replace(each[0], intercept=0.0, slope=1.0),) * 2
                    for name, each in forecaster.models.calibrations.items()}  # fmt: skip
    forecaster = replace(forecaster, models=replace(forecaster.models, calibrations=calibrations))
    cell = int(issue(forecaster, TIME).mean[0].argmax())
    asked = of_cell(forecaster, TIME, cell, 0, Asked())
    found = explain(asked, "integrated")
    assert np.allclose(found.values / found.output, asked.axes[0].more["etas_share"], atol=1e-6)
    assert found.values.sum() + found.reference == pytest.approx(found.output)


def test_the_weights_around_a_cell_are_those_of_the_sums(trained, catalogue_file):
    around = ready(trained, catalogue_file, SURE, SURE).around
    columns = len(around.cells)
    values = np.random.default_rng(0).random((1, 1, columns), np.float32)
    for table in around.tables:
        for column in (0, columns // 2, columns - 1):
            expected = sums_at([table], values, np.zeros(1, int), np.array([column]))[0]
            assert kernel_around(table, column) @ values[0, 0] == pytest.approx(
                float(expected[0, 0]), rel=1e-4
            )


def test_the_command_leaves_parts_a_report_and_figures(trained, catalogue_file, tmp_path, capsys):
    typed = ("forecast", "explain", catalogue_file, "--bundle", trained)
    time = ("--issue-time", "2008-03-01")
    assert run(*typed, *time, "-o", tmp_path / "why.csv", "--events", 20) == 0
    said = capsys.readouterr().out
    assert "weights drawn anew" in said
    table = pd.read_csv(tmp_path / "why.csv")
    assert {"adds", "etas_share", "magnitude", "time_utc"} <= set(table.columns)
    assert table["part"].max() == 20
    for name in ("why.html", "why_events.png", "why_curves.png"):
        assert (tmp_path / name).is_file()
    for more, words in (
        (["--longitude", 40, "--latitude", 2], "lies in no cell"),
        (["--longitude", 2], "give both --longitude and --latitude"),
        (["--horizon-days", 3], "the bundle has 1, 7"),
    ):
        assert run(*typed, *time, "-o", tmp_path / "bad.csv", *more) == 2
        assert words in " ".join(capsys.readouterr().err.split())
        assert not (tmp_path / "bad.csv").exists()
    assert run(*typed, "-o", tmp_path / "why.txt") == 2
    assert "written as .nc, .csv, .json" in " ".join(capsys.readouterr().err.split())


def test_a_bundle_of_another_task_or_of_an_early_version_is_refused(
    trained, catalogue_file, tmp_path, capsys
):
    typed = ("-o", tmp_path / "why.nc", "--bundle")
    assert run("motion", "explain", catalogue_file, *typed, trained) == 2
    assert "is a bundle of the task 'forecast', not of 'motion'" in " ".join(capsys.readouterr().err.split())
    assert run("forecast", "explain", BEFORE / "catalogue.csv.gz", *typed, BEFORE / "finished") == 2
    assert "of an early version, whose surroundings are boxes" in " ".join(capsys.readouterr().err.split())


def test_a_unet_is_refused(trained, catalogue_file, monkeypatch):
    models = from_bundle(load_bundle(trained, "forecast"))
    models.network.context = models.network.body
    monkeypatch.setattr("terrella.forecast.new_region.from_bundle", lambda bundle: models)
    with pytest.raises(Exception, match="sees whole maps"):
        question(str(catalogue_file), str(trained), Asked(issue_time="2008-03-01"), lambda event: None)
