"""Every verb of the smallest task, made of its `task.py` and the registry."""

import json
import os
import signal

import pytest
import torch

from terrella.cli.task_commands import VERBS, task_app
from terrella.cli.tasks import TASKS, Door, load_task
from terrella.engine.compress.measure import Cost
from terrella.engine.fit import training
from terrella.engine.run import Run
from terrella.engine.use.bundle import load_bundle
from terrella.engine.workflow import judge
from terrella.errors import InputError, Interrupted

DOOR = Door(
    about="A sine.",
    module="example_task",
    settings="example_task:SineSettings",
    given="data.table",
    given_means="JSON of pairs; by default a sine is made.",
    commands="example_commands",
    examples={"train": "--run runs/sine/mine", "plan": "--samples 100", "judge": "--run runs/sine/mine"},
)


@pytest.fixture
def sine(monkeypatch):
    monkeypatch.setitem(TASKS, "sine", DOOR)
    app = task_app("sine")

    def run(*arguments):
        app(
            [str(each) for each in arguments],
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )

    return run


def test_a_task_of_150_lines_has_every_verb(sine, tmp_path, capsys, monkeypatch):
    run, table = tmp_path / "run", tmp_path / "table.json"
    sine("data", "--output", table)
    sine("plan", "--samples", 100, "--fit.epochs", 3)
    assert "rolled out" in (said := capsys.readouterr().out)
    assert "2 steps" in said
    sine("train", table, "--run", run, "--fit.epochs", 30)
    assert f"next: terrella sine judge --run {run}" in capsys.readouterr().out
    assert [each["name"] for each in json.loads((run / "plan.json").read_text())["stages"]] == [
        "single",
        "rolled out",
    ]
    assert "Not judged yet: `terrella sine judge --run RUN`" in (run / "model/card.md").read_text()
    sine("judge", "--run", run, "--split", "dev", "--judge.resamples", 20)
    scores = json.loads((run / "scores.json").read_text())
    assert scores["split"] == "dev"
    (pair,) = scores["paired"]
    models = scores["models"]
    gain = models["straight line"]["mse"]["value"] - models["network"]["mse"]["value"]
    assert pair["gain"] == pytest.approx(gain)
    assert "MSE" in capsys.readouterr().out
    assert "| straight line |" in (run / "model/card.md").read_text()
    assert "Not judged yet" not in (run / "model/card.md").read_text()
    assert "<h2>Training</h2>" in (run / "report.html").read_text()
    assert (run / "scores.csv").read_text().count("\n") == 4
    numbers, output = tmp_path / "numbers.json", tmp_path / "predicted.json"
    numbers.write_text("[0.0, 1.0]")
    sine("predict", numbers, "--bundle", run, "--output", output)
    assert len(json.loads(output.read_text())) == 2
    times = iter((2.0, 1.0))
    monkeypatch.setattr("terrella.engine.compress.command.cost", lambda *_: Cost(next(times), None, 1))
    sine("compress", "--run", run, "--tolerance", 0.5, "--forms", "bf16")
    assert "bf16 is kept" in capsys.readouterr().out
    sine("predict", numbers, "--bundle", run / "compressed", "--output", tmp_path / "small.json")
    assert json.loads((tmp_path / "small.json").read_text()) == pytest.approx(
        json.loads(output.read_text()), abs=0.02
    )
    sine("show", run)
    sine("demo", "--run", tmp_path / "demo")
    assert set(VERBS) == {"demo", "data", "plan", "train", "judge", "predict", "show"}
    kinds = {event["kind"] for event in Run(run).read_events()}
    assert {"step", "epoch", "message", "table", "result"} <= kinds


def test_resumed_in_the_second_stage_it_ends_with_the_same_weights(sine, tmp_path, monkeypatch):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    sine("train", "--run", whole, "--no-plan")
    steps = len([e for e in Run(whole).read_events() if e["kind"] == "step"])
    original, seen = training._average, []

    def stop(*arguments):
        original(*arguments)
        seen.append(1)
        if len(seen) == steps * 3 // 4 and not (stopped / "again").exists():
            (stopped / "again").touch()
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(training, "_average", stop)
    with pytest.raises(Interrupted):
        sine("train", "--run", stopped, "--no-plan")
    assert {e["stage"] for e in Run(stopped).read_events() if e["kind"] == "step"} == {"single", "rolled out"}
    sine("train", "--run", stopped, "--no-plan")
    one, other = (load_bundle(run / "model", "sine").tensors for run in (whole, stopped))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_settings_of_another_task_are_refused(sine, tmp_path):
    (tmp_path / "settings.toml").write_text('task = "pick"\n[fit]\nepochs = 3\n')
    with pytest.raises(InputError, match="holds the settings of 'pick', not of 'sine'"):
        sine("train", "--run", tmp_path / "run", "--config", tmp_path / "settings.toml")


def test_a_run_of_another_task_is_refused(sine, tmp_path):
    (tmp_path / "settings.toml").write_text('task = "pick"\n')
    for verb in ("train", "judge"):
        with pytest.raises(InputError, match="pick"):
            sine(verb, "--run", tmp_path)
    assert (tmp_path / "settings.toml").read_text() == 'task = "pick"\n'


def test_settings_of_judging_are_checked_in_python_too(sine, tmp_path):
    sine("train", "--run", tmp_path / "run", "--no-plan")
    with pytest.raises(InputError, match="unknown setting resample; did you mean resamples"):
        judge(load_task("sine"), tmp_path / "run", print, overrides={"resample": 3})
    with pytest.raises(InputError, match="split 'validation'; there are train, dev, test"):
        judge(load_task("sine"), tmp_path / "run", print, "validation")
