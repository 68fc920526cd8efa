"""An FDSN event service on loopback, over real HTTP, with the limits and faults of the real ones."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import numpy as np


@dataclass(frozen=True)
class Event:
    """An event as a service knows it; `updated` is when it last changed."""

    name: str
    time: np.datetime64  # datetime64[ms]
    latitude: float
    longitude: float
    depth_km: float
    magnitude: float
    updated: np.datetime64
    kind: str = "earthquake"
    deleted: bool = False


@dataclass
class EventServer:
    """The service: its events, what it offers, and the faults that its next answers have."""

    events: dict[str, Event]
    comcat: bool = True  # CSV, count, updatedafter and includedeleted; else the standard's necessary parts
    offers: tuple[str, ...] = ()  # parts beyond the necessary ones, of a service that is no ComCat
    lists_deleted: bool = True
    limit: int = 200
    limit_answer: str = "400"  # or "413", or "cut": the first events, without a word
    faults: list[tuple[str, ...]] = field(default_factory=list)
    down_after: int | None = None  # answers before the service goes down
    log: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)  # set while an answer is held back
    url: str = ""

    def asked(self, method: str) -> list[dict[str, str]]:
        """Return the parameters of all requests for a method so far."""
        return [parameters for name, parameters in self.log if name == method]

    def revise(self, name: str, **changes: object) -> None:
        """Change an event now."""
        now = np.datetime64("now", "ms")
        self.events[name] = replace(self.events[name], updated=now, **changes)

    def chosen(self, asked: dict[str, str]) -> list[Event]:
        """Return the events that fit a query, the last first."""
        number = {key: float(value) for key, value in asked.items() if key.startswith(("min", "max"))}
        wanted = asked.get("includedeleted") == "only"
        after = np.datetime64(asked.get("updatedafter", "0001-01-01"))
        first, last = np.datetime64(asked["starttime"]), np.datetime64(asked["endtime"])
        return sorted(
            (
                event
                for event in self.events.values()
                if event.deleted == wanted
                and first <= event.time <= last
                and number.get("minlongitude", -180) <= event.longitude <= number.get("maxlongitude", 180)
                and number.get("minlatitude", -90) <= event.latitude <= number.get("maxlatitude", 90)
                and event.magnitude >= number.get("minmagnitude", -9)
                and event.updated > after
            ),
            key=lambda event: event.time,
            reverse=True,
        )


def random_events(n: int, seed: int = 1) -> dict[str, Event]:
    """Return events of ten years, half of them on one day, as after a large shock."""
    rng = np.random.default_rng(seed)
    hours = np.where(rng.random(n) < 0.5, rng.uniform(0, 87_000, n), rng.uniform(40_000, 40_024, n))
    times = np.datetime64("2000-01-01", "ms") + (hours * 3_600_000).astype("timedelta64[ms]")
    return {
        f"ci{i}": Event(
            f"ci{i}",
            time,
            round(rng.uniform(32, 43), 4),
            round(rng.uniform(-125, -113), 4),
            round(rng.uniform(0, 20), 2),
            round(2.5 + rng.exponential(0.4), 1),
            time + np.timedelta64(3_600_000, "ms"),
        )
        for i, time in enumerate(times)
    }


@contextmanager
def running(server: EventServer) -> Iterator[EventServer]:
    """Serve until the end of the block; `server.url` is the service's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _serve(self, server)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    server.url = f"http://{http.server_address[0]}:{http.server_address[1]}/fdsnws/event/1"
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def _serve(handler: BaseHTTPRequestHandler, server: EventServer) -> None:
    split = urlsplit(handler.path)
    method, asked = split.path.rpartition("/")[2], dict(parse_qsl(split.query))
    server.log.append((method, asked))
    if server.down_after is not None and len(server.log) > server.down_after:
        handler.close_connection = True  # no answer at all
        return
    fault = server.faults.pop(0) if server.faults and method == "query" else ("none",)
    if fault[0].isdigit():
        headers = {"Retry-After": fault[1]} if len(fault) > 1 else {}
        _send(handler, int(fault[0]), f"Error {fault[0]}", headers)
        return
    if fault[0] == "hang":
        server.waiting.set()
        threading.Event().wait(10)
        return
    status, body = _answer(server, method, asked)
    if fault[0] == "cut" and status != 200:
        server.faults.insert(0, fault)  # for the next answer that holds events
    if fault[0] == "page":
        status, body = 200, "<!DOCTYPE html>\n<html>Please log in</html>\n"
    _send(handler, status, body, {}, cut=fault[0] == "cut" and status == 200)


def _answer(server: EventServer, method: str, asked: dict[str, str]) -> tuple[int, str]:
    offers = ("count", "updatedafter", "includedeleted", "csv") if server.comcat else server.offers
    if method == "application.wadl":
        return 200, _described(offers)
    for name in ("updatedafter", "includedeleted"):
        if name in asked and name not in offers:
            return 400, f"Unknown parameter {name}"
    if "includedeleted" in asked and not server.lists_deleted:
        return 400, "includedeleted is switched off"
    if method == "count" and "count" in offers:
        return 200, str(len(server.chosen(asked)))
    if method != "query" or asked["format"] not in ("text", *offers):
        return 404, "Not found"
    events = server.chosen(asked)
    if len(events) > server.limit:
        match server.limit_answer:
            case "400":
                return (
                    400,
                    f"Error 400: Bad Request\n\n{len(events)} matching events exceeds search limit of 20000.",
                )
            case "413":
                return 413, "Request too large"
        events = events[: server.limit]
    if not events:
        return 204, ""
    return 200, _csv(events) if asked["format"] == "csv" else _text(events)


def _csv(events: list[Event]) -> str:
    header = "time,latitude,longitude,depth,mag,magType,nst,net,id,updated,place,type,status\n"
    return header + "".join(
        f'{e.time}Z,{e.latitude},{e.longitude},{e.depth_km},{e.magnitude},ml,,ci,{e.name},{e.updated}Z,"1 km, N",'
        f"{'' if e.deleted else e.kind},{'deleted' if e.deleted else 'reviewed'}\n"
        for e in events
    )


def _text(events: list[Event]) -> str:
    header = (
        "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|"
        "MagAuthor|EventLocationName\n"
    )
    return header + "".join(
        f'{e.name}|{e.time}|{e.latitude}|{e.longitude}|{e.depth_km}|x|x|x|x|ml|{e.magnitude}|x|1 km N of "x\n'
        for e in events
    )


def _described(offers: tuple[str, ...]) -> str:
    parameters = "".join(
        f'<param name="{name}" style="query"/>' for name in offers if name not in ("count", "csv")
    )
    formats = '<option value="text"/>' + ('<option value="csv"/>' if "csv" in offers else "")
    count = '<resource path="count"/>' if "count" in offers else ""
    return f'<application><resource path="query">{parameters}{formats}</resource>{count}</application>'


def _send(
    handler: BaseHTTPRequestHandler, status: int, body: str, headers: dict[str, str], cut: bool = False
) -> None:
    content = body.encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if status != 204:
        handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2] if cut else content)
