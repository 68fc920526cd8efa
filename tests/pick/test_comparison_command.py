"""The door of `terrella pick compare`."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from terrella.cli.pick import compare
from terrella.pick.comparison.settings import CompareSettings


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the command asks for, instead of its work."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr("terrella.pick.comparison.compare.compare", lambda *given: calls.append(given))
    return calls


def typed(*words: str) -> None:
    app = App()
    app.command(compare)
    app(["compare", *words], exit_on_error=False, result_action="return_value")


def test_flags_become_settings(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    typed(
        "--run", str(tmp_path), "--train-sets", "synthetic:local", "synthetic:regional",
        "--test-sets", "mine=/data",
        "--networks", "phasenet", "gpd", "--target", "mine", "--fine-tune", "local,mine",
        "--weights.original", "/w.pt", "--learning-rates", "1e-2", "1e-3", "--classical.evaluations", "3",
        "--scheduler", "tcp://host:8786",
    )  # fmt: skip
    run, settings, _, scheduler, workers = asked[0]
    assert (run, scheduler, workers) == (tmp_path, "tcp://host:8786", None)
    assert settings == CompareSettings(
        train_sets=("synthetic:local", "synthetic:regional"),
        test_sets=("mine=/data",),
        networks=("phasenet", "gpd"),
        target=("mine",),
        fine_tune=("local,mine",),
        weights={"original": "/w.pt"},
        learning_rates=(1e-2, 1e-3),
        classical={"evaluations": 3},
    )


def test_typed_again_without_flags_it_takes_the_settings_of_the_run(
    asked: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text("epochs = 7\n")
    typed("--run", str(tmp_path))
    assert asked[0][1].epochs == 7


def test_the_door_loads_nothing_heavy() -> None:
    code = (
        "import sys, terrella.cli.pick; "
        "print([m for m in ('torch', 'pandas', 'matplotlib', 'obspy', 'numpy', 'distributed') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
