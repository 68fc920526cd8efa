"""A command that is told to end before its work has begun says how to go on, as it does later."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_training_told_to_end_before_its_first_step_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    # The catalogue is a pipe that nobody writes to: the training waits for its data until the signal comes.
    catalogue = tmp_path / "catalogue.csv"
    os.mkfifo(catalogue)
    command = ["forecast", "train", "--run", str(tmp_path / "run"), "--catalogue", str(catalogue)]
    with subprocess.Popen(
        [sys.executable, "-m", "terrella", *command], stderr=subprocess.PIPE, text=True
    ) as process:
        writer = _opened_once_somebody_reads(catalogue, process)
        time.sleep(0.2)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
        os.close(writer)
    assert process.returncode == 130
    assert said.splitlines()[-1] == (
        "stopped: interrupted; finished work is kept, type the same command again to go on"
    )


def _opened_once_somebody_reads(pipe: Path, process: subprocess.Popen[str]) -> int:
    for _ in range(1200):
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
    raise AssertionError("the catalogue was never opened")
