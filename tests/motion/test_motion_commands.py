"""`terrella motion` as a user types it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from motion_cases import SMALL, run

from terrella.motion.demo import demo_settings
from terrella.motion.flatfile.read import Reading, read_flatfile
from terrella.motion.flatfile.write import as_table
from terrella.motion.learning.held_out import CLASSICAL
from terrella.motion.model import load_model
from terrella.motion.synthetic import make_synthetic


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert run("train", "--run", folder, "--no-plan", *SMALL) == 0
    return folder


@pytest.fixture(scope="module")
def judged(trained):
    assert run("judge", "--run", trained, "--judge.no-pygmm", "--judge.no-boosting") == 0
    return trained


def said(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_a_training_leaves_its_run_and_is_not_done_twice(trained, capsys):
    for name in ("settings.toml", "events.jsonl", "metrics.csv", "model/model.safetensors", "model/card.md"):
        assert (trained / name).is_file()
    assert run("train", "--run", trained) == 0
    assert "this training is finished" in said(capsys)


def test_judging_leaves_scores_beside_baselines_and_a_report(judged):
    document = json.loads((judged / "scores.json").read_text())
    assert list(document["models"]) == ["network", "BSSA14", "BSSA14 shifted", "linear mixed-effects"]
    for own in document["models"].values():
        sigma, tau, phi = (own[f"{name}@PGA"]["value"] for name in ("sigma", "tau", "phi"))
        assert np.isclose(sigma, np.hypot(tau, phi), rtol=1e-5)
        assert own["sigma@PGA"]["low"] <= sigma <= own["sigma@PGA"]["high"]
    assert {pair["over"] for pair in document["paired"]} == set(list(document["models"])[1:])
    page = (judged / "report.html").read_text()
    for words in ("events and stations that no model saw", "fold by fold of events", "Where Rjb comes from"):
        assert words in page
    assert "σ less by" in (judged / "model/card.md").read_text()


def test_the_truth_of_synthetic_records_is_approached(judged):
    document = json.loads((judged / "scores.json").read_text())
    published = document["models"]["BSSA14"]["sigma@PGA"]["value"]
    assert document["models"]["network"]["sigma@PGA"]["value"] < published


def test_show_prints_scores_and_choices(judged, capsys):
    assert run("show", judged) == 0
    shown = capsys.readouterr().out
    assert "PGA: predict uses" in shown
    assert "σ less than that of BSSA14 by" in shown


def test_predictions_have_units_deviations_and_a_flag_where_extrapolated(trained, tmp_path, capsys):
    table = pd.DataFrame({"magnitude": [4.5, 8.2], "epi_dist": [80.0, 2.0], "vs30": [400.0, 760.0]})
    table.to_csv(tmp_path / "scenarios.csv", index=False)
    for name in ("out.csv", "out.parquet"):
        assert run("predict", tmp_path / "scenarios.csv", "--bundle", trained, "-o", tmp_path / name) == 0
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["extrapolated"].tolist() == [False, True]
    assert found["rjb_from"].str.startswith("epicentral").all()
    assert np.allclose(found["PGA_sigma_ln"], np.hypot(found["PGA_tau_ln"], found["PGA_phi_ln"]))
    assert 1e-4 < found["PGA_g"][0] < found["PGA_g"][1] < 5
    assert "1 of them are extrapolated" in " ".join(capsys.readouterr().out.split())
    assert len(pd.read_csv(tmp_path / "out.csv")) == 2


def test_the_model_chosen_for_a_measure_is_the_one_that_predicts(trained):
    model = load_model(trained)
    records = make_synthetic(5, 20, model.measures, 9).records
    every = {name: _with(model, name).median(records) for name in ("network", *CLASSICAL)}
    for at, name in enumerate(model.trusted):
        assert np.allclose(model.median(records)[:, at], every[name][:, at])
    assert not np.allclose(every["network"], every["BSSA14 shifted"])


def _with(model, name):
    from dataclasses import replace

    return replace(model, trusted=(name,) * len(model.measures))


def test_data_writes_a_flatfile_that_trains(tmp_path, capsys):
    made = make_synthetic(40, 30, ("PGA",), 2).records
    as_table(made).rename(columns={"rjb_km": "epi_dist"}).to_csv(tmp_path / "given.csv", index=False)
    assert run("data", tmp_path / "given.csv", "-o", tmp_path / "ours.csv") == 0
    assert "rows have no Rjb: it is estimated from the epicentral distance" in " ".join(
        capsys.readouterr().out.split()
    )
    assert pd.read_csv(tmp_path / "ours.csv")["rjb_from"].str.startswith("epicentral").all()
    folder = tmp_path / "run"
    arguments = ["--data.event-folds", 2, "--data.station-folds", 2, "--fit.epochs", 1, "--no-plan"]
    arguments += ["--network.drift-years", 0]
    assert run("train", tmp_path / "ours.csv", "--run", folder, *arguments) == 0
    assert load_model(folder).measures == ("PGA",)
    other = make_synthetic(20, 10, ("PGA",), 8).records
    as_table(_renamed(other)).to_csv(tmp_path / "other.csv", index=False)
    quiet = ["--judge.no-pygmm", "--judge.no-boosting", "--judge.resamples", 20]
    assert run("judge", tmp_path / "other.csv", "--run", folder, *quiet) == 0
    assert json.loads((folder / "scores.json").read_text())["data"].endswith("other.csv")
    capsys.readouterr()
    assert run("judge", tmp_path / "ours.csv", "--run", folder, "--split", "dev", *quiet) == 2
    assert "motion has no dev split" in said(capsys)


def _renamed(records):
    from dataclasses import replace

    event, station = (np.char.add("other ", each) for each in (records.event, records.station))
    return replace(records, event=event, station=station)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data.split", "random"], "a random split puts records of one event"),
        (["--data.measures", "PGD"], "'PGD' is no measure"),
    ],
)
def test_settings_at_fault_are_told_in_a_line(tmp_path, capsys, arguments, words):
    assert run("train", "--run", tmp_path / "run", *SMALL, *arguments) == 2
    told = said(capsys)
    assert words in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("folds", "words"), [(500, "are too few for 500 folds of events"), (1, "event-folds")]
)
def test_folds_that_cannot_be_are_told(tmp_path, capsys, folds, words):
    assert run("train", "--run", tmp_path / "run", "--data.events", 60, "--data.event-folds", folds) == 2
    assert words in said(capsys).replace("_", "-")


def test_measures_that_a_file_lacks_are_told(tmp_path, capsys):
    as_table(make_synthetic(40, 30, ("PGA",), 2).records).to_csv(tmp_path / "given.csv", index=False)
    assert run("train", tmp_path / "given.csv", "--run", tmp_path / "run", "--data.measures", "PGV") == 2
    assert "has none of PGV; it has PGA" in said(capsys)


def test_a_plan_without_data_says_what_it_assumes(capsys):
    assert run("plan", "--samples", 500, "--data.event-folds", 2, "--data.station-folds", 2) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "residual" in shown


def test_the_demo_takes_real_records_where_some_are_at_hand(tmp_path, monkeypatch):
    monkeypatch.setenv("TERRELLA_DATA", str(tmp_path))
    settings, words = demo_settings(0, None)
    assert settings.data.flatfile == "synthetic"
    assert "synthetic records" in words
    (tmp_path / "motion").mkdir()
    (tmp_path / "motion/esm_balkans_1607.csv.gz").touch()
    assert demo_settings(0, None)[0].data.flatfile.endswith("esm_balkans_1607.csv.gz")


def test_real_records_are_read_with_findings(shared_data):
    from terrella.motion.flatfile.read import Reading, read_flatfile

    balkans = read_flatfile(shared_data / "motion/esm_balkans_1607.csv.gz", Reading({}))
    assert (len(balkans), len(set(balkans.event)), len(set(balkans.station))) == (1568, 309, 114)
    california = read_flatfile(shared_data / "motion/KBflatfile.csv", Reading({}))
    assert (len(california), len(set(california.event))) == (1060, 7)
    assert any("795 of 1,060 rows have no Rjb" in finding for finding in california.findings)


def test_what_predictors_add_is_the_prediction_and_faults_are_told(trained, tmp_path, capsys):
    pytest.importorskip("captum")
    scenarios = tmp_path / "scenarios.csv"
    table = {"magnitude": [6.2, 4.1], "rjb": [12.0, 80.0], "vs30": [300.0, 760.0], "mechanism": ["NS", "SS"]}
    pd.DataFrame(table).to_csv(scenarios, index=False)
    typed = ("explain", scenarios, "--bundle", trained, "-o", tmp_path / "why.json")
    assert run(*typed, "--row", 2, "--measure", "SA(1)") == 0
    told = json.loads((tmp_path / "why.json").read_text())
    assert sum(told["elements"]["adds"]) == pytest.approx(told["output"] - told["reference"], rel=0.01)
    assert told["elements"]["predictor"][0] == "magnitude"
    model = load_model(trained)
    model = replace(model, trusted=("network",) * len(model.measures))
    expected = model.median(read_flatfile(scenarios, Reading({}, motions=False)))[
        1, model.measures.index("SA(1)")
    ]
    assert told["output"] == pytest.approx(expected, rel=1e-4)
    assert (tmp_path / "why_predictors.png").is_file()
    for more, words in ((["--row", 3], "has 2 scenarios"), (["--measure", "PGX"], "predicts PGA, SA(1)")):
        assert run(*typed, *more) == 2
        assert words in said(capsys)


def test_there_is_no_smaller_form_and_why(trained, capsys):
    assert run("compress", "--run", trained) == 2
    assert "motion has no smaller forms of its network: a" in said(capsys)
