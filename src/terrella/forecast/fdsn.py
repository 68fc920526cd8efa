"""Asking an FDSN event service over HTTP: what it offers, how many events there are, and which."""

import csv
import gzip
import random
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pyarrow as pa

from terrella import __version__
from terrella.engine.run import Report
from terrella.errors import InputError, TerrellaError
from terrella.formats.columns import find_columns

# The most events that one answer of the USGS holds; others say so themselves when they refuse.
LIMIT = 20_000
# A service without a count may cut its answer at a limit without saying so: limits are round numbers.
_ROUND = 100
_PASSING = (408, 429, 500, 502, 503, 504)
_TOO_MANY = re.compile(r"exceed|too many|too large|maximum number|more than the limit", re.IGNORECASE)
# Our names and, in their order, the columns of an answer as a table; ComCat's names, which every reader knows.
_COLUMNS = {
    "event_id": "id", "time": "time", "latitude": "latitude", "longitude": "longitude", "depth_km": "depth",
    "magnitude": "mag", "magnitude_type": "magType", "event_type": "type",
}  # fmt: skip
SCHEMA = pa.schema([(name, pa.string()) for name in (*_COLUMNS.values(), "status")])


@dataclass(frozen=True)
class Patience:
    """How often and after what waits a service is asked again; each wait is twice the one before, ± a half."""

    attempts: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 600.0
    timeout_s: float = 180.0


PATIENCE = Patience()


@dataclass(frozen=True)
class Service:
    """An event service and what it offers beyond the standard's necessary parts.

    `comcat`: it runs the USGS's software, which serves CSV and lists deleted events.
    """

    url: str
    comcat: bool = False
    counts: bool = False
    updated_after: bool = False


class TooManyEventsError(TerrellaError):
    """The service refuses an answer with so many events."""


class RefusedError(TerrellaError):
    """The service refuses what it was asked, and would again."""


class _PassingError(Exception):
    """Something that may have passed when the service is asked again."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


_USGS = Service("https://earthquake.usgs.gov/fdsnws/event/1", comcat=True, counts=True, updated_after=True)
SERVICES = {
    "usgs": _USGS.url,
    "emsc": "https://www.seismicportal.eu/fdsnws/event/1",
    "geonet": "https://service.geonet.org.nz/fdsnws/event/1",
    "ingv": "https://webservices.ingv.it/fdsnws/event/1",
    "isc": "https://www.isc.ac.uk/fdsnws/event/1",
}


def service_url(name: str) -> str:
    """Return the address of a service from its short name, its host or its whole address.

    Raises:
        InputError: where it is neither a known name nor an address.
    """
    if name.lower() in SERVICES:
        return SERVICES[name.lower()]
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", name):
        raise InputError(
            f"--service {name}: no such service; expected one of {', '.join(SERVICES)}, or an address that begins "
            "with http:// or https://"
        )
    url = name.rstrip("/").removesuffix("/query")
    return url if "/fdsnws/" in url else f"{url}/fdsnws/event/1"


def find_service(url: str, patience: Patience, report: Report) -> Service:
    """Return what the service at an address offers, which its own description (WADL) says."""
    if url == _USGS.url:
        return _USGS
    try:
        described = _ask(f"{url}/application.wadl", patience, report).decode("utf-8", "replace")
    except RefusedError:
        described = ""
    offers = {name.lower() for name in re.findall(r"""(?:name|path|value)=["']/?(\w+)["']""", described)}
    return Service(url, {"includedeleted", "csv"} <= offers, "count" in offers, "updatedafter" in offers)


def count(service: Service, query: Mapping[str, str], patience: Patience, report: Report) -> int:
    """Return how many events the service has for a query."""
    url = f"{service.url}/count?{urlencode({**query, 'format': 'text'})}"
    answer = _ask(url, patience, report).strip()
    if not answer.isdigit():
        raise TerrellaError(f"{url} answered {_shown(answer)} where a number of events was expected")
    return int(answer)


def events(service: Service, query: Mapping[str, str], patience: Patience, report: Report) -> str:
    """Return the service's answer to a query, in ComCat's CSV or FDSN text; blank where there is no event.

    Raises:
        TooManyEventsError: where the answer would pass the service's limit, or seems cut at it.
        TerrellaError: where the service does not answer, or not with events.
    """
    url = f"{service.url}/query?{urlencode({**query, 'format': 'csv' if service.comcat else 'text'})}"
    text = _ask(url, patience, report).decode("utf-8", "replace")
    n = as_table(text, url).num_rows
    if n and n % _ROUND == 0 and not service.counts:
        raise TooManyEventsError(f"{url} answered with {n} events, perhaps not all")
    return text


def as_table(text: str, place: str) -> pa.Table:
    """Return an answer as a table of texts with the columns of `SCHEMA`.

    Raises:
        TerrellaError: where the text holds something other than events with ids; `place` names it.
    """
    lines = text.lstrip("\ufeff").splitlines()
    if not any(line.strip() for line in lines):
        return SCHEMA.empty_table()
    piped = lines[0].count("|") > lines[0].count(",")
    # FDSN text has no quotes; a quotation mark there is part of a place's name.
    walk = csv.reader(lines, delimiter="|", quoting=csv.QUOTE_NONE) if piped else csv.reader(lines)
    try:
        names, *rows = [row for row in walk if row]
    except csv.Error as error:
        raise TerrellaError(f"{place} answered with a table that cannot be read ({error})") from error
    names = [name.strip().lstrip("#").strip() for name in names]
    try:
        found = find_columns(names, None, place)
    except InputError:
        found = {}
    if "event_id" not in found:
        raise TerrellaError(f"{place} answered {_shown(text.encode())} where events with ids were expected")
    for row in rows:
        if len(row) != len(names):
            raise TerrellaError(
                f"{place} answered with a row of {len(row)} fields, {len(names)} were expected"
            )
    table = {
        theirs: [row[found[ours]].strip() for row in rows] if ours in found else [""] * len(rows)
        for ours, theirs in _COLUMNS.items()
    }
    status = names.index("status") if "status" in names else None
    table["status"] = ["" if status is None else row[status] for row in rows]
    return pa.table(table, schema=SCHEMA)


def _ask(url: str, patience: Patience, report: Report) -> bytes:
    """Return the body of an answer, asking again where what went wrong may pass."""
    for attempt in range(1, patience.attempts + 1):
        try:
            return _answer(url, patience.timeout_s)
        except _PassingError as error:
            backed_off = patience.first_wait_s * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
            wait_s = backed_off if error.wait_s is None else error.wait_s
            if attempt == patience.attempts or wait_s > patience.longest_wait_s:
                later = f" for another {wait_s:.0f} s" if wait_s > patience.longest_wait_s else ""
                raise TerrellaError(
                    f"{_host(url)} does not answer{later} ({error}; asked {attempt} times); what was fetched is "
                    "kept, type the same command again to go on"
                ) from error
            message = f"{_host(url)}: {error}; asking again in {wait_s:.0f} s"
            report({"kind": "message", "message": message})
            time.sleep(wait_s)
    raise ValueError(f"patience allows {patience.attempts} attempts; at least 1 was expected")


def _answer(url: str, timeout_s: float) -> bytes:
    asked = Request(url, headers={"User-Agent": f"terrella/{__version__}", "Accept-Encoding": "gzip"})
    try:
        with urlopen(asked, timeout=timeout_s) as response:
            body: bytes = response.read()
            packed = response.headers.get("Content-Encoding", "").lower() == "gzip"
            return gzip.decompress(body) if packed else body
    except HTTPError as error:
        raise _refusal(error, url) from error
    except URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise _PassingError(f"no connection: {reason}") from error
    except TimeoutError as error:
        raise _PassingError(f"no answer within {timeout_s:g} s") from error
    except (OSError, HTTPException, EOFError, zlib.error) as error:
        raise _PassingError(f"the connection was cut: {error or type(error).__name__}") from error


def _refusal(error: HTTPError, url: str) -> Exception:
    """Return what an HTTP status means for what comes next."""
    try:
        said = error.read(2000)
    except (OSError, HTTPException):
        said = b""
    if error.code == 413 or (error.code == 400 and _TOO_MANY.search(said.decode("utf-8", "replace"))):
        return TooManyEventsError(f"{url} refuses so many events: {_shown(said)}")
    if error.code in _PASSING:
        return _PassingError(f"HTTP {error.code} {error.reason}".strip(), _retry_after(error))
    return RefusedError(f"{url} answered HTTP {error.code} {error.reason}: {_shown(said)}")


def _retry_after(error: HTTPError) -> float | None:
    """Return the seconds that the service asks to wait, which it says in seconds or as a date."""
    said = error.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d*)?", said):
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _host(url: str) -> str:
    return url.split("/")[2]


def _shown(answer: bytes) -> str:
    line = " ".join(answer[:1000].decode("utf-8", "replace").split())
    return repr(line if len(line) <= 120 else line[:117] + "...")
