"""Asking an FDSN event service over HTTP: what it offers, how many events there are, and which."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import pyarrow as pa

from terrella.engine.run import Report
from terrella.engine.web import Patience, RefusedError, TooMuchError, ask, checked_address, shown
from terrella.errors import InputError, TerrellaError
from terrella.formats.catalogues.columns import find_columns

# The most events that one answer of the USGS holds; others say so themselves when they refuse.
LIMIT = 20_000
# A service without a count may cut its answer at a limit without saying so: limits are round numbers.
_ROUND = 100
# Our names and, in their order, the columns of an answer as a table; ComCat's names, which every reader knows.
_COLUMNS = {
    "event_id": "id", "time": "time", "latitude": "latitude", "longitude": "longitude", "depth_km": "depth",
    "magnitude": "mag", "magnitude_type": "magType", "event_type": "type",
}  # fmt: skip
SCHEMA = pa.schema([(name, pa.string()) for name in (*_COLUMNS.values(), "status")])


@dataclass(frozen=True)
class Service:
    """An event service and what it offers beyond the standard's necessary parts.

    `comcat`: it runs the USGS's software, which serves CSV and lists deleted events.
    """

    url: str
    comcat: bool = False
    counts: bool = False
    updated_after: bool = False


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
    expected = f"one of {', '.join(SERVICES)}, or an address that begins with http:// or https://"
    url = checked_address(name, f"no such service; --service takes {expected}").removesuffix("/query")
    return url if "/fdsnws/" in url else f"{url}/fdsnws/event/1"


def find_service(url: str, patience: Patience, report: Report) -> Service:
    """Return what the service at an address offers, which its own description (WADL) says."""
    if url == _USGS.url:
        return _USGS
    try:
        described = ask(f"{url}/application.wadl", patience, report).decode("utf-8", "replace")
    except RefusedError:
        described = ""
    offers = {name.lower() for name in re.findall(r"""(?:name|path|value)=["']/?(\w+)["']""", described)}
    return Service(url, {"includedeleted", "csv"} <= offers, "count" in offers, "updatedafter" in offers)


def count(service: Service, query: Mapping[str, str], patience: Patience, report: Report) -> int:
    """Return how many events the service has for a query."""
    url = f"{service.url}/count?{urlencode({**query, 'format': 'text'})}"
    answer = ask(url, patience, report).strip()
    if not answer.isdigit():
        raise TerrellaError(f"{url} answered {shown(answer)} where a number of events was expected")
    return int(answer)


def events(service: Service, query: Mapping[str, str], patience: Patience, report: Report) -> str:
    """Return the service's answer to a query, in ComCat's CSV or FDSN text; blank where there is no event.

    Raises:
        TooMuchError: where the answer would pass the service's limit, or seems cut at it.
        TerrellaError: where the service does not answer, or not with events.
    """
    url = f"{service.url}/query?{urlencode({**query, 'format': 'csv' if service.comcat else 'text'})}"
    text = ask(url, patience, report).decode("utf-8", "replace")
    n = as_table(text, url).num_rows
    if n and n % _ROUND == 0 and not service.counts:
        raise TooMuchError(f"{url} answered with {n} events, perhaps not all")
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
        raise TerrellaError(f"{place} answered {shown(text.encode())} where events with ids were expected")
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
