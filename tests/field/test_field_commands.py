"""`terrella field` as a user types it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from field_cases import SMALL, annual_file, igrf_like, run, shc_text

from terrella.field.asked import Asked
from terrella.field.demo import demo_settings
from terrella.field.explaining import question
from terrella.field.harmonics.schmidt import field_at, rms_at_surface
from terrella.field.harmonics.shc import read_shc
from terrella.field.judging.generations import read_generations
from terrella.field.judging.truth import compared_with_truth
from terrella.field.model import load_model
from terrella.field.observatories.read import read_observatories
from terrella.field.observatories.write import as_table
from terrella.field.settings import FieldSettings
from terrella.field.simulated import N_MAX, simulate


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert run("train", "--run", folder, "--no-plan", *SMALL) == 0
    return folder


@pytest.fixture(scope="module")
def judged(trained):
    assert run("judge", "--run", trained) == 0
    return trained


@pytest.fixture(scope="module")
def annual(tmp_path_factory):
    """Annual means of the simulated field of the training, four years longer."""
    path = tmp_path_factory.mktemp("given") / "annual.csv"
    as_table(simulate(40, 28, 0).observatories).to_csv(path, index=False)
    return path


def steady_rows(first: int, number: int) -> str:
    """Return annual means whose X grows by 10 nT a year, and Z by 20."""
    row = "  {}.500   0 00.0  70 00.0  16000  {}     0  {}  46819 A  XYZ\n"
    return "".join(row.format(first + k, 16000 + 10 * k, 44000 + 20 * k) for k in range(number))


def said(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_a_training_leaves_its_run_and_is_not_done_twice(trained, capsys):
    for name in ("settings.toml", "events.jsonl", "metrics.csv", "model/model.safetensors", "model/card.md"):
        assert (trained / name).is_file()
    assert run("train", "--run", trained) == 0
    assert "this training is finished" in said(capsys)


def test_judging_leaves_scores_beside_baselines_and_a_report(judged):
    document = json.loads((judged / "scores.json").read_text())
    assert list(document["models"]) == [
        "network", "persistence", "last SV", "linear, 3 years", "quadratic, 3 years", "filtered SV",
    ]  # fmt: skip
    for own in document["models"].values():
        squares = [own[f"rms_{c}"]["value"] ** 2 for c in ("r", "theta", "phi")]
        assert np.isclose(own["rms"]["value"], np.sqrt(np.mean(squares)), rtol=1e-5)
        assert own["rms"]["low"] <= own["rms"]["value"] <= own["rms"]["high"]
        assert 0 < own["coverage50"]["value"] < own["coverage90"]["value"] <= 1
    assert document["models"]["network"]["rms"]["value"] < document["models"]["persistence"]["rms"]["value"]
    page = (judged / "report.html").read_text()
    for words in ("areas resampled", "Issue years", "knew nothing that came after its block"):
        assert words in page
    assert "RMS less by" in (judged / "model/card.md").read_text()


def test_show_and_cite_tell_of_a_run(judged, capsys):
    assert run("show", judged) == 0
    shown = capsys.readouterr().out
    assert "RMS less than that of last SV by" in shown
    from terrella.cli.main import main

    with pytest.raises(SystemExit):
        main(["cite", str(judged)])
    assert "Gillet2013" in capsys.readouterr().out


def test_later_means_are_judged_by_what_came_after_the_training(trained, annual, tmp_path, capsys):
    run_folder = tmp_path / "run"
    shutil.copytree(trained, run_folder)
    assert run("judge", annual, "--run", run_folder) == 0
    assert json.loads((run_folder / "scores.json").read_text())["data"] == "annual.csv"
    made = simulate(40, 24, 0).observatories
    as_table(made).iloc[:-1].to_csv(tmp_path / "older.csv", index=False)
    assert run("judge", tmp_path / "older.csv", "--run", run_folder) == 2
    assert "has no annual means after" in said(capsys)
    assert run("judge", "--run", run_folder, "--split", "dev") == 2
    assert "the split test alone" in said(capsys)


def test_forecasts_of_annual_means_have_intervals_units_and_frames(trained, annual, tmp_path, capsys):
    for name in ("out.csv", "out.parquet"):
        assert run("predict", annual, "--bundle", trained, "-o", tmp_path / name, "--year", 2020.5) == 0
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert (found["year"] == 2025.5).all()
    assert (found["frame"] == "geocentric").all()
    for letter in "XYZ":
        low, value, high = (found[f"{letter}_{part}nt"] for part in ("low90_", "", "high90_"))
        assert ((low < value) & (value < high)).all()
        assert (found[f"{letter}_low50_nt"] > low).all()
    assert np.allclose(found["F_nt"], np.sqrt(found["X_nt"] ** 2 + found["Y_nt"] ** 2 + found["Z_nt"] ** 2))
    given, truth = simulate(40, 28, 0).observatories, simulate(40, 30, 0).truth
    at = {site.code: k for k, site in enumerate(given.sites)}
    site = [at[code] for code in found["observatory"]]
    places = given.radius_km[site], given.latitude[site], given.longitude[site]
    down = -(given.field[23, site] + field_at(truth[28] - truth[23], *places, N_MAX))[:, 0]
    assert np.sqrt(((found["Z_nt"] - down) ** 2).mean()) < 150  # persistence is off by several hundred nT
    capsys.readouterr()
    assert run("predict", annual, "--bundle", trained, "-o", tmp_path / "out.csv", "--year", 1950.5) == 2
    assert "has no annual means of 1950.5" in said(capsys)


def test_one_observatory_alone_is_forecast_by_its_last_rate_or_beside_others(
    trained, annual, tmp_path, capsys
):
    path = annual_file(tmp_path, steady_rows(2017, 5))
    model = replace(load_model(trained), trusted="filtered SV")
    assert model.forecast(read_observatories(path))[2] == "last SV"
    assert model.forecast(read_observatories(path), read_observatories(annual))[2] == "filtered SV"
    assert run("predict", path, "--bundle", trained, "-o", tmp_path / "out.csv") == 0
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["X_nt"][0] == pytest.approx(16090, abs=0.1)
    assert found["Z_nt"][0] == pytest.approx(44180, abs=0.1)
    assert found["frame"][0] == "geodetic"
    assert run("predict", path, "--bundle", trained, "-o", tmp_path / "out.csv", "--beside", annual) == 0
    assert pd.read_csv(tmp_path / "out.csv")["observatory"].tolist() == ["NAQ"]
    capsys.readouterr()
    path = annual_file(tmp_path, steady_rows(2017, 3))
    assert run("predict", path, "--bundle", trained, "-o", tmp_path / "out.csv", "--beside", annual) == 2
    assert "3 annual means are too few" in said(capsys)


def test_coefficients_are_carried_on(trained, tmp_path, capsys):
    years, values = igrf_like(6)
    (tmp_path / "made.shc").write_text(shc_text(years, values, 6))
    assert run("predict", tmp_path / "made.shc", "--bundle", trained, "-o", tmp_path / "later.shc") == 0
    found, given = read_shc(tmp_path / "later.shc"), read_shc(tmp_path / "made.shc")
    assert found.epochs.tolist() == [2025.0, 2030.0]
    model = load_model(trained)
    rate = given.rate_at(2025.0)
    expected = given.at(2025.0) + 5 * rate
    if model.trusted == "network":
        expected = expected + (12.5 + 5 * 2.5) * model.acceleration(rate, 6)
    assert np.allclose(found.at(2030.0), expected, atol=1e-3)
    for output, words in (("later.csv", "must end in .shc"), ("x.shc", "lies beyond the epochs")):
        year = ["--year", 2040] if output == "x.shc" else []
        assert run("predict", tmp_path / "made.shc", "--bundle", trained, "-o", tmp_path / output, *year) == 2
        assert words in said(capsys)


def test_show_draws_any_coefficients(tmp_path, capsys):
    years, values = igrf_like(4)
    (tmp_path / "made.shc").write_text(shc_text(years, values, 4))
    assert run("show", tmp_path / "made.shc", "--output", tmp_path / "maps.png", "--year", 2018) == 0
    assert (tmp_path / "maps.png").read_bytes()[:4] == b"\x89PNG"
    assert "RMS secular variation" in capsys.readouterr().out
    assert run("show", tmp_path / "made.shc", "--output", tmp_path / "maps.pdf") == 2
    assert "must end in .png" in said(capsys)
    (tmp_path / "made.txt").write_text("")
    assert run("show", tmp_path / "made.txt") == 2
    assert "neither a run's folder" in said(capsys)


def test_data_writes_annual_means_that_train(tmp_path, capsys):
    assert run("data", annual_file(tmp_path, steady_rows(1990, 6)), "-o", tmp_path / "ours.csv") == 0
    assert "6 annual means written" in " ".join(capsys.readouterr().out.split())
    assert run("train", tmp_path / "ours.csv", "--run", tmp_path / "run") == 2
    told = said(capsys)
    assert "6 years are too few to forecast 5 years ahead" in told
    assert "Traceback" not in told


def test_a_plan_needs_no_data(capsys):
    assert run("plan", "--samples", 500) == 0
    assert "acceleration" in " ".join(capsys.readouterr().out.split())


def test_the_demo_takes_real_means_if_at_hand_and_knows_the_truth_of_others(tmp_path, monkeypatch, trained):
    monkeypatch.setenv("TERRELLA_DATA", str(tmp_path))
    settings, words = demo_settings(0, None)
    assert settings.data.observatories == "simulated"
    assert "simulated observatories" in words
    (tmp_path / "field").mkdir()
    (tmp_path / "field/observatory_annual_1997_2023.csv.gz").touch()
    settings, words = demo_settings(0, None)
    assert settings.judge.generations == str(tmp_path / "field")
    assert "CHAOS-7.15" in words
    small = FieldSettings.model_validate({"data": {"sites": 40, "years": 24, "degree": 5}})
    assert "the true drift is 0.27° a year westward" in compared_with_truth(trained, small)


def test_published_forecasts_of_the_igrf_are_reproduced(shared_data):
    """RMS at the surface, nT, of what each generation said, and of its last five years' rate."""
    found = read_generations(shared_data / "field")
    newest = found[14]
    for number, begin, own, line in (
        (11, 2010, 84.6, 98.0),
        (12, 2015, 110.9, 106.7),
        (13, 2020, 106.0, 111.4),
    ):
        now = found[number].at(begin)
        came = newest.at(begin + 5) - now
        assert rms_at_surface(came - (found[number].at(begin + 5) - now), 13) == pytest.approx(own, abs=0.05)
        assert rms_at_surface(came - (now - found[number].at(begin - 5)), 13) == pytest.approx(line, abs=0.05)


def test_a_forecast_is_explained_by_all_annual_differences(trained, annual, tmp_path, capsys):
    pytest.importorskip("captum")
    typed = ("explain", annual, "--bundle", trained, "-o", tmp_path / "why.csv")
    given = read_observatories(annual)
    site, issued, _ = replace(load_model(trained), trusted="network").forecast(given)
    code = given.sites[site[3]].code
    assert run(*typed, "--observatory", code, "--component", "Y") == 0
    shown = capsys.readouterr().out
    assert "by the member that saw all pairs" in shown
    table = pd.read_csv(tmp_path / "why.csv")
    assert len(table) == np.isfinite(np.diff(given.field, axis=0)).sum()
    asked = question(str(annual), str(trained), Asked(observatory=code, component="Y"), lambda event: None)
    whole, nothing = asked.of(asked.network, torch.stack([asked.inputs, asked.baseline])).tolist()
    # Y is east: B_φ, whatever the tilt.
    assert whole == pytest.approx(issued.change[3, 2], abs=1e-3)
    assert table["adds"].sum() == pytest.approx(whole - nothing, rel=0.01)
    assert (tmp_path / "why_observatories.png").is_file()
    for more, words in (
        (["--observatory", "XXX"], "has a forecast from"),
        (["--component", "W"], "should be 'X', 'Y' or 'Z'; got 'W'"),
        (["--year", 1900.5], "has no annual means of 1900.5"),
        (["--beside", tmp_path / "missing.csv"], "missing.csv"),
    ):
        assert run(*typed, *more) == 2
        assert words in said(capsys)


def test_there_is_no_smaller_form_and_why(trained, capsys):
    assert run("compress", "--run", trained) == 2
    assert "field has no smaller forms of its network: a" in said(capsys)
