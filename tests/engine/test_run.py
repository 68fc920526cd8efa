"""The folder of a run, and what its events leave on a terminal or in a file."""

import io
import json

import pytest

from terrella.engine import progress as progress_module
from terrella.engine import terminal
from terrella.engine.progress import shown_progress
from terrella.engine.run import Run, existing_run
from terrella.errors import InputError


def step(number: int, epoch: int, batch: int, stage: str = "network") -> dict:
    return {
        "kind": "step",
        "stage": stage,
        "step": number,
        "epoch": epoch,
        "epochs": 3,
        "batch": batch,
        "batches": 2,
        "loss": 0.5,
    }


def epoch(number: int, step: int, validation: float | None = 0.25) -> dict:
    return {
        "kind": "epoch",
        "stage": "network",
        "step": step,
        "epoch": number,
        "loss": 0.5,
        "validation": validation,
        "best": 0.25,
        "seconds": 100.0,
    }


EVENTS = [step(1, 1, 1), step(2, 1, 2), epoch(1, 2), step(3, 2, 1), step(4, 2, 2), epoch(2, 4)]


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "run")
    for event in EVENTS:
        run.append(event)
    return run


def kept(run: Run) -> list[dict]:
    return [{k: v for k, v in event.items() if k != "time"} for event in run.read_events()]


def test_events_are_read_back_in_order_and_stamped(run):
    assert kept(run) == EVENTS
    times = [event["time"] for event in run.read_events()]
    assert times == sorted(times)


def test_a_line_cut_off_by_a_crash_is_left_out_and_the_next_line_is_whole(run):
    with run.events.open("a") as file:
        file.write('{"kind": "step", "step": 5, "lo')
    assert kept(run) == EVENTS
    run.rewind(4, epoch_ended=True)
    run.append(step(5, 3, 1))
    assert kept(run) == [*EVENTS, step(5, 3, 1)]


@pytest.mark.parametrize(
    ("at", "epoch_ended", "count"), [(0, True, 0), (1, False, 1), (2, False, 2), (2, True, 3), (4, False, 5)]
)
def test_rewinding_drops_what_the_resumed_training_repeats(run, at, epoch_ended, count):
    run.write_metrics()
    run.rewind(at, epoch_ended)
    assert kept(run) == EVENTS[:count]
    rows = run.metrics.read_text().count("\n") - 1 if run.metrics.exists() else 0
    assert rows == sum(event["kind"] == "epoch" for event in EVENTS[:count])


def test_metrics_are_one_row_per_epoch(run):
    run.write_metrics()
    lines = run.metrics.read_text().splitlines()
    assert lines[0] == "stage,step,epoch,loss,validation,best,seconds,time"
    assert [line.rsplit(",", 1)[0] for line in lines[1:]] == [
        "network,2,1,0.5,0.25,0.25,100.0",
        "network,4,2,0.5,0.25,0.25,100.0",
    ]


def test_a_folder_that_is_no_run_is_told(tmp_path):
    with pytest.raises(InputError, match=r"is no run: it holds no settings\.toml"):
        existing_run(tmp_path)
    (tmp_path / "settings.toml").write_text("")
    assert existing_run(tmp_path).settings == tmp_path / "settings.toml"


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set."""
    now = [1000.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    return now


def test_plain_lines_are_few_and_tell_the_time_left(clock):
    out = io.StringIO()
    with shown_progress(terminal.console(file=out)) as report:
        report({"kind": "message", "message": "92,255 events [in 3 files]"})
        for number in range(1, 6):
            report(step(number, 1 + (number - 1) // 2, 1 + (number - 1) % 2))
            clock[0] += 60
        report(epoch(3, 6))
        report(epoch(3, 6))
    assert out.getvalue().splitlines() == [
        "92,255 events [in 3 files]",
        "network: epoch 1/3, step 2/2, loss 0.5000, 4 min left at most",
        "network: epoch 2/3, step 1/2, loss 0.5000, 3 min left at most",
        "network: epoch 2/3, step 2/2, loss 0.5000, 2 min left at most",
        "network: epoch 3/3, step 1/2, loss 0.5000, 60 s left at most",
        "network: epoch 3 took 2 min, loss 0.5000, validation 0.2500 (best)",
    ]


def test_quick_steps_show_one_line_in_ten_seconds(clock):
    out = io.StringIO()
    with shown_progress(terminal.console(file=out)) as report:
        for number in range(1, 1001):
            report({**step(number, 1, number), "batches": 1000})
            clock[0] += 0.1
    assert 9 <= len(out.getvalue().splitlines()) <= 11


def test_a_terminal_shows_a_bar_for_each_stage_and_keeps_the_epochs():
    out = io.StringIO()
    with shown_progress(terminal.console(file=out, force_terminal=True, width=120)) as report:
        report({"kind": "resumed", "step": 2})
        for event in EVENTS:
            report(event)
        report(epoch(2, 4, validation=None))
        report(step(5, 1, 1, stage="second"))
    shown = out.getvalue()
    assert "going on from step 2" in shown
    assert "network: epoch 2 took 2 min, loss 0.5000, validation 0.2500 (best)" in shown
    assert "second · epoch 1/3" in shown
    assert "1/6" in shown


def test_events_are_plain_json_lines(run):
    lines = run.events.read_text().splitlines()
    assert all(json.loads(line)["kind"] in ("step", "epoch") for line in lines)
