"""Runs and bundles that the version before the common workflow left: they go on, are judged, and predict."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from terrella.cli.main import main
from terrella.engine.use.bundle import load_bundle
from terrella.segment.bundle import load_segmenter
from terrella.segment.data.normalise import section_scales

BEFORE = Path(__file__).parents[1] / "data" / "before" / "segment"


def run(*words: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(["segment", *words])
    assert not left.value.code


@pytest.fixture
def before(tmp_path, monkeypatch):
    """A copy of the runs, in the folder from which they were begun."""
    shutil.copytree(BEFORE, tmp_path / "before")
    monkeypatch.chdir(tmp_path / "before")
    return tmp_path / "before"


def test_a_finished_training_is_not_begun_again(before, capsys):
    run("train", "--run", "finished")
    assert "this training is finished" in capsys.readouterr().err


def test_a_stopped_training_goes_on_and_ends_with_the_same_weights(before, capsys):
    run("train", "--run", "stopped", "--no-plan")
    assert "going on from step 6" in capsys.readouterr().err
    old, new = (load_bundle(before / name, "segment") for name in ("finished", "stopped"))
    assert set(old.values) == set(new.values)
    for name in ("fingerprint", "data_mark", "dims"):
        assert old.values[name] == new.values[name]
    for name, value in old.tensors.items():
        np.testing.assert_allclose(new.tensors[name], value, atol=1e-4)


def test_judged_again_it_has_the_same_scores(before):
    expected = json.loads((before / "finished" / "scores.json").read_text())
    run("judge", "--run", "finished")
    found = json.loads((before / "finished" / "scores.json").read_text())
    for model, scores in expected["models"].items():
        for name, score in scores.items():
            assert found["models"][model][name]["unit"] == score["unit"]
            for key in ("value", "low", "high"):
                new = found["models"][model][name][key]
                assert new == score[key] or new == pytest.approx(score[key], rel=1e-3)
    assert "| U-Net |" in (before / "finished" / "model" / "card.md").read_text()


def test_sections_that_were_moved_are_judged_where_they_are(before, capsys):
    (before / "sections").rename(before / "elsewhere")
    run("judge", "elsewhere/table.csv", "--run", "finished")
    assert "U-Net" in capsys.readouterr().out


def test_its_prediction_is_the_same(before):
    from terrella.formats.sections.open import open_section
    from terrella.segment import predict

    pytest.importorskip("zarr")
    predict("sections/s5.npy", "finished", before / "found.zarr", interval=0.002, unit="s")
    found = open_section(before / "found.zarr").read(slice(None), slice(None))
    np.testing.assert_allclose(found, np.load("prediction.npy"), atol=1e-5)


def test_what_parts_of_a_section_add_is_its_answer(before, tmp_path, capsys):
    pytest.importorskip("captum")
    typed = ("explain", "sections/s0.npy", "--interval", "0.002", "--bundle", "finished", "-o", "why.json")
    run(*typed, "--at", "3", "40", "--part", "4", "8")
    told = json.loads((before / "why.json").read_text())
    assert sum(told["elements"]["adds"]) == pytest.approx(told["output"] - told["reference"], rel=0.011)
    segmenter = load_segmenter("finished")
    samples = np.load("sections/s0.npy")
    scales = section_scales(lambda *where: samples[where], samples.shape, segmenter.normalise)
    assert told["output"] == pytest.approx(float(segmenter.logits(samples, scales)[3, 40]), abs=1e-4)
    assert (before / "why_section.png").is_file()
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["segment", *typed, "--at", "3", "4000"])
    assert left.value.code == 2
    assert "samples" in capsys.readouterr().err
