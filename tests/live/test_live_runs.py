"""Trainings beside a record: what is told of them is what lies in their folders, and nothing else is read."""

import json

import pytest
from live_cases import quiet, write_run
from starlette.testclient import TestClient

from terrella.engine.run import Run
from terrella.errors import InputError
from terrella.live.commands import Shown, serve_command
from terrella.live.web.address import Address
from terrella.live.web.app import make_app
from terrella.live.web.runs import Runs


def told(runs):
    """Return what is told of a folder's runs, by name."""
    return {each["name"]: each for each in runs.look({})[0]}


def test_a_run_is_told_as_far_as_it_was_written_and_its_last_stage_alone(tmp_path):
    write_run(tmp_path / "pick/a", 4, "first")
    write_run(tmp_path / "pick/a", 2, "second")
    runs = Runs(tmp_path)
    found = told(runs)["pick/a"]
    assert (found["task"], found["stage"], found["epoch"], found["epochs"]) == ("forecast", "second", 2, 8)
    assert found["curve"] == {"epoch": [1, 2], "loss": [2.0, 1.0], "validation": [2.5, 1.5]}
    assert not found["finished"]
    (tmp_path / "pick/a/model").mkdir()
    assert told(runs)["pick/a"]["finished"]


def test_only_what_has_changed_is_told_and_a_cut_line_when_it_is_whole(tmp_path):
    for name in "ab":
        write_run(tmp_path / name, 1)
    runs = Runs(tmp_path)
    both, known = runs.look({})
    assert {each["name"] for each in both} == {"a", "b"}
    assert runs.look(known) == ([], known)
    line = json.dumps({"kind": "epoch", "stage": "network", "epoch": 2, "loss": 0.25, "validation": None})
    with Run(tmp_path / "b").events.open("a") as file:
        file.write(line[:20])
    (changed,), known = runs.look(known)
    assert changed["curve"]["epoch"] == [1]
    with Run(tmp_path / "b").events.open("a") as file:
        file.write(line[20:] + "\n")
    (changed,), _ = runs.look(known)
    assert changed["curve"] == {"epoch": [1, 2], "loss": [2.0, 0.25], "validation": [2.5, None]}


def test_a_training_that_goes_back_to_a_checkpoint_takes_its_later_epochs_back(tmp_path):
    write_run(tmp_path / "a", 5)
    runs = Runs(tmp_path)
    assert told(runs)["a"]["epoch"] == 5
    Run(tmp_path / "a").rewind(9, True)
    assert told(runs)["a"]["curve"]["epoch"] == [1, 2, 3]


def test_what_is_no_event_harms_nothing(tmp_path):
    write_run(tmp_path / "a", 1)
    (tmp_path / "a/settings.toml").write_bytes(b"\xff = [")
    with Run(tmp_path / "a").events.open("ab") as file:
        for line in (b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"kind": "epoch", "stage": 3, "epoch": "x"}',
                     b'{"kind": "step", "stage": "network", "loss": NaN, "epoch": 1e999, "step": true}',
                     b'{"kind": "epoch", "stage": "network", "loss": -Infinity, "epoch": 2}'):  # fmt: skip
            file.write(line + b"\n")
    (tmp_path / "no run").mkdir()
    Run(tmp_path / "no run").events.write_text("{}\n")
    (found,) = told(Runs(tmp_path)).values()
    assert (found["name"], found["task"], found["epoch"]) == ("a", None, 2)
    json.dumps(found, allow_nan=False)


def test_the_api_tells_of_the_folder_that_the_operator_named(record, tmp_path):
    write_run(tmp_path / "runs/forecast/mine", 2)
    write_run(tmp_path / "elsewhere", 2)
    local = Address("127.0.0.1", 8765, None)
    client = TestClient(make_app(record, local, tmp_path / "runs"), base_url="http://127.0.0.1:8765")
    found = client.get("/api/runs", params={"folder": str(tmp_path), "name": "../elsewhere"}).json()
    assert [each["name"] for each in found["runs"]] == ["forecast/mine"]
    for path in ("/api/runs/forecast/mine", "/api/runs/..%2felsewhere", "/api/runs/../elsewhere"):
        assert client.get(path).status_code == 404
    without = TestClient(make_app(record, local), base_url="http://127.0.0.1:8765")
    assert without.get("/api/runs").json() == {"followed": False, "runs": []}
    with pytest.raises(InputError, match="no such folder"):
        serve_command(record.store.folder, None, Shown("127.0.0.1", 0, None, tmp_path / "nowhere"), quiet)
