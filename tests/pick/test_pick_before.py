"""A run of before the contract goes on, is judged and picks as it did."""

import json
import shutil

import numpy as np
import pytest
import torch
from before_cases import ARCHITECTURES, BEFORE, POLICIES, make_records, make_set, settings

from terrella.engine.use.bundle import load_bundle
from terrella.engine.workflow import judge, train
from terrella.formats.waveforms.picks import read_picks
from terrella.pick.continuous.policies import Policies
from terrella.pick.networks import basic_phase_ae
from terrella.pick.task import task


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the data and both runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(basic_phase_ae, "ARCHITECTURES", ARCHITECTURES)
    make_set(tmp_path / "set")
    for name in ("finished", "stopped"):
        shutil.copytree(BEFORE / name, tmp_path / name)
    return tmp_path


def test_an_interrupted_training_goes_on_to_the_same_bundle(place):
    said = []
    train(task, place / "stopped", settings("set", 3), said.append)
    assert {"kind": "resumed", "step": 6} in said
    whole, resumed = (load_bundle(place / name, "pick") for name in ("finished", "stopped"))
    assert whole.values["fingerprint"] == resumed.values["fingerprint"]
    assert set(whole.values) == set(resumed.values)
    assert whole.tensors.keys() == resumed.tensors.keys()
    # Windows come in another order since they can be streamed: other weights, of the same network.
    for name, value in whole.tensors.items():
        assert resumed.tensors[name].shape == value.shape, name
        assert torch.isfinite(resumed.tensors[name]).all(), name
    assert whole.card.splitlines()[0] == resumed.card.splitlines()[0]


def test_a_finished_training_is_still_finished(place):
    said = []
    train(task, place / "finished", settings("set", 3), said.append)
    assert [event["message"] for event in said] == [f"this training is finished: {place}/finished/model"]


def test_its_scores_are_those_of_before(place):
    before = json.loads((BEFORE / "scores.json").read_text())
    now = judge(task, place / "finished", lambda event: None, overrides={"resamples": 20, "evaluations": 0})
    assert now["split"] == before["split"]
    assert now["models"].keys() == before["models"].keys()
    for name, own in before["models"].items():
        for score, entry in own.items():
            found = now["models"][name][score]
            assert found.pop("unit") == entry.pop("unit")
            assert found == pytest.approx(entry, rel=1e-4, abs=1e-6), score


def test_its_picks_are_those_of_before(place):
    make_records(place / "records")
    task.predict(
        "records", "finished", place / "picks", lambda event: None, policies=Policies(thresholds=POLICIES)
    )
    before, now = (read_picks(path / "picks.csv")[0] for path in (BEFORE, place / "picks"))
    assert list(now["phase"]) == list(before["phase"])
    shift = (now["time"] - before["time"]).to_numpy("timedelta64[ms]").astype(int)
    assert np.abs(shift).max() <= 10
    np.testing.assert_allclose(now["probability"], before["probability"], atol=1e-3)
