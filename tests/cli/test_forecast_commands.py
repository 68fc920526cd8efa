"""Train, judge, predict, show and data, end to end on a small catalogue."""

import json
import re
import shutil

import numpy as np
import pytest
import xarray
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typed_commands import SMALL, run

from terrella.engine.run import Run
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

ISSUE = "2008-03-01T06:00:00Z"


def test_train_leaves_a_bundle_and_its_record(trained):
    for name in ("settings.toml", "events.jsonl", "metrics.csv", "model/model.safetensors", "model/card.md"):
        assert (trained / name).is_file(), name
    card = (trained / "model" / "card.md").read_text()
    assert "Gain of the network over ETAS on validation" in card
    assert "`predict` uses" in card


def test_typed_again_training_is_not_done_again(trained, catalogue_file, capsys):
    def trainings() -> list[dict]:
        return [e for e in Run(trained).read_events() if e["kind"] in ("step", "epoch", "resumed")]

    before = trainings()
    assert run("forecast", "train", "--catalogue", catalogue_file, "--run", trained, *SMALL) == 0
    assert "this training is finished" in capsys.readouterr().err
    assert trainings() == before


@pytest.fixture(scope="module")
def judged(trained):
    assert run("forecast", "judge", "--run", trained) == 0
    return trained


def test_judge_leaves_scores_of_all_models_with_intervals(judged):
    document = json.loads((judged / "scores.json").read_text())
    assert next(iter(document["models"])) == "all-zero"
    assert set(document["models"]) >= {"climatology", "persistence", "Reasenberg–Jones", "ETAS", "network"}
    for scores in document["models"].values():
        brier = scores["brier@7d"]
        assert 0 < brier["low"] <= brier["value"] <= brier["high"] < 1
    skill = {name: scores["brier_skill@7d"]["value"] for name, scores in document["models"].items()}
    assert skill["climatology"] == 0
    assert skill["all-zero"] < 0 < skill["ETAS"]
    paired = {(p["score"], p["model"], p["over"]): p for p in document["paired"]}
    gain = paired["information_gain@1d", "network", "ETAS"]
    assert gain["low"] <= gain["gain"] <= gain["high"]


def test_the_dev_window_is_judged_as_what_the_models_have_seen(trained, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    assert run("forecast", "judge", "--run", folder, "--split", "dev", "--judge.resamples", "20") == 0
    shown = capsys.readouterr().out
    assert "dev, 2005-" in json.loads((folder / "scores.json").read_text())["split"]
    assert "Gains over ETAS" in shown
    assert "gain/eq. 1 d" in " ".join(shown.split())
    assert "training was stopped, on this window" in (folder / "report.html").read_text()
    assert "dev, 2005-" in (folder / "model/card.md").read_text()


def test_predict_says_how_old_its_catalogue_is_and_how_probable_larger_events_are(
    trained, catalogue_file, tmp_path, capsys
):
    common = ["forecast", "predict", catalogue_file, "--bundle", trained, "-o", tmp_path / "f.nc"]
    assert run(*common) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert re.search(r"the catalogue ends on 2008-12-3\S+, [\d.]+ years ago: this forecast is for", shown)
    rows = re.findall(r"M ≥ ([4-8]) ([\d.e-]+) % ([\d.e-]+) %", shown)
    assert [row[0] for row in rows] == ["4", "5", "6", "7", "8"]
    day, week = np.array([[float(v) for v in row[1:]] for row in rows]).T
    assert (np.diff(day) < 0).all()
    assert (day < week).all()
    assert re.search(r"Gutenberg–Richter with b = [01]\.\d\d", shown)
    assert run(*common, "--issue-time", "2009-03-01") == 0
    assert "what happened since then is not in this forecast" in capsys.readouterr().out
    assert run(*common, "--issue-time", ISSUE) == 0
    assert "the catalogue" not in capsys.readouterr().out


def test_the_report_is_one_page_with_its_figures(judged):
    page = (judged / "report.html").read_text()
    assert page.count("data:image/png;base64,") >= 6
    assert "http://" not in page
    assert "https://" not in page
    for name in ("forecast", "skill_by_horizon", "calibration_1d", "cumulative_gain", "training"):
        assert (judged / "figures" / f"{name}.png").stat().st_size > 10_000


def test_show_prints_the_scores_of_a_run(judged, capsys):
    assert run("forecast", "show", judged) == 0
    assert "brier@1d" in capsys.readouterr().out


def test_cite_names_what_the_run_used(judged, capsys):
    assert run("cite", judged) == 0
    shown = capsys.readouterr().out
    for key in ("Ogata1998", "Zhuang2002", "Helmstetter2007", "ReasenbergJones1989", "Brier1950"):
        assert key in shown


@pytest.mark.parametrize("suffix", [".nc", ".csv", ".dat"])
def test_predict_writes_a_forecast_and_its_map(trained, catalogue_file, tmp_path, suffix, capsys):
    output = tmp_path / f"forecast{suffix}"
    arguments = [
        "--bundle",
        trained,
        "--catalogue",
        catalogue_file,
        "--issue-time",
        ISSUE,
        "--output",
        output,
    ]
    assert run("forecast", "predict", *arguments) == 0
    assert (tmp_path / "forecast.png").stat().st_size > 10_000
    shown = capsys.readouterr().out
    assert "issued 2008-03-01T06:00:00Z" in shown
    assert f"--issue-time {ISSUE}" in " ".join(shown.partition("next: ")[2].split())
    if suffix == ".nc":
        with xarray.open_dataset(output, engine="h5netcdf", decode_timedelta=False) as data:
            assert data["probability"].dims == ("horizon", "depth", "latitude", "longitude")
            assert data.attrs["Conventions"].startswith("CF-")
            probability = data["probability"].values
        assert ((probability > 0) & (probability < 1)).all()
        assert (probability[1] > probability[0]).all()


def test_predict_never_sees_the_future(trained, catalogue_file, tmp_path):
    """Whatever stands in the catalogue at or after the issue time, the forecast is the same to the bit."""
    catalogue, _ = read_catalogue(catalogue_file)

    def predicted(events, name):
        path, output = tmp_path / f"{name}.parquet", tmp_path / f"{name}.nc"
        write_catalogue(events, path)
        arguments = ["--bundle", trained, "--catalogue", path, "--issue-time", ISSUE, "--output", output]
        assert run("forecast", "predict", *arguments) == 0
        with xarray.open_dataset(output, engine="h5netcdf", decode_timedelta=False) as data:
            return data["probability"].values, data["expected_count"].values

    whole = predicted(catalogue, "whole")
    future = catalogue.time_utc >= np.datetime64(ISSUE.removesuffix("Z"))

    @given(seed=st.integers(0, 2**32 - 1), keep=st.floats(0, 1))
    @settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def check(seed, keep):
        from dataclasses import replace

        draw = np.random.default_rng(seed)
        magnitude = np.where(future, draw.permutation(catalogue.magnitude), catalogue.magnitude)
        longitude = np.where(future, draw.permutation(catalogue.longitude), catalogue.longitude)
        scrambled = replace(catalogue, magnitude=magnitude, longitude=longitude)
        scrambled = scrambled[~future | (draw.random(len(future)) < keep)]
        for a, b in zip(whole, predicted(scrambled, "scrambled"), strict=True):
            np.testing.assert_array_equal(a, b)

    check()


def test_predict_without_events_before_the_issue_time_says_so(trained, catalogue_file, tmp_path, capsys):
    arguments = ["--bundle", trained, "--catalogue", catalogue_file, "--issue-time", "1980-01-01"]
    assert run("forecast", "predict", *arguments, "--output", tmp_path / "x.nc") == 2
    assert "before 1980-01-01" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_bundle_is_named(trained, catalogue_file, tmp_path, capsys):
    arguments = ["--bundle", tmp_path, "--catalogue", catalogue_file, "--output", tmp_path / "x.nc"]
    assert run("forecast", "predict", *arguments) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_data_cuts_and_converts(catalogue_file, tmp_path, capsys):
    output = tmp_path / "cut.parquet"
    arguments = ["--bounds", "1", "3", "1", "3", "--min-magnitude", "4", "--start", "2003-01-01"]
    assert run("forecast", "data", catalogue_file, "-o", output, *arguments) == 0
    catalogue, _ = read_catalogue(output)
    assert catalogue.magnitude.min() >= 4
    assert catalogue.longitude.min() >= 1
    assert catalogue.time_utc[0] >= np.datetime64("2003-01-01")
    assert f"{len(catalogue)} events written" in capsys.readouterr().out


def test_show_draws_a_catalogue(catalogue_file, tmp_path, capsys):
    output = tmp_path / "catalogue.png"
    assert run("forecast", "show", catalogue_file, "--output", output) == 0
    assert output.stat().st_size > 20_000
    assert "completeness" in capsys.readouterr().out
