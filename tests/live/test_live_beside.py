"""A process that computes beside one that answers, and answers that are held."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psutil
import uvicorn
from beside_work import tell
from live_cases import replayed
from starlette.responses import Response
from starlette.testclient import TestClient

from terrella.live.beside import computing
from terrella.live.web import patience
from terrella.live.web.address import Address
from terrella.live.web.app import make_app
from terrella.live.web.remembered import Remembered
from terrella.live.web.serving import _listening

LOCAL = Address("127.0.0.1", 8765, None)
LOCAL_ANY = Address("127.0.0.1", 0, None)


def test_it_reports_gives_way_and_tells_of_a_fault_in_a_line():
    told = []
    with computing(told.append, tell, "a word"):
        while len(told) < 2:
            time.sleep(0.02)
    first, last = told
    assert first["pid"] != os.getpid()
    assert first["nice"] > os.nice(0)
    assert first["word"] == "a word"
    assert "no more of it" in last["message"]


def test_it_ends_with_a_parent_that_is_killed():
    typed = [sys.executable, "-c", "from beside_work import hold; hold()"]
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen(typed, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        child.wait(timeout=30)
    assert not child.is_running()


def test_an_answer_is_made_once_for_each_mark():
    made = []

    def make():
        made.append(1)
        return Response(f"answer {len(made)}")

    remembered = Remembered()
    bodies = [remembered.answer("a", mark, make).body for mark in (1, 1, 2, 2)]
    assert bodies == [b"answer 1", b"answer 1", b"answer 2", b"answer 2"]
    remembered.answer("b", 2, lambda: Response("no", 404))
    assert remembered.answer("b", 2, make).body == b"answer 3"


def test_what_is_held_stays_within_its_bounds():
    remembered, made = Remembered(), []

    def ask(number):
        def make():
            made.append(number)
            return Response(b"." * 3_000_000)

        remembered.answer(str(number), 0, make)

    for number in (*range(6), 5, 0):
        ask(number)
    assert made == [*range(6), 0]  # five of three million bytes are held, the oldest is not


def test_a_question_is_answered_anew_once_the_record_has_grown(tmp_path):
    opened = replayed(tmp_path / "record", end="2008-06-04")
    client = TestClient(make_app(opened, LOCAL), base_url="http://127.0.0.1:8765")
    paths = (
        "/api/health",
        "/api/scores",
        "/api/forecasts",
        "/api/forecasts/latest",
        "/api/history?cell=1",
        "/metrics",
    )
    first = {path: client.get(path) for path in paths}
    for path, answer in first.items():
        same = client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
    replayed(tmp_path / "record", end="2008-06-06")
    for path, answer in first.items():
        after = client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert after.status_code == 200
        assert after.content != answer.content, path


def test_a_record_that_cannot_be_read_is_told_in_a_line(tmp_path):
    opened = replayed(tmp_path / "record", end="2008-06-03")
    client = TestClient(make_app(opened, LOCAL), base_url="http://127.0.0.1:8765")
    opened.store.engine.dispose()
    path = tmp_path / "record" / "record.sqlite"
    path.write_bytes(b"no database" * 1000)
    for name in ("record.sqlite-wal", "record.sqlite-shm"):
        (tmp_path / "record" / name).unlink(missing_ok=True)
    for question in ("/api/health", "/api/scores", "/metrics"):
        answer = client.get(question)
        assert answer.status_code == 503
        assert "cannot be read now" in answer.json()["error"]


def test_answers_do_not_wait_for_the_confirmation_of_those_before():
    """Asyncio switches Nagle's algorithm off only where it sees that a socket speaks TCP."""
    with _listening(Address("127.0.0.1", 0, None)) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_connections_that_only_hold_a_place_are_ended_and_others_answered(tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_S", 0.6)
    opened = replayed(tmp_path / "record", end="2008-06-03")
    with _listening(LOCAL_ANY) as listening:
        config = uvicorn.Config(
            make_app(opened, LOCAL_ANY), http=patience.Patient, log_level="error", lifespan="off"
        )
        server = uvicorn.Server(config)
        worker = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        worker.start()
        place = ("127.0.0.1", listening.getsockname()[1])
        head = b"POST /api/probability HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{"
        silent, slow, half = (socket.create_connection(place) for _ in range(3))
        slow.sendall(b"GET /api/health HTTP/1.1\r\nHost:")
        half.sendall(head)
        with silent, slow, half:
            for each in (silent, slow, half):
                each.settimeout(30)
            assert b" 408 " in half.recv(1000).splitlines()[0]
            for each in (silent, slow):
                with suppress(ConnectionResetError):
                    assert each.recv(1000) == b""
        with socket.create_connection(place) as asking:
            asking.sendall(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert asking.recv(1000).startswith(b"HTTP/1.1 200")
        server.should_exit = server.force_exit = True
        worker.join()
