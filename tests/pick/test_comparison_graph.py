"""The graph of pieces: order, failures, and going on after a kill."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import toy_pieces
from distributed import LocalCluster

from terrella.engine import cluster
from terrella.errors import InputError
from terrella.pick.comparison.graph import Piece, execute

EXPECTED = sum(range(6)) / 7


def quiet(event: Any) -> None:
    """Show nothing."""


def without_cost(folder: Path) -> dict[str, Any]:
    found = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}
    return {name: {k: v for k, v in values.items() if k != "cost"} for name, values in found.items()}


def test_every_piece_follows_what_it_needs(tmp_path: Path) -> None:
    log, events = tmp_path / "log", []
    found = execute(toy_pieces.toys(log, 0.0), tmp_path / "pieces", events.append, workers=1)
    assert log.read_text().split() == [*"012345", "total"]
    (last,) = [each for each in found.results.values() if each["label"] == "total"]
    assert last["value"] == pytest.approx(EXPECTED)
    assert last["cost"]["peak_mib"] > 1
    assert [e["done"] for e in events if e["kind"] == "progress"] == list(range(1, 8))


def test_a_changed_argument_changes_all_that_follows_from_it(tmp_path: Path) -> None:
    before, after = toy_pieces.toys(tmp_path, 0.0)[0], toy_pieces.toys(tmp_path, 0.1)[0]
    assert before.name != after.name
    assert before.name == toy_pieces.toys(tmp_path, 0.0)[0].name


def test_a_failure_leaves_a_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    arguments = {"value": 7, "log": str(tmp_path / "log")}
    bad, good = Piece("bad", toy_pieces.broken), Piece("good", toy_pieces.number, arguments)
    after = Piece("after", toy_pieces.total, {"log": str(tmp_path / "log")}, (bad, good))
    last = Piece("last", toy_pieces.total, {"log": str(tmp_path / "log")}, (after,))
    events: list[Any] = []
    found = execute([last], tmp_path / "pieces", events.append, workers=1)
    assert found.results.keys() == {good.name}
    assert found.failures == {bad.name: "ValueError: the array has two lines"}
    assert found.left_out == {after.name: bad.name, last.name: bad.name}
    assert len(events) == 2  # one line for what failed, one step
    # Failures are tried again.
    assert not (tmp_path / "pieces" / f"{bad.name}.json").exists()


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    log, folder = tmp_path / "log", tmp_path / "pieces"
    pieces = toy_pieces.toys(log, 0.0)
    execute(pieces, folder, quiet, workers=1)
    (folder / f"{pieces[0].name}.json").write_text('{"value": ')
    found = execute(pieces, folder, quiet, workers=1)
    assert found.results[pieces[0].name]["value"] == pytest.approx(EXPECTED)
    assert log.read_text().split().count("total") == 2
    assert log.read_text().split().count("3") == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_it_goes_on_with_what_is_missing(tmp_path: Path, workers: int) -> None:
    folder, log = tmp_path / "pieces", tmp_path / "log"
    door = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import toy_pieces; toy_pieces.main()"
    command = [sys.executable, "-c", door, str(folder), str(log), str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while len(list(folder.glob("number*.json"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    assert 2 <= len(kept) < 7
    begun = log.read_text().split()
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    again = log.read_text().split()[len(begun) :]
    assert len(again) == 7 - len(kept)
    assert all((folder / name).stat().st_mtime_ns == time_ns for name, time_ns in kept.items())
    whole = tmp_path / "whole"
    execute(toy_pieces.toys(log, 0.3), whole, quiet, workers=1)
    assert without_cost(folder) == without_cost(whole)


def test_an_absent_scheduler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_SECONDS_FOR_SCHEDULER", 0.5)
    with pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        execute([Piece("bad", toy_pieces.broken)], Path("nowhere"), quiet, scheduler="tcp://127.0.0.1:9")


def test_a_scheduler_of_the_users_own_does_the_work(tmp_path: Path) -> None:
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0", protocol="tcp"
    ) as dask_cluster:
        pieces = toy_pieces.toys(tmp_path / "log", 0.0)
        found = execute(pieces, tmp_path / "pieces", quiet, scheduler=dask_cluster.scheduler_address)
    assert found.results[pieces[0].name]["value"] == pytest.approx(EXPECTED)
