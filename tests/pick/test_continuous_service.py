"""`terrella pick run fdsn:…` against services that the test starts on loopback, over real HTTP."""

import io
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import obspy
import pytest

from terrella.engine.web import Patience
from terrella.errors import InputError, TerrellaError
from terrella.formats.waveforms.archive import open_waveforms
from terrella.pick.continuous.service import SERVICES, fetch_waveforms, service_url

QUICK = Patience(attempts=3, first_wait_s=0.001, timeout_s=5.0)
DAY = 86_400 * 10**9
FIRST = int(np.datetime64("2019-07-05T12:00", "ns").astype(np.int64))
END = FIRST + DAY  # touches two days

HEAD = "#Network|Station|Location|Channel|Latitude|Longitude|Elevation|StartTime|EndTime"
ROWS = (
    "CI|CCC||HHE|35.5|-117.3|670|2008-09-05T00:00:00|2599-12-31T23:59:59",
    "CI|CCC||HHN|35.5|-117.3|670|2008-09-05T00:00:00|",
    "CI|CCC||HHZ|35.5|-117.3|670|2008-09-05T00:00:00|2599-12-31T23:59:59",
    "CI|CCC||HNZ|35.5|-117.3|670|2008-09-05T00:00:00|2599-12-31T23:59:59",
    "CI|OLD|10|BHZ|35.5|-117.3|670|1999-01-01T00:00:00|2019-07-06T00:00:00",
)


@dataclass
class Services:
    """What was asked, and the faults that the next answers of dataselect have."""

    rows: tuple[str, ...] = ROWS
    recorded: tuple[str, ...] = ("CCC",)
    faults: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    seconds: dict[str, int] = field(default_factory=dict)  # recorded, by instrument; else 12 h
    url: str = ""

    def station(self, asked):
        chosen = [
            row
            for row in self.rows
            if asked["network"] == row.split("|")[0] and asked["station"] in ("*", row.split("|")[1])
        ]
        return (200, "\n".join([HEAD, *chosen]).encode()) if chosen else (204, b"")

    def dataselect(self, asked):
        self.asked.append(asked)
        seconds = self.seconds.get(asked["channel"][:2], 43_200)
        if asked["station"] not in self.recorded or not seconds:
            return 204, b""
        start = obspy.UTCDateTime(asked["starttime"])
        stream = obspy.Stream(
            obspy.Trace(
                np.arange(3000, dtype=np.int32) % 17,
                {
                    "network": asked["network"], "station": asked["station"], "channel": channel,
                    "sampling_rate": 3000 / seconds, "starttime": start + 1,
                },
            )
            for channel in asked["channel"].split(",")
        )  # fmt: skip
        body = io.BytesIO()
        stream.write(body, format="MSEED")
        return 200, body.getvalue()


@pytest.fixture
def services():
    made = Services()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            split = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(split.query).items()}
            kind = split.path.split("/")[2]
            fault = made.faults.pop(0) if made.faults and kind == "dataselect" else ""
            status, body = getattr(made, kind)(asked)
            if fault.isdigit():
                status, body = int(fault), b"busy"
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    made.url = f"fdsn:http://127.0.0.1:{http.server_address[1]}"
    yield made
    http.shutdown()
    thread.join()
    http.server_close()


def fetch(services, folder, stations=("CI.CCC",), first=FIRST, end=END):
    return fetch_waveforms(services.url, folder, stations, first, end, lambda event: None, QUICK)


def test_the_preferred_instrument_of_each_day_is_fetched(tmp_path, services):
    assert fetch(services, tmp_path) == []
    assert [asked["channel"] for asked in services.asked] == ["HHE,HHN,HHZ"] * 2
    assert [asked["starttime"] for asked in services.asked] == ["2019-07-05T12:00:00", "2019-07-06T00:00:00"]
    archive = open_waveforms(str(tmp_path), lambda what, name: None)
    assert list(archive.stations) == [("CI", "CCC")]
    (used,) = archive.instruments("CI", "CCC", FIRST, END, lambda what, name: None)
    segments = archive.read(used.codes, FIRST, END, lambda what, name: None)
    assert len(segments) == 6
    assert all(len(segment.samples) == 3000 for segment in segments)


def test_the_next_instrument_is_fetched_where_the_preferred_one_recorded_little(tmp_path, services):
    services.seconds["HH"] = 60
    assert fetch(services, tmp_path) == []
    assert [asked["channel"] for asked in services.asked] == ["HHE,HHN,HHZ", "HNZ"] * 2
    asked = len(services.asked)
    fetch(services, tmp_path)
    assert len(services.asked) == asked
    services.seconds["HH"] = 0
    assert fetch(services, tmp_path / "other") == []
    archive = open_waveforms(str(tmp_path / "other"), lambda what, name: None)
    used = archive.instruments("CI", "CCC", FIRST, END, lambda what, name: None)
    assert [each.name for each in used] == ["HN"]


def test_typed_again_nothing_is_fetched_twice(tmp_path, services):
    fetch(services, tmp_path, ("CI.*",))
    before = len(services.asked)
    lines = fetch(services, tmp_path, ("CI.*",))
    assert len(services.asked) == before
    assert lines == ["1 of 3 station-days: the service has no waveforms"]


@pytest.mark.parametrize("fault", ["503", "429", "cut"])
def test_what_may_pass_is_asked_again(tmp_path, services, fault):
    services.faults = [fault]
    fetch(services, tmp_path)
    assert len(services.asked) == 3
    assert len(list(tmp_path.rglob("*.mseed"))) == 2


def test_a_service_that_stays_down_keeps_what_was_fetched(tmp_path, services):
    services.faults = ["", "503", "503", "503"]
    with pytest.raises(TerrellaError, match=r"does not answer .*type the same command again to go on"):
        fetch(services, tmp_path)
    assert len(list(tmp_path.rglob("*.mseed"))) == 1
    fetch(services, tmp_path)
    assert len(list(tmp_path.rglob("*.mseed"))) == 2


def test_without_stations_or_times_it_says_what_is_needed(tmp_path, services):
    with pytest.raises(InputError, match="give --stations, --start and --end"):
        fetch(services, tmp_path, ())
    with pytest.raises(InputError, match="give --stations, --start and --end"):
        fetch(services, tmp_path, first=None)
    with pytest.raises(InputError, match=r"'CCC': expected network\.station"):
        fetch(services, tmp_path, ("CCC",))


def test_stations_that_the_service_does_not_know(tmp_path, services):
    with pytest.raises(InputError, match=r"no channels of XX\.\* between 2019-07-05T12:00:00 and"):
        fetch(services, tmp_path, ("XX.*",))


def test_an_answer_that_is_no_list_of_channels(tmp_path, services):
    services.station = lambda asked: (200, b"<html>Please log in</html>")
    with pytest.raises(TerrellaError, match="where a list of channels was expected"):
        fetch(services, tmp_path)


def test_a_station_that_ended_is_not_asked_for_later_days(tmp_path, services):
    services.recorded = ("OLD",)
    fetch(services, tmp_path, ("CI.OLD",))
    assert [(asked["location"], asked["starttime"]) for asked in services.asked] == [
        ("10", "2019-07-05T12:00:00")
    ]


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("fdsn:SCEDC", SERVICES["scedc"]),
        ("fdsn:http://127.0.0.1:8080", "http://127.0.0.1:8080/fdsnws"),
        ("fdsn:https://127.0.0.1/fdsnws/", "https://127.0.0.1/fdsnws"),
    ],
)
def test_services_have_names_and_addresses(given, url):
    assert service_url(given) == url


def test_an_unknown_service_is_refused():
    with pytest.raises(InputError, match="no such service; expected fdsn: and one of earthscope"):
        service_url("fdsn:nowhere")
