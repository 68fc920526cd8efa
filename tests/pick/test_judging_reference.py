"""The original PhaseNet weights on real traces, near and far, beside what they are known to reach there."""

from pathlib import Path
from typing import Any

import pytest

from terrella.pick.data.store import make_store
from terrella.pick.judging.cell import judge_picker
from terrella.pick.judging.network_picker import network_picker
from terrella.pick.judging.targets import make_targets
from terrella.pick.networks import architecture
from terrella.pick.networks.weights import load_weights


def cell_of(shared_data: Path, name: str) -> dict[str, Any]:
    folder = shared_data / "pick"
    store = make_store(folder / name)
    picker = network_picker(*load_weights(folder / "phasenet_original.safetensors", architecture("phasenet")))
    return judge_picker(picker, store, make_targets(store, "dev"), make_targets(store, "all"), 0, 200).cell


def check(cell: dict[str, Any], known: dict[str, tuple[float, float]]) -> None:
    """The known numbers are of other windows of the same traces: tolerances are the spread over draws."""
    for name, (value, tolerance) in known.items():
        found = cell["scores"][name]
        assert found["value"] == pytest.approx(value, abs=tolerance), name
        assert found["low"] <= found["value"] <= found["high"]


def test_phasenet_does_well_on_local_traces(shared_data: Path) -> None:
    cell = cell_of(shared_data, "northern_california_local")
    assert cell["windows"]["test"]["events"] == cell["windows"]["test"]["noise"] == 103
    known = {
        "detection_auc": (0.972, 0.015),
        "phase_mcc": (0.981, 0.02),
        "p_rmse_s": (0.07, 0.025),
        "s_rmse_s": (0.15, 0.06),
    }
    check(cell, known)


def test_phasenet_fails_on_regional_traces(shared_data: Path) -> None:
    cell = cell_of(shared_data, "norsar_regional")
    check(cell, {"detection_auc": (0.795, 0.03), "p_rmse_s": (1.86, 0.8)})
    assert cell["scores"]["p_rmse_s"]["low"] > 0.5
