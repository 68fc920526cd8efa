"""Trainings that are killed, stopped, resumed, refused and shared between processes."""

import json
import os
import random
import resource
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_training import digest, make_training, outcome, start
from torch import nn

from terrella.engine.fit import Stage, Training, train
from terrella.engine.fit.muon import MuonAdamW
from terrella.engine.run import Run
from terrella.errors import InputError, TerrellaError


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Run:
    """A training that nothing disturbed."""
    run = tmp_path_factory.mktemp("whole") / "run"
    process = start(run)
    process.join(60)
    assert process.exitcode == 0, outcome(run)
    return Run(run)


def without_time(events: list[dict]) -> list[dict]:
    return [{k: v for k, v in e.items() if k not in ("time", "seconds")} for e in events]


def newest(run: Run) -> Path | None:
    return max(run.checkpoints.glob("step-*"), default=None)


def await_checkpoint(run: Run, process) -> None:
    before = newest(run)
    while newest(run) == before and process.is_alive():
        time.sleep(0.002)


def crash_at(step: int):
    def report(event: dict) -> None:
        if event["kind"] == "step" and event["step"] == step:
            raise RuntimeError("crash")

    return report


def crashed(run: Run, step: int) -> None:
    with pytest.raises(RuntimeError, match="crash"):
        train(make_training(), run, crash_at(step))


def test_killed_at_ten_random_moments_it_ends_with_the_same_weights(tmp_path, whole):
    run, draw = Run(tmp_path / "killed"), random.Random(5)
    for kill in range(10):
        process = start(run.folder, pause=0.02)
        # Every start gets on by one checkpoint at least; the moment after it is random.
        await_checkpoint(run, process)
        time.sleep(draw.random() * 0.1)
        assert process.is_alive(), f"ended before kill {kill + 1}"
        process.kill()
        process.join()
    process = start(run.folder)
    process.join(60)
    assert outcome(run.folder) == outcome(whole.folder)
    # The record is that of one training: no line missing, none twice, none cut off.
    lines = [json.loads(line) for line in run.events.read_text().splitlines()]
    assert without_time(lines) == without_time(whole.read_events())
    assert run.metrics.read_text().count("\n") == whole.metrics.read_text().count("\n") == 1 + 8
    assert not list(run.checkpoints.glob(".*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path, whole, number):
    run = Run(tmp_path / "run")
    process = start(run.folder, pause=0.02)
    await_checkpoint(run, process)
    os.kill(process.pid, number)
    process.join(30)
    assert process.exitcode == 130
    assert "Type the same command again to go on" in outcome(run.folder)
    process = start(run.folder)
    process.join(30)
    assert outcome(run.folder) == outcome(whole.folder)


def test_muon_stopped_and_typed_again_ends_with_the_same_weights(tmp_path):
    def stop(event: dict) -> None:
        if event["kind"] == "step" and event["step"] == 8:
            os.kill(os.getpid(), signal.SIGTERM)

    def muon() -> Training:
        return replace(make_training(epochs=2), make_optimiser=hidden_by_muon)

    undisturbed = train(muon(), Run(tmp_path / "whole"))
    with pytest.raises(TerrellaError, match="Type the same command again"):
        train(muon(), Run(tmp_path / "stopped"), stop)
    resumed = train(muon(), Run(tmp_path / "stopped"))
    assert all(map(torch.equal, resumed.parameters(), undisturbed.parameters()))


def hidden_by_muon(network: nn.Module) -> MuonAdamW:
    matrix, *others = network.parameters()
    return MuonAdamW([matrix], others)


def test_a_second_training_in_the_same_run_is_refused(tmp_path):
    run = Run(tmp_path)
    with run.claimed(), pytest.raises(InputError, match="another process is training in"):
        train(make_training(), run)


def test_typed_again_after_the_end_nothing_is_done(tmp_path):
    run, seen = Run(tmp_path), []
    first = train(make_training(), run)
    events = run.events.read_text()
    again = train(make_training(), run, seen.append)
    assert digest(again) == digest(first)
    assert run.events.read_text() == events
    assert seen == []


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut_in_half, change_a_byte, empty])
def test_a_damaged_checkpoint_is_skipped_with_a_message(tmp_path, whole, damage):
    run, seen = Run(tmp_path), []
    crashed(run, step=30)
    damage(newest(run))
    name = newest(run).name
    assert digest(train(make_training(), run, seen.append)) == outcome(whole.folder)
    assert "is damaged" in seen[0]["message"]
    assert name in seen[0]["message"]
    assert seen[1] == {"kind": "resumed", "step": 28}


def test_with_all_checkpoints_damaged_it_begins_again_and_records_nothing_twice(tmp_path, whole):
    run = Run(tmp_path)
    crashed(run, step=30)
    for path in run.checkpoints.glob("step-*"):
        cut_in_half(path)
    assert digest(train(make_training(), run)) == outcome(whole.folder)
    assert without_time(run.read_events()) == without_time(whole.read_events())


def test_other_settings_or_data_are_refused(tmp_path):
    crashed(Run(tmp_path), step=5)
    with pytest.raises(InputError, match="other settings or data"):
        train(replace(make_training(), fingerprint="other"), Run(tmp_path))


def test_an_infinite_loss_ends_the_training_with_a_remedy_and_is_not_saved(tmp_path):
    run = Run(tmp_path)
    with pytest.raises(TerrellaError, match=r"lower fit.learning_rate \(1e\+30\)"):
        train(make_training(learning_rate=1e30), run)
    with pytest.raises(TerrellaError, match=r"lower fit.learning_rate"):
        train(make_training(learning_rate=1e30), run)


def test_a_validation_loss_that_is_no_number_ends_the_training(tmp_path):
    training = replace(make_training(), validate=lambda network: float("nan"))
    with pytest.raises(TerrellaError, match="validation loss is nan after step 6"):
        train(training, Run(tmp_path))


def test_patience_ends_a_stage_early_and_keeps_the_best(tmp_path):
    values, seen, weights = iter([5.0, 1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0]), [], []

    def validate(network: nn.Module) -> float:
        weights.append(digest(network))
        return next(values)

    best = train(replace(make_training(patience=2), validate=validate), Run(tmp_path), seen.append)
    ended = [(e["stage"], e["epoch"]) for e in seen if e["kind"] == "epoch"]
    assert ended == [("first", 1), ("first", 2), ("first", 3), ("first", 4), ("second", 1), ("second", 2)]
    assert digest(best) == weights[1]
    assert not best.training


def test_without_validation_the_last_weights_are_kept(tmp_path):
    training = replace(make_training(), validate=None, averaging=0.0)
    assert digest(train(training, Run(tmp_path))) == digest(training.network)


def test_a_full_disk_keeps_earlier_checkpoints_and_says_so(tmp_path, whole):
    run = Run(tmp_path)
    size = newest(whole).stat().st_size

    def fill(event: dict) -> None:
        # The limit on a file's size fails a write as a full disk does.
        if event.get("step") == 9:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(TerrellaError, match=r"step-000000009.* could not be written .*too large"):
            train(make_training(), run, fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name[5:14] for path in sorted(run.checkpoints.iterdir())] == ["000000007", "000000008"]
    assert digest(train(make_training(), run)) == outcome(whole.folder)


def test_parts_of_a_batch_add_up_to_the_batch(tmp_path):
    """90 samples in batches of 16 split in 3: sizes differ, in the batch and at the epoch's end."""
    runs = []
    for parts in (1, 3):
        run = Run(tmp_path / str(parts))
        train(replace(make_training(dropout=0.0, samples=90), accumulation=parts), run)
        runs.append([e["loss"] for e in run.read_events()])
    assert runs[0] == pytest.approx(runs[1], rel=1e-4)


def test_in_bfloat16_the_network_computes_in_bfloat16_and_keeps_float32_weights(tmp_path):
    training, dtypes = make_training(epochs=1), set()
    training.network.layers[0].register_forward_hook(lambda _, __, output: dtypes.add(output.dtype))
    train(replace(training, precision="bfloat16"), Run(tmp_path))
    assert dtypes == {torch.bfloat16}
    assert {p.dtype for p in training.network.parameters()} == {torch.float32}


def test_learning_rates_warm_up_then_fall_as_a_half_cosine():
    cosine, constant = Stage("a", 1, 2.0, warmup_steps=4), Stage("a", 1, 2.0, 4, schedule="constant")
    assert cosine.rate(0, 100) == pytest.approx(0.5)
    assert cosine.rate(50, 100) == pytest.approx(1.0)
    assert cosine.rate(100, 100) == pytest.approx(0.0)
    assert [constant.rate(step, 100) for step in (0, 1, 3, 99)] == [0.5, 1.0, 2.0, 2.0]


def test_least_squares_are_found(tmp_path):
    """A linear network on noiseless linear data must end at the known weights."""
    training: Training = make_training(epochs=40, dropout=0.0)
    x, linear = training.feed.source.samples["x"], nn.Linear(4, 1)
    training.feed.source.samples["y"] = x @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]]) + 0.25

    def validate(network: nn.Module) -> float:
        samples = training.feed.source.samples
        return float(nn.functional.mse_loss(network(samples["x"]), samples["y"]))

    training = replace(training, network=linear, validate=validate, checkpoint_seconds=60, clip=100.0)
    stages = (Stage("fit", 40, 0.2, 0),)
    best = train(replace(training, stages=stages), Run(tmp_path))
    assert best.weight.tolist()[0] == pytest.approx([1.0, -2.0, 0.5, 3.0], abs=0.01)
    assert best.bias.item() == pytest.approx(0.25, abs=0.01)
