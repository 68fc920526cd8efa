"""`terrella pick watch seedlink://…`: what a server sends is picked once, whatever ends in between."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from growing_archive import append, arriving, onsets
from obspy.clients.seedlink.slpacket import SLPacket
from seedlink_server import SeedLinkServer, serving
from test_watch import assert_same, at_once, watched

import terrella.pick.continuous.command as command
import terrella.pick.watch.command as watching
import terrella.pick.watch.seedlink as seedlink
from terrella.cli.main import main
from terrella.errors import InputError
from terrella.pick.watch.seedlink import received

# ObsPy leaves the socket of a connection that did not come about to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Killed(BaseException):
    """Stands for a process that ends without a word."""


@pytest.fixture(scope="module")
def network():
    return onsets()


@pytest.fixture(scope="module")
def arrivals():
    found = arriving(reclen=512)
    return found[: len(found) // 2]


@pytest.fixture(autouse=True)
def in_place_of_a_bundle(monkeypatch: pytest.MonkeyPatch, network) -> None:
    monkeypatch.setattr(command, "_network", lambda bundle: (network, "onsets"))
    monkeypatch.setattr(seedlink, "_AGAIN_S", 0.02)
    monkeypatch.setattr(seedlink, "_QUIET_S", 0.7)


def held(arrivals, **options) -> SeedLinkServer:
    """Return a server that holds records."""
    server = SeedLinkServer(**options)
    for each in arrivals:
        server.add(f"SY.{each.name.split('/')[2]}", each.end_s, each.record)
    return server


def is_there(server: SeedLinkServer, archive: Path, names) -> bool:
    """Return whether all records of some stations were written."""
    expected = sum(len(records) for station, records in server.records.items() if station in names)
    return len(records_in(archive)) >= expected


def records_in(archive: Path) -> set[bytes]:
    """Return the records that were written."""
    found: set[bytes] = set()
    for path in archive.rglob("SY.*"):
        if path.is_file():
            data = path.read_bytes()
            found |= {data[k : k + 512] for k in range(0, len(data) - 511, 512)}
    return found


def test_what_a_server_sends_is_picked_as_the_whole_whatever_is_killed(
    tmp_path: Path, arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, random = tmp_path / "watch", np.random.default_rng(2)
    names = ("SY.S00", "SY.S01")
    kills = iter([Killed, Killed, KeyboardInterrupt, Killed])
    with serving(held(arrivals, first=0xFFFFFF - 300, most=400)) as server:
        address = f"seedlink://127.0.0.1:{server.port}"

        def sleep(seconds: float) -> None:
            time.sleep(random.uniform(0, 0.15))
            if is_there(server, output / "archive", names):
                raise StopIteration
            if random.random() < 0.4 and (how := next(kills, None)) is not None:
                if how is Killed:  # what was not noted yet is lost
                    monkeypatch.setattr(seedlink.Receiving, "note", lambda self: None)
                raise how

        monkeypatch.setattr(watching, "time", FakeTime(sleep))
        note = seedlink.Receiving.note
        restarts = 0
        while True:
            try:
                watching.watch(address, "onsets", output, print, names,
                               start="2024-03-01T23:00")  # fmt: skip
            except (Killed, KeyboardInterrupt):
                restarts += 1
                monkeypatch.setattr(seedlink.Receiving, "note", note)
            except StopIteration:
                break
    assert restarts > 0
    assert records_in(output / "archive") == {each.record for each in arrivals}
    noted = json.loads((output / "seedlink.json").read_text())
    assert noted == {name: (server.first + len(server.records[name]) - 1) % 0x1000000 for name in names}
    assert max(noted.values()) < server.first  # numbers began again at nought
    assert any(line.startswith("TIME 2024,") for line in server.asked)
    assert any(line.startswith("DATA 0x") for line in server.asked)
    watching.watch(address, "onsets", output, print, names, start="2024-03-01T23:00", until="2024-03-02")
    append(tmp_path / "sds", arrivals)
    assert_same(watched(output), at_once(tmp_path / "sds", tmp_path / "run"))


def test_a_server_that_answers_rubbish_or_is_down_is_told_once_and_asked_again(
    tmp_path: Path, arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = held(arrivals[:40])
    rubbish = iter([b"\xff\xfe\x00\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    answer = server.answer

    def sometimes(client):
        if (text := next(rubbish, None)) is None:
            answer(client)
        else:
            client.sendall(text)

    server.answer = sometimes
    with serving(server), received(f"127.0.0.1:{server.port}", ["SY.S00"], tmp_path, 0) as receiving:
        while not is_there(server, tmp_path / "archive", ["SY.S00"]):
            time.sleep(0.02)
        lines = list(receiving.lines())
    assert any("bad server ID" in line and "tried again" in line for line in lines)
    path = next(each for each in (tmp_path / "archive").rglob("SY.S00*") if each.is_file())
    with path.open("ab") as file:
        file.write(b"half a record")  # as a kill leaves it
    receiving._take(packet_of(path.read_bytes()[:512], 77))
    assert path.stat().st_size % 512 == 0
    assert receiving._numbers == {"SY.S00": 77}


def packet_of(record: bytes, number: int) -> SLPacket:
    """Return a packet of the protocol."""
    return SLPacket(f"SL{number:06X}".encode() + record, 0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["seedlink://"], "seedlink://HOST or seedlink://HOST:PORT was expected"),
        (["seedlink://a b"], "seedlink://HOST or seedlink://HOST:PORT was expected"),
        (["seedlink://localhost"], "give --stations NET.STA"),
        (["seedlink://localhost", "--stations", "CI.*"], "give --stations NET.STA"),
        (["seedlink://localhost", "--stations", "CI.PAS", "--once"], "give --until"),
    ],
)
def test_wrong_words_get_one_line(
    tmp_path: Path, arguments, told, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("weights.pt").touch()
    with pytest.raises(SystemExit) as left:
        main(["pick", "watch", *arguments, "--bundle", "weights.pt", "-o", "watch"])
    assert left.value.code == 2
    assert told in capsys.readouterr().err


def test_damaged_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "seedlink.json").write_text("[1]")
    with pytest.raises(InputError, match="damaged; delete it"), received("h:1", ["A.B"], tmp_path, None):
        pass


class FakeTime:
    """The module time, with another sleep."""

    def __init__(self, sleep):
        self.sleep = sleep

    def __getattr__(self, name):
        return getattr(time, name)
