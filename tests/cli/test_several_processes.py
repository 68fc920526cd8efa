"""A training that torchrun starts in two processes, as a user types it."""

import json
import os
import subprocess
import sys


def test_torchrun_shares_a_training_between_processes(tmp_path):
    run = tmp_path / "run"
    sizes = ["--data.surveys", "4", "--data.per-survey", "4", "--data.shape", "16", "64", "--fit.epochs", "1"]
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "--",
    ]
    train = [
        "terrella",
        "segment",
        "train",
        "--run",
        str(run),
        *sizes,
        "--network.widths",
        "2",
        "4",
        "--no-plan",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launch, *train], env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert (run / "model" / "model.safetensors").is_file()
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert [event["epoch"] for event in events if event["kind"] == "epoch"] == [1]
    # The first process alone speaks.
    assert done.stderr.count("to train on") == 1
