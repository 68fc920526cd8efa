"""The page's parts, and the API: a record's forecasts, probabilities of places, events, scores."""

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import terrella
from terrella.earth.land import land_rings
from terrella.errors import InputError, TerrellaError
from terrella.live.issuing import FORECAST, MODELS
from terrella.live.keeping import MISSED
from terrella.live.kept import read_part
from terrella.live.opening import Opened
from terrella.live.scoring import SCORE
from terrella.live.web.address import Address
from terrella.live.web.answers import LAYERS, NotFoundError, Reader, described, near, probability, within
from terrella.live.web.describing import openapi
from terrella.live.web.exports import csep, geojson, netcdf
from terrella.live.web.limits import Guard, TooLargeError
from terrella.live.web.patience import in_time
from terrella.live.web.questions import chosen, in_range, number, polygon, time_us, whole
from terrella.live.web.remembered import Remembered
from terrella.live.web.runs import Runs
from terrella.live.web.streams import entries_stream, runs_stream

_LARGEST = 9.9
_YEAR_9999 = 253_402_300_799_000_000
# Parts of the page: the package that each lies in, and its file.
_OWN, _SHARED = "terrella.live.web", "terrella.forecast"
_PARTS = {
    "": (_OWN, "index.html"),
    "page.js": (_OWN, "page.js"),
    "charts.js": (_OWN, "charts.js"),
    "listen.js": (_OWN, "listen.js"),
    "runs.js": (_OWN, "runs.js"),
    "map.js": (_SHARED, "map.js"),
    "style.css": ("terrella.engine", "style.css"),
}
_KINDS = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
}

Answer = Callable[[Reader, Request, bytes], Response]


def make_app(opened: Opened, address: Address, folder: Path | None = None) -> Guard:
    """Return the application of a record, and of the runs of a folder, at an address."""
    reader, remembered = Reader(opened), Remembered()
    runs = None if folder is None else Runs(folder)

    def route(path: str, answer: Answer, *posts: str) -> Route:
        return Route(path, _endpoint(reader, answer, remembered), methods=["GET", *posts])

    app = Starlette(
        routes=[
            *(Route(f"/{name}", _part(*place), methods=["GET"]) for name, place in _PARTS.items()),
            route("/api/health", _health),
            route("/metrics", _metrics),
            route("/api/openapi.json", lambda reader, request, body: JSONResponse(openapi())),
            route("/api/land", _land),
            route("/api/grid", lambda reader, request, body: _json(reader.grid)),
            route("/api/forecasts", _forecasts),
            route("/api/forecasts/{name}", _forecast),
            route("/api/forecasts/{name}/values", _values),
            route("/api/history", _history),
            route("/api/probability", _of_place, "POST"),
            route("/api/events", _events),
            route("/api/events/points", _points),
            route("/api/scores", lambda reader, request, body: _json(reader.scores())),
            Route("/api/stream", entries_stream(opened.store), methods=["GET"]),
            Route("/api/runs", _endpoint(reader, lambda *_: _runs(runs), None), methods=["GET"]),
            Route("/api/runs/stream", runs_stream(runs), methods=["GET"]),
        ],
        exception_handlers={HTTPException: _refused},
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=address.hosts)
    return Guard(app, address)


def _endpoint(
    reader: Reader, answer: Answer, remembered: Remembered | None
) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers in a thread, so that no question holds up another; errors become one line."""

    def answered(request: Request, body: bytes) -> Response:
        def made() -> Response:
            return answer(reader, request, body)

        if remembered is None or request.method == "POST":
            return made()
        lasting = request.path_params.get("name", "latest") != "latest"  # what was issued stays as it is
        mark = None if lasting else reader.opened.store.mark()
        found = remembered.answer(f"{request.url.path}?{request.url.query}", mark, made)
        tag = found.headers.get("etag")
        if tag is not None and tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"etag": tag})
        return found

    async def endpoint(request: Request) -> Response:
        try:
            body = await in_time(request.body())
            return await run_in_threadpool(answered, request, body)
        except TimeoutError:
            return JSONResponse({"error": "the body did not come"}, 408)
        except TooLargeError:
            return JSONResponse({"error": "the body is too long"}, 413)
        except NotFoundError as error:
            return JSONResponse({"error": str(error)}, 404)
        except InputError as error:
            return JSONResponse({"error": str(error)}, 422)
        except TerrellaError as error:
            return JSONResponse({"error": str(error)}, 503)
        except (SQLAlchemyError, OSError) as error:
            about = str(getattr(error, "orig", None) or error).splitlines()[0]
            return JSONResponse({"error": f"the record cannot be read now: {about}"}, 503)

    return endpoint


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


def _part(package: str, name: str) -> Callable[[Request], Awaitable[Response]]:
    content = files(package).joinpath("page", name).read_bytes()

    async def part(request: Request) -> Response:
        return Response(
            content, media_type=_KINDS[name.rsplit(".")[-1]], headers={"cache-control": "no-cache"}
        )

    return part


def _health(reader: Reader, request: Request, body: bytes) -> Response:
    store = reader.opened.store
    last = store.records(FORECAST, latest=1)
    values = {
        "status": "ok",
        "version": terrella.__version__,
        "entries": store.last_number(),
        "last_forecast": last[0].values["issue_time"] if last else None,
    }
    return JSONResponse(values)


def _metrics(reader: Reader, request: Request, body: bytes) -> Response:
    """Answer in Prometheus's text format."""
    store = reader.opened.store
    last = store.records(FORECAST, latest=1)
    lines = []
    for kind, about in (
        (FORECAST, "issued"),
        (SCORE, "windows scored"),
        (MISSED, "times without a forecast"),
    ):
        name = f"terrella_{kind}s_total"
        lines += [f"# HELP {name} {about}", f"# TYPE {name} counter", f"{name} {store.count(kind)}"]
    if last:
        name = "terrella_last_forecast_timestamp_seconds"
        lines += [f"# HELP {name} issue time", f"# TYPE {name} gauge", f"{name} {last[0].time_us / 1e6:.0f}"]
    return Response("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def _land(reader: Reader, request: Request, body: bytes) -> Response:
    detail = chosen(dict(request.query_params), "detail", ("110m", "50m"))
    rings = [np.round(ring, 2).tolist() for ring in land_rings("50m" if detail == "50m" else "110m")]
    return Response(
        json.dumps(rings, separators=(",", ":")),
        media_type="application/json",
        headers={"cache-control": "max-age=86400"},
    )


def _forecasts(reader: Reader, request: Request, body: bytes) -> Response:
    asked = dict(request.query_params)
    limit = whole(asked, "limit", 1, 2000, 100)
    before = time_us(asked, "before", _YEAR_9999)
    return JSONResponse({"forecasts": reader.forecasts(limit, before)})


def _forecast(reader: Reader, request: Request, body: bytes) -> Response:
    asked = dict(request.query_params)
    record = reader.record(request.path_params["name"])
    wanted = chosen(asked, "format", ("json", "geojson", "netcdf", "csep"))
    model, horizon = _model(asked), _horizon(asked, len(record.values["horizons_days"]))
    if wanted == "json":
        return JSONResponse(described(record))
    kept = reader.kept(record)
    if wanted == "netcdf":
        return netcdf(reader.opened.store.forecasts / record.values["file"])
    return geojson(kept, model, horizon) if wanted == "geojson" else csep(kept, model, horizon)


def _values(reader: Reader, request: Request, body: bytes) -> Response:
    """Answer with the cells' values as 32-bit floats, little-endian, layer by layer in the order of `inside`."""
    asked = dict(request.query_params)
    record = reader.record(request.path_params["name"])
    path = reader.opened.store.forecasts / record.values["file"]
    horizon = _horizon(asked, len(record.values["horizons_days"]))
    found = read_part(path, chosen(asked, "layer", LAYERS), _model(asked))[horizon]
    headers = (
        {"cache-control": "max-age=31536000, immutable"} if request.path_params["name"] != "latest" else {}
    )
    return Response(found.astype("<f4").tobytes(), media_type="application/octet-stream", headers=headers)


def _history(reader: Reader, request: Request, body: bytes) -> Response:
    asked = dict(request.query_params)
    cell, horizon = whole(asked, "cell", 0, 10**7), whole(asked, "horizon", 0, 100, 0)
    return JSONResponse({"cell": cell, "horizon": horizon, "history": reader.history(cell, horizon)})


def _of_place(reader: Reader, request: Request, body: bytes) -> Response:
    return (_in_polygon if request.method == "POST" else _at_point)(reader, request, body)


def _at_point(reader: Reader, request: Request, body: bytes) -> Response:
    asked = dict(request.query_params)
    longitude = number(asked, "longitude", -180, 360)
    latitude = number(asked, "latitude", -90, 90)
    radius = number(asked, "radius_km", 0, 2000, 50)
    record = reader.record(asked.get("forecast", "latest"))
    inside = near(reader.kept(record), longitude, latitude, radius)
    where = f"within {radius:g} km of {latitude:g}° N, {longitude:g}° E"
    return _probability(reader, record, inside, asked, where)


def _in_polygon(reader: Reader, request: Request, body: bytes) -> Response:
    corners, asked = polygon(body)
    name = asked.get("forecast", "latest")
    if not isinstance(name, str):
        raise InputError("forecast must be the name of one")
    record = reader.record(name)
    return _probability(reader, record, within(reader.kept(record), corners), asked, "within the polygon")


def _probability(
    reader: Reader, record: Any, inside: np.ndarray, asked: dict[str, Any], where: str
) -> Response:
    kept, models = reader.kept(record), reader.opened.served.models
    longest = kept.horizons_days[-1]
    least = max(kept.min_magnitude, 0.0)
    magnitude = in_range(asked.get("magnitude", least), "magnitude", kept.min_magnitude, _LARGEST)
    days = in_range(asked.get("days", min(7.0, longest)), "days", 1 / 24, longest)
    found = probability(kept, inside, models.etas.beta, magnitude, days)
    issued = record.values["issue_time"]
    words = (
        f"The probability of one or more earthquakes of M ≥ {magnitude:g} {where} in the {_span(days)} after "
        f"{issued} is {100 * found['probability']:.3g} %, as forecast at that time from the earthquakes before "
        "it. It says nothing of damage, and nothing of single earthquakes."
    )
    values = {
        "forecast": described(record)["name"],
        "magnitude": magnitude,
        "days": days,
        **found,
        "words": words,
    }
    return JSONResponse(values)


def _events(reader: Reader, request: Request, body: bytes) -> Response:
    return JSONResponse({"events": reader.events(*_span_of_events(request))})


def _points(reader: Reader, request: Request, body: bytes) -> Response:
    """Answer with 32-bit floats, little-endian: longitude, latitude and magnitude of each event."""
    found = reader.points(*_span_of_events(request))
    return Response(found.tobytes(), media_type="application/octet-stream")


def _span_of_events(request: Request) -> tuple[int, int, float, int]:
    asked = dict(request.query_params)
    since, until = time_us(asked, "since", -_YEAR_9999), time_us(asked, "until", _YEAR_9999)
    least = number(asked, "min_magnitude", -9, _LARGEST, -9)
    return since, until, least, whole(asked, "limit", 1, 100_000, 1000)


def _runs(runs: Runs | None) -> Response:
    return JSONResponse({"followed": runs is not None, "runs": [] if runs is None else runs.look({})[0]})


def _span(days: float) -> str:
    return "day" if days == 1 else f"{days:g} days" if days >= 1 else f"{24 * days:.3g} hours"


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


def _model(asked: dict[str, Any]) -> int:
    return MODELS.index(chosen(asked, "model", MODELS))


def _horizon(asked: dict[str, Any], horizons: int) -> int:
    return whole(asked, "horizon", 0, horizons - 1, 0)
