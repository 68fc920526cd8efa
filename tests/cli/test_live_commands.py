"""`terrella live` as a user types it."""

import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from typed_commands import run

BEFORE = Path(__file__).parents[1] / "data" / "before" / "forecast"
GIVEN = [
    BEFORE / "catalogue.csv.gz",
    "--bundle",
    BEFORE / "finished",
    "--from",
    "2008-06-01",
    "--to",
    "2008-06-05",
]


def test_a_replay_is_made_shown_and_verified_and_a_change_is_found(tmp_path, capsys):
    folder = tmp_path / "record"
    assert run("live", "replay", *GIVEN, "-o", folder) == 0
    said = capsys.readouterr().out
    assert f"4 forecasts lie in {folder}" in said
    assert f"next: terrella live serve {folder}" in said
    assert run("live", "show", folder) == 0
    assert "1 d issued" in capsys.readouterr().out
    assert run("live", "verify", folder) == 0
    assert re.search(
        r"entries are as they were written; the last hash is [0-9a-f]{64}", capsys.readouterr().out
    )
    next((folder / "forecasts").glob("*.nc")).unlink()
    assert run("live", "verify", folder) == 2
    assert "1 faults in the record" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["replay", "missing.csv", *GIVEN[1:], "-o", "x"], "missing.csv: no such file"),
        (["replay", *GIVEN[:5], "--to", "2008-06-01", "-o", "x"], "--from 2008-06-01 must come before --to"),
        (["replay", *GIVEN[:4], "soon", "--to", "2008-06-01", "-o", "x"], "--from: 'soon' is not a time"),
        (["replay", *GIVEN, "-o", "x", "--every-hours", "0"], "every-hours"),
        (["run", "--bundle", GIVEN[2], "-o", "x"], "give --catalogue FILE or --service NAME"),
        (
            ["run", "--bundle", GIVEN[2], "--catalogue", GIVEN[0], "-o", "x", "--host", "0.0.0.0"],
            "give --token-file",
        ),
        (["run", "--bundle", "nowhere", "--catalogue", GIVEN[0], "-o", "x"], "nowhere"),
        (["verify", "x"], "x: no such file or folder"),
        (["serve", "."], "no live record lies there"),
        (["serve", ".", "--database", "nonsense"], "database cannot be opened"),
    ],
)
def test_a_mistake_is_told_in_one_line(typed, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("live", *typed) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_live_record_runs_answers_and_ends_with_a_signal(tmp_path):
    typed = [*GIVEN[1:3], "--catalogue", GIVEN[0], "-o", tmp_path / "live", "--port", 0, "--poll-s", 0.2]
    command = [sys.executable, "-m", "terrella", "live", "run", *map(str, typed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = re.search(r"http://\S+", process.stdout.readline())[0]
            _wait_for_events(f"{address}api/events?limit=3")
            second = subprocess.run(command, capture_output=True, text=True, check=False)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=100)
        finally:
            process.kill()
    assert second.returncode == 2
    assert "another process writes" in second.stderr
    assert "1,168 new, 0 revised and 0 withdrawn events" in said
    assert process.returncode == 130
    assert "Traceback" not in said


def _wait_for_events(address):
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        with urllib.request.urlopen(address, timeout=60) as answer:
            if b"magnitude" in answer.read():
                return
        time.sleep(0.2)
    raise AssertionError("no event arrived")
