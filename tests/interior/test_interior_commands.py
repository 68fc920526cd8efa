"""`terrella interior` as a user types it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from interior_cases import SMALL, prem_table, run, write_perplex

from terrella.engine.compress.forms import as_onnx
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.errors import InputError
from terrella.interior.compressing import compression, imitated, narrower, network_of
from terrella.interior.demo import compared_with_truth, demo_settings
from terrella.interior.learning.features import INPUTS
from terrella.interior.model import QUANTILES, load_model, model_of
from terrella.interior.models.distribution import quantiles
from terrella.interior.profiles.read import read_profile
from terrella.interior.tables.grid import Observed
from terrella.nets.narrowing import narrowed_perceptron


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    for name, iron in (("lean", 0.05), ("rich", 0.15)):
        write_perplex(folder.parent / f"{name}.tab", iron)
    tables = [folder.parent / "lean.tab", folder.parent / "rich.tab"]
    assert run("train", "--data.tables", *tables, "--run", folder, "--no-plan", *SMALL) == 0
    assert run("judge", "--run", folder) == 0
    return folder


def said(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_judging_leaves_scores_beside_baselines_and_a_report(judged):
    document = json.loads((judged / "scores.json").read_text())
    names = ["network", "table inversion", "linear", "quadratic", "adiabat + linear"]
    assert list(document["models"]) == names
    for own in document["models"].values():
        assert 0 < own["crps"]["low"] <= own["crps"]["value"] <= own["crps"]["high"]
        assert 0 <= own["cover50"]["value"] <= own["cover90"]["value"] <= 1
        assert own["width50"]["value"] < own["width90"]["value"]
    assert "composition" in document["models"]["table inversion"]
    assert document["trusted"] in names
    page = (judged / "report.html").read_text()
    for words in (
        "Whole pressures and whole temperatures",
        "no network is used",
        "PREM",
        f"uses {document['trusted']}",
    ):
        assert words in page
    assert "CRPS (K)" in (judged / "model/card.md").read_text()


def test_the_inversion_is_better_than_regressions_and_is_used(judged):
    document = json.loads((judged / "scores.json").read_text())
    crps = {name: own["crps"]["value"] for name, own in document["models"].items()}
    assert crps["table inversion"] < min(crps["linear"], crps["quadratic"], crps["adiabat + linear"])
    assert document["trusted"] == "table inversion"  # after two epochs the network is no better
    assert (
        "table inversion predicts, since the network is not shown" in (judged / "model/card.md").read_text()
    )


def test_a_finished_training_is_not_done_twice_and_shown(judged, capsys):
    assert run("show", judged) == 0
    shown = capsys.readouterr().out
    assert "predict uses table inversion" in shown
    assert "the network's CRPS less than that of linear" in shown


def test_predictions_have_intervals_and_say_where_they_are_extrapolated(judged, tmp_path, capsys):
    table = prem_table([5.0, 150, 300, 320, 340, 700, 1500])
    table.loc[7] = [3000.0, 8.2, 0.0, 10000.0]
    table.loc[3, "vs_km_s"] *= 0.93
    table.to_csv(tmp_path / "given.csv", index=False)
    for name in ("out.csv", "out.parquet"):
        assert run("predict", tmp_path / "given.csv", "--bundle", judged, "-o", tmp_path / name) == 0
    found = pd.read_parquet(tmp_path / "out.parquet")
    levels = found[
        ["temperature_p05_k", "temperature_p25_k", "temperature_k", "temperature_p75_k", "temperature_p95_k"]
    ]
    assert (np.diff(levels[found["temperature_k"].notna()], axis=1) >= 0).all()
    why = found["why"].tolist()
    assert why[0] == why[5] == why[6] == "pressure outside the table"
    assert why[3] == "no rock of the table explains what is seen"
    assert why[7] == "core or water"
    assert found["temperature_k"][[0, 5, 6, 7]].isna().all()
    assert np.allclose(found[["probability_lean", "probability_rich"]].dropna().sum(axis=1), 1)
    assert len(pd.read_csv(tmp_path / "out.csv")) == 8
    shown = " ".join(capsys.readouterr().out.split())
    assert "temperatures by table inversion; pressure from density, integrated" in shown
    assert "3 extrapolated: pressure outside the table" in shown


def test_every_model_of_a_bundle_can_predict(judged):
    from dataclasses import replace

    from terrella.interior.profiles.reference import prem_profile

    model, seen = load_model(judged), prem_profile().observed()
    seen = seen.rows((seen.pressure_gpa > 2) & (seen.pressure_gpa < 12))
    for name in model.models.names:
        t = replace(model, trusted=name).temperatures(seen).quantiles_k
        expected = quantiles(model.cumulative(name, seen), model.models.edges, QUANTILES)
        assert np.allclose(t, expected, atol=0.1)


def test_judging_on_another_table(judged, tmp_path, capsys):
    write_perplex(tmp_path / "other.tab", 0.25, temperatures=(1450.0, 50.0, 5))
    assert run("judge", tmp_path / "other.tab", "--run", judged) == 0
    assert json.loads((judged / "scores.json").read_text())["data"] == "other.tab"
    write_perplex(tmp_path / "hot.tab", 0.1, temperatures=(2500.0, 50.0, 5))
    assert run("judge", tmp_path / "hot.tab", "--run", judged) == 2
    assert "has no cell within the pressures and temperatures" in said(capsys)
    (judged.parent / "lean.tab").rename(tmp_path / "lean.tab")
    assert run("judge", "--run", judged) == 2
    assert "no such file" in said(capsys)


def test_a_damaged_bundle_is_told(judged, tmp_path, capsys):
    import shutil

    from terrella.engine.tensor_file import read_tensors, write_tensors

    shutil.copytree(judged / "model", tmp_path / "model")
    tensors, header = read_tensors(tmp_path / "model/model.safetensors")
    write_tensors(
        tmp_path / "model/model.safetensors", {k: v for k, v in tensors.items() if k != "noise"}, header
    )
    prem_table().to_csv(tmp_path / "given.csv", index=False)
    assert (
        run("predict", tmp_path / "given.csv", "--bundle", tmp_path / "model", "-o", tmp_path / "o.csv") == 2
    )
    assert "lacks the tensor noise" in said(capsys)
    assert run("predict", tmp_path / "given.csv", "--bundle", judged, "-o", tmp_path / "o.txt") == 2
    assert "name it .csv or .parquet" in said(capsys)


def test_data_writes_a_table_that_is_read_again(tmp_path, capsys):
    write_perplex(tmp_path / "rock.tab")
    assert run("data", tmp_path / "rock.tab", "-o", tmp_path / "ours.csv") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "168 cells written" in shown
    assert "so that it has adiabats" in shown


def test_settings_at_fault_are_told_in_a_line(tmp_path, capsys):
    assert run("train", "--run", tmp_path / "run", "--data.iron", 0.9) == 2
    assert "between 0 and 0.3" in said(capsys)
    assert run("train", "--data.tables", "simulated", "x.tab", "--run", tmp_path / "run") == 2
    assert "simulated rocks stand alone" in said(capsys)


def test_a_plan_without_data(capsys):
    assert run("plan", "--data.draws", 500) == 0
    assert "temperature" in " ".join(capsys.readouterr().out.split())


def test_the_demo_takes_a_real_table_where_one_is_at_hand(tmp_path, monkeypatch, judged):
    monkeypatch.setenv("TERRELLA_DATA", str(tmp_path))
    settings, words = demo_settings(0, None)
    assert settings.data.tables == ("simulated",)
    assert "simulated rocks" in words
    (tmp_path / "interior").mkdir()
    (tmp_path / "interior/in23_1.tab").touch()
    settings, _ = demo_settings(0, None)
    assert settings.data.tables[0].endswith("in23_1.tab")
    assert "terrella interior predict" in compared_with_truth(judged, settings)


def test_a_temperature_is_explained_by_what_is_seen(judged, tmp_path, capsys):
    pytest.importorskip("captum")
    profile = tmp_path / "prem.csv"
    prem_table([20.0, 120.0, 150.0, 300.0, 2950.0]).to_csv(profile, index=False)
    typed = ("explain", profile, "--bundle", judged, "-o", tmp_path / "why.json")
    assert run(*typed, "--row", 3) == 0
    assert "predict uses table inversion; what is explained is the network" in capsys.readouterr().out
    told = json.loads((tmp_path / "why.json").read_text())
    assert told["elements"]["predictor"] == ["pressure", "vp", "vs", "density"]
    model, seen = load_model(judged), read_profile(profile).observed().rows(slice(2, 3))
    median = quantiles(model.models.raw("network", seen), model.models.edges, np.array([0.5]))
    assert told["output"] == pytest.approx(median[0, 0], abs=0.1)
    whole = told["output"] - told["reference"]
    assert sum(told["elements"]["adds"]) == pytest.approx(whole, abs=0.01 * abs(whole) + 0.1)
    assert (tmp_path / "why_predictors.png").is_file()
    for row, words in ((6, "has 5 rows"), (5, "of the core or of water there"), (1, "outside the table's")):
        assert run(*typed, "--row", row) == 2
        assert words in said(capsys)


def test_what_predict_does_not_use_is_not_compressed(judged, capsys):
    assert run("compress", "--run", judged) == 2
    assert "predicts with table inversion, since its network was no better" in said(capsys)


def test_a_compressed_network_tells_the_same_temperatures(judged, tmp_path):
    bundle = load_bundle(judged, "interior")
    bundle = replace(bundle, values={**bundle.values, "trusted": "network"})
    x = np.zeros((2, INPUTS), np.float32)
    save_bundle(tmp_path, as_onnx(compression, network_of(bundle), bundle, "onnx", lambda: [x]))
    seen = load_model(judged).models.grid.ln[0, 2, 3:9]
    rows = Observed(load_model(judged).models.grid.pressure_gpa[3:9], seen)
    full, small = (model_of(each).temperatures(rows) for each in (bundle, load_bundle(tmp_path, "interior")))
    np.testing.assert_allclose(small.quantiles_k, full.quantiles_k, rtol=1e-4)
    np.testing.assert_array_equal(small.why, full.why)


def test_a_narrower_network_has_settings_that_make_it_and_learns_the_full_ones_answers(judged):
    bundle = load_bundle(judged, "interior")
    full, x = network_of(bundle), torch.randn(5, INPUTS)
    labels = imitated(full, {"x": x}, bundle)["y"]
    torch.testing.assert_close(labels.sum(1), torch.ones(5))
    made, narrow = narrower(network_of(bundle), bundle)
    assert [each.out_features for each in made.layers if isinstance(each, torch.nn.Linear)] == [
        32,
        32,
        32,
        40,
    ]
    tensors = {**bundle.tensors, **made.state_dict()}
    torch.testing.assert_close(network_of(replace(narrow, tensors=tensors))(x), made(x))
    torch.testing.assert_close(narrowed_perceptron(full.layers, 1)(x), full(x))
    with pytest.raises(InputError, match="64 hidden units, too few"):
        narrowed_perceptron(full.layers, 65)
