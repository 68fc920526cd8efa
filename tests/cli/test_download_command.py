"""Downloading as a user types it: the first time, after a kill, again, and with a service that is down."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typed_commands import run

from event_server import Event, EventServer, random_events, running
from terrella.engine import web
from terrella.formats.catalogues.read import read_catalogue


@pytest.fixture
def server() -> Iterator[EventServer]:
    with running(EventServer(random_events(600))) as served:
        yield served


def typed(server: EventServer, output: Path, *more: object) -> list[object]:
    query = ["--region", "california", "--start", "2000-01-01", "--min-magnitude", "2.5"]
    return ["forecast", "data", *query, "--service", server.url, "-o", output, *more]


def test_a_download_and_then_an_update(server, tmp_path, capsys):
    output = tmp_path / "catalogue.parquet"
    assert run(*typed(server, output)) == 0
    shown = capsys.readouterr()
    assert "600 rows, 600 events kept" in shown.out
    assert f"{output} holds events of M 2.5 and above from 2000-01-01" in shown.out
    assert len(read_catalogue(output)[0]) == 600
    now = np.datetime64("now", "ms")
    server.events["new"] = Event("new", now, 35.0, -118.0, 5.0, 3.3, now)
    server.revise("ci1", magnitude=4.4)
    server.revise("ci2", deleted=True)
    assert run("forecast", "data", "-o", output) == 0
    assert "1 new, 1 revised and 1 deleted events since" in capsys.readouterr().out
    assert read_catalogue(output)[0].event_id[-1] == b"new"


def test_a_killed_download_goes_on(server, tmp_path):
    output = tmp_path / "catalogue.csv"
    server.faults = [("none",), ("none",), ("hang",)]
    command = [sys.executable, "-m", "terrella", *map(str, typed(server, output))]
    with subprocess.Popen(command, env={**os.environ, "no_proxy": "*"}) as process:
        assert server.waiting.wait(60)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not output.exists()
    finished = [(asked["starttime"], asked["endtime"]) for asked in server.asked("query")[:2]]
    before = len(server.log)
    assert run(*typed(server, output)) == 0
    assert len(read_catalogue(output)[0]) == 600
    later = [(asked["starttime"], asked["endtime"]) for name, asked in server.log[before:] if name == "query"]
    assert later
    assert not set(finished) & set(later)
    assert not (tmp_path / ".catalogue.csv.download").exists()


def test_a_service_that_is_down_is_one_line(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(web, "PATIENCE", web.Patience(attempts=2, first_wait_s=0.001))
    server.down_after = 0
    assert run(*typed(server, tmp_path / "c.parquet")) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("error: ")
    assert "does not answer" in error[-1]
    assert "type the same command again to go on" in error[-1]
    unused = "http:" + "//127.0.0.1:9"
    query = ["--region", "world", "--start", "2020-01-01", "--service", unused]
    assert run("forecast", "data", *query, "-o", tmp_path / "d.parquet") == 1
    assert "no connection: Connection refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--region california"]),
        (["--region", "california"], ["--start"]),
        (["--region", "califronia", "--start", "2000-01-01"], ["did you mean california"]),
        (["--region", "italy", "--bounds", "0", "1", "0", "1"], ["not both"]),
        (["--bounds", "1", "0", "0", "1", "--start", "2000-01-01"], ["west < east"]),
        (["--region", "italy", "--start", "yesterday"], ["--start", "yesterday"]),
        (["--region", "italy", "--start", "2020-01-01", "--end", "2019-01-01"], ["must come before"]),
        (["--region", "italy", "--start", "2020-01-01", "--service", "usgz"], ["usgz", "usgs", "http"]),
        (["--region", "italy", "--columns.time", "Date"], ["--columns", "catalogue file"]),
        (["--drop-incomplete"], ["--drop-incomplete", "catalogue file"]),
    ],
)
def test_wrong_options_are_one_line_and_ask_nobody(arguments, words, tmp_path, capsys):
    assert run("forecast", "data", *arguments, "-o", tmp_path / "out.parquet") == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert "\n" not in error
    for word in words:
        assert word in error
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_suffix_is_refused_before_anything_is_fetched(server, tmp_path, capsys):
    assert run(*typed(server, tmp_path / "out.xls")) == 2
    assert "unknown suffix" in capsys.readouterr().err
    assert server.log == []


def test_a_region_cuts_a_file_too_and_a_service_does_not(catalogue_file, tmp_path, capsys):
    assert run("forecast", "data", catalogue_file, "--region", "california", "-o", tmp_path / "c.zmap") == 2
    assert "no event" in capsys.readouterr().err
    assert run("forecast", "data", catalogue_file, "--service", "usgs", "-o", tmp_path / "c.zmap") == 2
    assert "--service is for downloading" in capsys.readouterr().err
    assert run("forecast", "data", catalogue_file, "--region", "world", "-o", tmp_path / "c.zmap") == 0
    assert len(read_catalogue(tmp_path / "c.zmap")[0]) == len(read_catalogue(catalogue_file)[0])
