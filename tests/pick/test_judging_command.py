"""`terrella pick judge` as a user types it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from judging_stores import store_of

from terrella.cli.pick import judge
from terrella.engine.settings import settings_text
from terrella.engine.use.bundle import Bundle, save_bundle
from terrella.errors import InputError
from terrella.pick.bundle import picker_values
from terrella.pick.data.store_files import save_store
from terrella.pick.networks import architecture
from terrella.pick.settings import DataSettings, JudgeSettings, PickSettings


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with a network fresh from its random weights, and a small store to judge it on."""
    draw = np.random.default_rng(0)
    n = 16
    picks = np.column_stack([draw.integers(3200, 4000, n), draw.integers(5200, 6000, n)])
    split = np.where(np.arange(n) < 6, "dev", "test")
    samples = draw.normal(size=(n, 3, 7000)).astype(np.float32)
    for trace, (p, s) in zip(samples, picks, strict=True):
        trace[0, p : p + 400] *= 8
        trace[1:, s : s + 800] *= 20
    store = store_of(picks, np.full(n, 7000), split=split, samples=samples.reshape(-1))
    save_store(store, tmp_path / "set")
    told = architecture("phasenet")
    torch.manual_seed(0)
    settings = PickSettings(data=DataSettings(sets=(str(tmp_path / "set"),)))
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "settings.toml").write_text("")
    tensors, values = told.make().state_dict(), picker_values(told)
    save_bundle(folder / "model", Bundle("pick", tensors, values, settings_text(settings), "card"))
    return folder


def test_a_run_is_judged_beside_classical_methods(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge(run=run, settings=JudgeSettings(resamples=50, evaluations=3))
    document = json.loads((run / "scores.json").read_text())
    assert document["data"] == "made, 10 traces at 100 Hz"  # those of the split, of 16
    assert set(document["models"]) == {"PhaseNet", "STA/LTA and AIC", "Baer–Kradolfer"}
    classical = document["models"]["STA/LTA and AIC"]
    assert classical["detection_auc"]["value"] > 0.95
    assert classical["p_mae_s"]["value"] < 0.3
    assert set(classical["p_mae_s"]) == {"value", "low", "high", "unit"}
    untrained = document["models"]["PhaseNet"]
    gains = {(pair["score"], pair["over"]): pair for pair in document["paired"]}
    for score, sign in (("p_mae_s", -1), ("detection_auc", 1)):
        # Errors are gained by becoming smaller.
        gain = gains[score, "STA/LTA and AIC"]
        difference = untrained[score]["value"] - classical[score]["value"]
        assert gain["gain"] == pytest.approx(sign * difference)
        assert gain["low"] <= gain["gain"] <= gain["high"] < 0
    page = (run / "report.html").read_text()
    for word in ("Baer–Kradolfer", "Onsets of S", "AUC", "data:image/png"):
        assert word in page
    assert {path.name for path in (run / "figures").iterdir()} >= {"roc.png", "residuals_p.png", "snr_db.png"}
    assert (pd.read_csv(run / "targets" / "task23.csv")["trace_split"] == "test").all()
    shown = capsys.readouterr().out
    assert "PhaseNet" in shown
    assert "P RMSE" in shown


def test_published_targets_and_a_bundle_of_its_own(run: Path, tmp_path: Path) -> None:
    data = str(tmp_path / "set")
    judge(run=run, split="all", settings=JudgeSettings(resamples=10, evaluations=0))
    judge(
        bundle=(str(run),),
        data=data,
        split="all",
        output=tmp_path / "out",
        settings=JudgeSettings(resamples=10, evaluations=0, targets=str(run / "targets")),
    )
    first, second = (json.loads((folder / "scores.json").read_text()) for folder in (run, tmp_path / "out"))
    assert first["models"] == second["models"]


def test_what_is_missing_is_said_in_a_line(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="either --run"):
        judge()
    with pytest.raises(InputError, match="either --run"):
        judge(run=run, bundle=(str(run),))
    with pytest.raises(InputError, match="give --data"):
        judge(bundle=(str(run),))
    with pytest.raises(InputError, match="nothing to judge in the split 'train'"):
        judge(run=run, split="train", settings=JudgeSettings(resamples=10, evaluations=0))
    with pytest.raises(InputError, match="no targets"):
        judge(run=run, settings=JudgeSettings(targets=str(tmp_path)))
