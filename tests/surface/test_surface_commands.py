"""The task as it is typed: a training in small, its report, and its use on grids of any format."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from terrella.cli.main import main
from terrella.engine.compress.forms import as_onnx
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.errors import InputError
from terrella.surface import SurfaceSettings, judge, open_grid, predict, train
from terrella.surface.compressing import Parts, compression, imitated, narrower, parts_of, taken
from terrella.surface.grids.grid import Place, held_grid
from terrella.surface.learning.training import loss, stages
from terrella.surface.model import RATIOS, load_model
from terrella.surface.opening import jacksboro
from terrella.surface.use.filling import fill_tile
from terrella.surface.use.known import known_of_gap, known_of_refined, parts_of_pixel
from terrella.surface.use.refining import refine_tile
from terrella.surface.use.tiles import tile_at

SMALL = {
    "network": {"widths": (4, 8), "steps": 2}, "fit": {"epochs": 1, "windows": 32, "device": "cpu"},
    "judge": {"members": 2, "resamples": 20},
}  # fmt: skip


def run(*arguments):
    try:
        main([str(each) for each in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("surface") / "run"
    train(folder, SurfaceSettings.model_validate(SMALL))
    judge(folder)
    return folder


def test_a_judged_run_holds_all_models_and_its_report(trained):
    document = json.loads((trained / "scores.json").read_text())
    models = document["models"]
    assert models["bicubic, block means"]["rmse@refine"]["value"] == pytest.approx(11.7, abs=1)
    assert models["bicubic"]["rmse@refine"]["value"] > models["bicubic, block means"]["rmse@refine"]["value"]
    assert models["thin plate"]["rmse@fill"]["value"] < models["kriging"]["rmse@fill"]["value"]
    assert models["network"]["rmse@refine"]["unit"] == "m"
    assert models["conditional simulation"]["crps@fill"]["value"] < models["thin plate"]["crps@fill"]["value"]
    assert {pair["over"] for pair in document["paired"]} == set(models) - {"network"}
    assert set(document["trusted"]) == {"refine", "fill"}
    near = document["resemblance"]["refine"]
    assert near["conditional simulation"][0] < near["bicubic"][0]
    report = (trained / "report.html").read_text()
    for words in (
        "an honest unconditional generator cannot be trained",
        "held out whole",
        "nearest learned patch",
    ):
        assert words in report
    assert "dev blocks" in (trained / "model" / "card.md").read_text()


def test_a_grid_with_gaps_is_filled_and_refined_from_the_command_line(trained, tmp_path, capsys):
    values = jacksboro().whole()[:120, :130].copy()
    values[50:58, 60:70] = np.nan
    np.save(tmp_path / "dem.npy", values)
    filled = tmp_path / "filled.nc"
    assert (
        run("surface", "predict", tmp_path / "dem.npy", "--bundle", trained, "-o", filled, "--samples", 2)
        == 0
    )
    said = capsys.readouterr()
    assert "unit pixels are assumed" in said.out + said.err
    assert "80 pixels of gaps filled" in said.out + said.err
    estimate = open_grid(filled, "estimate").whole()
    assert np.array_equal(estimate[np.isfinite(values)], values[np.isfinite(values)])
    assert np.isfinite(estimate).all()
    samples = [open_grid(filled, f"sample_{k}").whole()[50:58, 60:70] for k in (1, 2)]
    assert np.abs(samples[0] - samples[1]).max() > 0.1
    fine = tmp_path / "fine.npy"
    assert (
        run(
            "surface",
            "predict",
            filled,
            "--layer",
            "estimate",
            "--bundle",
            trained,
            "--factor",
            4,
            "-o",
            fine,
        )
        == 0
    )
    assert np.load(fine).shape == (480, 520)
    assert np.allclose(np.load(fine).reshape(120, 4, 130, 4).mean((1, 3)), estimate, atol=0.01)


def test_what_predict_cannot_do_is_one_line(trained, tmp_path):
    np.save(tmp_path / "dem.npy", np.zeros((60, 60), np.float32))
    np.save(tmp_path / "gap.npy", np.full((60, 60), np.nan, np.float32))
    np.save(tmp_path / "small.npy", np.zeros((9, 60), np.float32))
    for given, output, options, words in (
        ("dem.npy", "out.npy", {"factor": 3}, "refines 4 times, not 3"),
        ("dem.npy", "out.jpg", {}, "name must end in"),
        ("gap.npy", "out.npy", {}, "all of its pixels are gaps"),
        ("small.npy", "out.npy", {}, "40 along each axis are needed"),
    ):
        with pytest.raises(InputError, match=words):
            predict(tmp_path / given, bundle=str(trained), output=tmp_path / output, **options)
        assert not (tmp_path / output).exists()


def test_scores_of_another_grid_are_refused_or_told_apart(trained, tmp_path):
    with pytest.raises(InputError, match="splits test and dev"):
        judge(trained, split="train")
    np.save(tmp_path / "tiny.npy", np.zeros((50, 50), np.float32))
    with pytest.raises(InputError, match="are too few to hold some out"):
        judge(trained, data=str(tmp_path / "tiny.npy"))


def test_points_become_a_grid_and_scores_are_shown(trained, tmp_path, capsys):
    (tmp_path / "p.csv").write_text(
        "x,y,z\n" + "\n".join(f"{x},{y},{x + y}" for x in range(5) for y in range(4))
    )
    assert run("surface", "data", tmp_path / "p.csv", "--spacing", 1, "-o", tmp_path / "p.npy") == 0
    assert np.load(tmp_path / "p.npy").shape[1] == 5
    assert run("surface", "show", trained) == 0
    shown = capsys.readouterr().out
    assert "RMSE less than that of thin plate by" in shown
    assert "block means refined; predict uses:" in shown


@pytest.fixture(scope="module")
def lively(trained):
    """The model with weights that are not those of a start, so that its network adds something."""
    model = load_model(trained)
    torch.manual_seed(0)
    for each in model.network.regression.head.parameters():
        torch.nn.init.normal_(each, std=3.0)
    return replace(model, trusted={"fill": "network", "refine": "network"})


def test_a_pixel_of_known_heights_is_the_one_that_is_filled_or_refined(lively):
    values = jacksboro().whole()[:120, :110].copy()
    values[50:58, 60:70] = values[62:64, 62:65] = values[100:, 3] = np.nan
    grid = held_grid("dem", values, Place())
    filled = fill_tile(values, tile_at(grid.shape, (0, 0), 120, 0), lively, 0).layers[0]
    refined = refine_tile(values, tile_at(grid.shape, (0, 0), 120, 0), lively, 0)[0]
    cases = [(known_of_gap, at, filled) for at in ((50, 60), (57, 69), (63, 64))]
    cases += [(known_of_refined, at, refined) for at in ((0, 0), (161, 250))]
    for find, at, expected in cases:
        known = find(grid, lively, at, "dem")
        heights = torch.from_numpy(known.values)[None]
        with torch.no_grad():
            surface, more = parts_of_pixel(known, lively, lively.network, heights)
            again, twice = parts_of_pixel(known, lively, lively.network, 700 + 2 * heights)
        assert abs(float(more)) > 0.05
        assert float(surface + more) == pytest.approx(expected[at], abs=2e-3)
        assert np.array_equal(known.values, values[known.row, known.column])
        # Neither unit nor origin of the heights matters.
        assert float(again) == pytest.approx(700 + 2 * float(surface), abs=1e-6)
        assert float(twice) == pytest.approx(2 * float(more), rel=1e-2)


def test_a_pixel_is_explained_by_known_heights(trained, tmp_path, capsys):
    pytest.importorskip("captum")
    values = jacksboro().whole()[:80, :90].copy()
    values[30:36, 40:47] = values[70:, 80:] = np.nan
    np.save(tmp_path / "dem.npy", values)
    typed = ("surface", "explain", tmp_path / "dem.npy", "--bundle", trained, "-o", tmp_path / "why.json")
    assert run(*typed, "--method", "occlusion", "--part", 4) == 0
    shown = capsys.readouterr().out
    assert "filled: row 32, column 43" in shown
    assert "predict uses thin plate; what is explained is the network" in shown
    told = json.loads((tmp_path / "why.json").read_text())
    assert {"row", "column", "x", "y", "adds"} <= set(told["elements"])
    assert (tmp_path / "why_pixels.png").is_file()
    for more, words in (
        (["--at", 3, 4], "is known there; say which pixel of a gap"),
        (["--at", 75, 85], "leaves this gap open"),
        (["--at", 80, 4], "has 80 × 90 pixels"),
        (["--factor", 3], "refines 4 times, not 3"),
        (["--factor", 4, "--at", 300, 350], "has a gap there"),
        (["--factor", 4, "--at", 320, 350], "refined 4 times, has 320 × 360 pixels"),
    ):
        assert run(*typed, *more) == 2
        assert words in " ".join(capsys.readouterr().err.split())
    np.save(tmp_path / "dem.npy", values[:, 50:])
    assert run(*typed) == 2
    assert "has no gap that `predict` fills" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "empty.csv").touch()
    assert run(*typed[:2], tmp_path / "empty.csv", *typed[3:]) == 2
    assert "empty.csv is empty" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["onnx", "bf16"])
def test_compressed_samples_are_those_of_the_full_network(trained, tmp_path, form):
    bundle = load_bundle(trained, "surface")
    if form == "onnx":
        small = as_onnx(compression, parts_of(bundle), bundle, form, lambda: None)
    else:
        halves = {name: each.bfloat16() if name != RATIOS else each for name, each in bundle.tensors.items()}
        small = replace(bundle, tensors=halves, form=form)
    save_bundle(tmp_path / "small", small)
    values = jacksboro().whole()[:120, :130].copy()
    values[50:58, 60:70] = np.nan
    np.save(tmp_path / "dem.npy", values)
    found = []
    for name in (trained, tmp_path / "small"):
        predict(tmp_path / "dem.npy", name, tmp_path / "filled.nc", samples=1)
        found.append(open_grid(tmp_path / "filled.nc", "sample_1").whole()[50:58, 60:70])
    off = np.abs(found[0] - found[1]).max() / found[0].std()
    assert off < (1e-3 if form == "onnx" else 0.05)


def test_narrower_networks_learn_the_errors_of_the_full_ones(trained):
    bundle = load_bundle(trained, "surface")
    full = parts_of(bundle)
    settings = SurfaceSettings.model_validate(SMALL)
    batch = stages(settings, None, 4)[0].need.step.make_batch(4)
    batch["seen"][:, 1] = 1
    with torch.no_grad():
        labelled = imitated(full, batch, bundle)
        assert float(loss(full.network, labelled)) == 0
        assert float(loss(full.network, batch)) > 0.1
        made, narrow = narrower(full, bundle)
        assert float(loss(made, labelled)) > 0
        tensors = {**made.state_dict(), RATIOS: bundle.tensors[RATIOS]}
        again = parts_of(replace(narrow, tensors=tensors))
        for one, other in zip(again(*taken(batch)), Parts(made)(*taken(batch)), strict=True):
            torch.testing.assert_close(one, other)
