"""Trainings in two processes, as a user types them: started by the command itself, or by torchrun."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typed_commands import run

from terrella.engine.settings import load_settings
from terrella.engine.start import processes_to_start, start_processes
from terrella.errors import InputError
from terrella.forecast.settings import ForecastSettings
from terrella.pick.settings import PickSettings
from terrella.segment.settings import SegmentSettings

SMALL = [
    "--data.surveys", "4", "--data.per-survey", "4", "--data.shape", "16", "64", "--network.widths", "2", "4",
]  # fmt: skip
TORCHRUN = [
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc-per-node",
    "2",
    "-m",
    "--",
]


def command(folder: Path, *more: str) -> list[str]:
    return ["terrella", "segment", "train", "--run", str(folder), *SMALL, *more]


def start(arguments: list[str]) -> subprocess.Popen:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen) -> tuple[int, str]:
    _, said = process.communicate(timeout=240)
    return process.returncode, said


def events(folder: Path, kind: str) -> list[dict]:
    lines = (folder / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


def losses(folder: Path) -> list[float]:
    return [event["loss"] for event in events(folder, "epoch")]


def await_epochs(folder: Path, number: int, process: subprocess.Popen) -> None:
    while process.poll() is None:
        time.sleep(0.05)
        if (folder / "events.jsonl").is_file() and len(events(folder, "epoch")) >= number:
            return
    pytest.fail(f"it ended: {end(process)}")


@pytest.fixture(scope="module")
def one(tmp_path_factory) -> list[float]:
    """The losses of two epochs in one process."""
    folder = tmp_path_factory.mktemp("one") / "run"
    assert run("segment", "train", "--run", folder, *SMALL, "--fit.epochs", "2", "--no-plan") == 0
    return losses(folder)


@pytest.mark.parametrize("started", ["by the command", "by torchrun"])
def test_two_processes_share_a_training(tmp_path, one, started):
    folder = tmp_path / "run"
    typed = command(folder, "--fit.epochs", "2", "--no-plan")
    launch = (
        [*TORCHRUN, *typed]
        if started == "by torchrun"
        else [sys.executable, "-m", *typed, "--processes", "2"]
    )
    code, said = end(start(launch))
    assert code == 0, said
    assert (folder / "model" / "model.safetensors").is_file()
    assert losses(folder) == pytest.approx(one, rel=1e-4)
    # The first process alone speaks.
    assert said.count("to train on") == 1


def test_a_plan_for_two_processes_is_run_by_two(tmp_path, one, capfd):
    folder = tmp_path / "run"
    settings = [*SMALL, "--fit.epochs", "2"]
    assert run("segment", "plan", "--run", folder, *settings, "--processes", "2") == 0
    assert "2 processes share each batch" in capfd.readouterr().out
    assert run("segment", "train", "--run", folder, *settings) == 0
    said = capfd.readouterr().err
    assert re.search("planned for unet: data preloaded, .*2 processes", said)
    assert losses(folder) == pytest.approx(one, rel=1e-4)
    plan = json.loads((folder / "plan.json").read_text())
    (measured,) = plan["measured"]
    # Both processes count.
    assert measured["ram"] > 1.5 * 150e6


def test_one_of_two_that_share_the_weights_is_killed_and_a_single_one_goes_on(tmp_path):
    folder, whole = tmp_path / "run", tmp_path / "whole"
    settings = ["--fit.epochs", "40", "--no-plan"]
    typed = command(folder, *settings, "--fit.sharded", "--processes", "2")
    process = start([sys.executable, "-m", *typed])
    await_epochs(folder, 2, process)
    second = next(
        each for each in psutil.Process(process.pid).children() if each.environ().get("RANK") == "1"
    )
    second.kill()
    code, said = end(process)
    assert code == 1
    assert said.splitlines()[-1] == (
        "error: process 1 of 2 was killed by SIGKILL; all have ended. The last checkpoint is kept: type the same "
        "command again to go on"
    )
    assert "Warning" not in said
    assert 2 <= len(losses(folder)) < 40
    assert run("segment", "train", "--run", folder, *SMALL, *settings) == 0
    assert run("segment", "train", "--run", whole, *SMALL, *settings) == 0
    assert losses(folder) == pytest.approx(losses(whole), rel=1e-3)


def test_ctrl_c_ends_all_with_the_work_saved(tmp_path):
    folder = tmp_path / "run"
    typed = command(folder, "--fit.epochs", "300", "--no-plan", "--processes", "2")
    process = start([sys.executable, "-m", *typed])
    await_epochs(folder, 2, process)
    # It reaches the command alone, which passes it on.
    process.send_signal(signal.SIGINT)
    code, said = end(process)
    assert code == 130
    assert re.match(r"stopped: stopped at step \d+; all work is saved", said.splitlines()[-1])
    assert list((folder / "checkpoints").glob("step-*"))
    assert not [
        each for each in psutil.process_iter(["cmdline"]) if str(folder) in (each.info["cmdline"] or [])
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a process of its parent's end")
def test_processes_save_and_end_where_the_command_is_killed(tmp_path):
    folder = tmp_path / "run"
    typed = command(folder, "--fit.epochs", "300", "--no-plan", "--processes", "2")
    process = start([sys.executable, "-m", *typed])
    await_epochs(folder, 2, process)
    children = psutil.Process(process.pid).children()
    assert len(children) == 2
    process.kill()
    _, left = psutil.wait_procs(children, timeout=60)
    assert not left
    assert list((folder / "checkpoints").glob("step-*"))
    process.communicate()


def test_what_is_wrong_for_all_is_said_once(capfd):
    with pytest.raises(SystemExit) as left:
        start_processes(["segment", "train", "--run", "/nowhere", "--config", "none.toml"], 2)
    assert left.value.code == 2
    said = capfd.readouterr().err
    assert said.count("none.toml is not there") == 1
    assert said.count("\n") == 1


def test_how_many_processes_are_started(tmp_path):
    assert processes_to_start(None, None, {}) == 1
    assert processes_to_start(3, tmp_path, {}) == 3
    plan = {"stages": [{"strategy": {"processes": 4}}]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert processes_to_start(None, tmp_path, {}) == 4
    assert processes_to_start(1, tmp_path, {}) == 1
    # Whom torchrun or srun started is one of them already.
    for environment in ({"WORLD_SIZE": "2"}, {"SLURM_STEP_NUM_TASKS": "2"}):
        assert processes_to_start(None, tmp_path, environment) == 1
        assert processes_to_start(2, tmp_path, environment) == 1
        with pytest.raises(InputError, match="--processes 3, but torchrun or srun started 2"):
            processes_to_start(3, tmp_path, environment)
    (tmp_path / "plan.json").write_text("{}")
    assert processes_to_start(None, tmp_path, {}) == 1


@pytest.mark.parametrize(
    ("task", "kind", "flag"),
    [
        ("forecast", ForecastSettings, "--catalogue"),
        ("pick", PickSettings, "--data.sets"),
        ("segment", SegmentSettings, "--data.sections"),
    ],
)
def test_every_task_hands_its_settings_on(tmp_path, monkeypatch, task, kind, flag):
    started = []

    def start_processes(arguments, number):
        settings = load_settings(kind, Path(arguments[arguments.index("--config") + 1]))
        started.append((arguments[:4], arguments[-1], number, settings))

    monkeypatch.setattr("terrella.engine.start.start_processes", start_processes)
    somewhere = tmp_path / "somewhere"
    somewhere.mkdir()
    arguments = [task, "train", "--run", str(tmp_path)]
    assert run(*arguments, flag, str(somewhere), "--fit.epochs", "7", "--processes", "3", "--no-plan") == 0
    ((begun, plan, number, settings),) = started
    assert (begun, plan, number) == (arguments, "--no-plan", 3)
    assert settings.fit.epochs == 7
    assert "somewhere" in str(settings.data)


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_a_number_of_processes_that_is_none_leaves_with_2(number, tmp_path):
    assert run("segment", "train", "--run", tmp_path, "--processes", number) == 2
