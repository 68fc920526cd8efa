"""A run and a bundle made before forecasts stood on the engine's workflow go on under it."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from terrella.engine.run import Run
from terrella.engine.settings import load_settings
from terrella.engine.use.bundle import load_bundle
from terrella.forecast import ForecastSettings, judge, predict, train

BEFORE = Path(__file__).parents[1] / "data/before/forecast"
CATALOGUE = BEFORE / "catalogue.csv.gz"


def copied(name: str, folder: Path) -> Path:
    shutil.copytree(BEFORE / name, folder / name)
    return folder / name


def again(run: Path) -> list[str]:
    """Train in a run's folder with its own settings; return what is said."""
    said = []
    chosen = load_settings(ForecastSettings, run / "settings.toml", {"data": {"catalogue": str(CATALOGUE)}})
    train(run, chosen, said.append)
    return [event.get("message", event["kind"]) for event in said]


def test_a_stopped_training_goes_on_to_the_same_bundle(tmp_path):
    run = copied("stopped", tmp_path)
    said = again(run)
    assert "resumed" in said
    assert not any("fitting ETAS" in line for line in said)
    now, before = (load_bundle(each, "forecast") for each in (run, BEFORE / "finished"))
    assert now.values["fingerprint"] == before.values["fingerprint"]
    assert sorted(now.values) == sorted([*before.values, "by_span", "smooth"])
    assert now.values["by_span"] is False
    assert now.values["smooth"] is False
    assert sorted(now.tensors) == sorted(before.tensors)
    for name, tensor in before.tensors.items():
        torch.testing.assert_close(now.tensors[name], tensor, rtol=1e-4, atol=1e-5)


def test_a_finished_training_is_not_done_again(tmp_path):
    run = copied("finished", tmp_path)
    steps = [event for event in Run(run).read_events() if event["kind"] == "epoch"]
    assert again(run)[-1] == f"this training is finished: {run / 'model'}"
    assert [event for event in Run(run).read_events() if event["kind"] == "epoch"] == steps
    assert not (run / "classical").exists()


def test_it_is_judged_as_before(tmp_path):
    run = copied("finished", tmp_path)
    judge(run, data=CATALOGUE)

    def rows(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    now, before = rows(run / "scores.csv"), rows(BEFORE / "scores.csv")
    now = [row for row in now if not row["score"].startswith("expected_over_observed")]
    assert len(now) == len(before)
    for one, other in zip(now, before, strict=True):
        assert list(one) == list(other)
        assert {k: v for k, v in one.items() if k not in ("value", "low", "high")} == {
            k: v for k, v in other.items() if k not in ("value", "low", "high")
        }
        for name in ("value", "low", "high"):
            if other[name]:
                # ETAS's windows ended nearer then, where a large shock still showed.
                assert float(one[name]) == pytest.approx(float(other[name]), rel=5e-3, abs=1e-4)
            else:
                assert one[name] == ""
    assert "## Scores" in (run / "model/card.md").read_text()


def test_its_bundle_predicts_as_before(tmp_path):
    output = tmp_path / "forecast.csv"
    predict(CATALOGUE, BEFORE / "finished", output, issue_time="2008-03-01T06:00:00Z")

    def numbers(path: Path) -> np.ndarray:
        with path.open(encoding="utf-8") as file:
            rows = [line for line in file if not line.startswith("#")]
        return np.array([[float(v) for v in row.split(",")] for row in rows[1:]])

    now, before = numbers(output), numbers(BEFORE / "forecast.csv")
    # ETAS's windows ended nearer then: what they left out is added far from large shocks.
    np.testing.assert_allclose(now, before, rtol=5e-3)
    assert (now[:, -2] >= before[:, -2] * (1 - 1e-4)).all()
