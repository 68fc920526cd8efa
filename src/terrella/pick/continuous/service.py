"""Waveforms from an FDSN web service: fetched station-day by station-day into a folder, then picked as any archive.

The services speak the interfaces of the International Federation of Digital Seismograph Networks: `station` tells
which channels there were, `dataselect` gives their miniSEED.
"""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from terrella.engine.run import Report
from terrella.engine.web import PATIENCE, Patience, ask, checked_address, shown
from terrella.errors import InputError, TerrellaError
from terrella.files import write_bytes, write_text
from terrella.formats.waveforms.archive import DAY_NS, Archive, File, open_waveforms
from terrella.formats.waveforms.instruments import PREFERRED, joined, ordered
from terrella.formats.waveforms.miniseed import Code
from terrella.formats.waveforms.orientation import place

PREFIX = "fdsn:"
SERVICES = {
    "earthscope": "https://service.earthscope.org/fdsnws",
    "scedc": "https://service.scedc.caltech.edu/fdsnws",
    "ncedc": "https://service.ncedc.org/fdsnws",
    "geofon": "https://geofon.gfz.de/fdsnws",
    "ingv": "https://webservices.ingv.it/fdsnws",
    "orfeus": "https://www.orfeus-eu.org/fdsnws",
    "geonet": "https://service.geonet.org.nz/fdsnws",
}
_CHANNELS = ",".join(f"{band}?" for band in PREFERRED)
_ENOUGH = 0.5  # of a station-day in the preferred instrument's records; with less the next is fetched too
_NOTHING = ".none.txt"  # stands for a station-day of which the service has nothing


def fetch_waveforms(
    where: str,
    folder: Path,
    stations: Sequence[str],
    first_ns: int | None,
    end_ns: int | None,
    report: Report,
    patience: Patience = PATIENCE,
) -> list[str]:
    """Fetch what a service has of stations between two times into a folder; return lines on what was found.

    `where` is fdsn:NAME or fdsn:ADDRESS, `stations` are patterns such as CI.CCC or BK.*. Of each station and day
    the preferred instrument is taken (see `stretches`), and the next as well where that recorded less than half of
    the day. A station-day that is there is not fetched again.

    Raises:
        InputError: where the service, stations or times are not given or fit nothing.
        TerrellaError: where the service does not answer; what was fetched is kept.
    """
    url = service_url(where)
    if not stations or first_ns is None or end_ns is None:
        raise InputError(f"{where} needs to know what to fetch: give --stations, --start and --end")
    archive = _available(url, stations, first_ns, end_ns, patience, report)
    days = [
        (instruments, max(day * DAY_NS, first_ns), min((day + 1) * DAY_NS, end_ns))
        for network, station, day in archive.days(first_ns, end_ns)
        if (instruments := _instruments(archive, network, station, day))
    ]
    if not days:
        raise InputError(
            f"{where}: no channels of {', '.join(stations)} between {_shown(first_ns)} and {_shown(end_ns)}"
        )
    empty = 0
    for done, (instruments, first, end) in enumerate(days, 1):
        fetched: list[Path] = []
        for codes in instruments:
            fetched += _fetch_day(url, folder, codes, first, end, patience, report)
            if _recorded_ns(fetched, first, end) >= _ENOUGH * (end - first):
                break
        empty += not fetched
        note = f"{'.'.join(instruments[0][0][:2])} {_shown(first)[:10]}"
        report({"kind": "progress", "stage": "fetch", "done": done, "total": len(days), "note": note})
    return [f"{empty:,} of {len(days):,} station-days: the service has no waveforms"] if empty else []


def _instruments(archive: Archive, network: str, station: str, day: int) -> list[tuple[Code, ...]]:
    """Return the channels of each instrument that a station has on a day, the preferred one first."""
    first, end = day * DAY_NS, (day + 1) * DAY_NS
    recorded = defaultdict(list)
    for file in archive.files(network, station, first, end):
        for code, low, high in file.spans or ():
            recorded[code].append((low, high))
    return ordered(recorded, first, end)


def _recorded_ns(paths: Sequence[Path], first: int, end: int) -> int:
    """Return how long any channel of some files recorded between two times."""
    spans = []
    for path in paths:
        for files in open_waveforms(str(path), lambda what, name: None).stations.values():
            spans += [
                (max(low, first), min(high, end)) for file in files for _, low, high in file.spans or ()
            ]
    return sum(high - low for low, high in joined(spans) if high > low)


def service_url(where: str) -> str:
    """Return the address of fdsn:NAME or fdsn:ADDRESS.

    Raises:
        InputError: where it is neither a known name nor an address.
    """
    name = where.removeprefix(PREFIX)
    if name.lower() in SERVICES:
        return SERVICES[name.lower()]
    url = checked_address(
        name,
        f"no such service; expected {PREFIX} and one of {', '.join(SERVICES)}, or an address that begins with "
        "http:// or https://",
    )
    return url if url.endswith("/fdsnws") else f"{url}/fdsnws"


def _available(
    url: str, stations: Sequence[str], first_ns: int, end_ns: int, patience: Patience, report: Report
) -> Archive:
    """Return what the station service says was recorded, as an archive without files."""
    files: dict[tuple[str, str], list[File]] = defaultdict(list)
    for pattern in stations:
        network, _, station = pattern.partition(".")
        if not network or not station:
            raise InputError(f"--stations {pattern!r}: expected network.station, such as CI.CCC or BK.*")
        query = {
            "network": network,
            "station": station,
            "channel": _CHANNELS,
            "starttime": _shown(first_ns),
            "endtime": _shown(end_ns),
            "level": "channel",
            "format": "text",
        }
        asked = f"{url}/station/1/query?{urlencode(query)}"
        answer = ask(asked, patience, report).decode("utf-8", "replace")
        for code, first, end in _epochs(answer, asked):
            if (spot := place(code[3])) is not None and spot.component:
                files[code[:2]].append(File(Path(), frozenset([code]), first, end, ((code, first, end),)))
    return Archive(files)


def _epochs(answer: str, place: str) -> list[tuple[Code, int, int]]:
    """Return the channels of an answer and when they recorded."""
    lines = [line for line in answer.splitlines() if line.strip()]
    if not lines:
        return []
    names = [name.strip().lstrip("#").strip().lower() for name in lines[0].split("|")]
    needed = ("network", "station", "location", "channel", "starttime", "endtime")
    if not set(needed) <= set(names):
        raise TerrellaError(
            f"{place} answered {shown(answer.encode())} where a list of channels was expected"
        )
    found = []
    for row in csv.reader(lines[1:], delimiter="|", quoting=csv.QUOTE_NONE):
        told = dict(zip(names, (field.strip() for field in row), strict=False))
        network, station, location, channel, first, end = (told.get(name, "") for name in needed)
        try:
            times = _time(first), _time(end or "2599-12-31")  # an open end is the present and beyond
        except ValueError:
            raise TerrellaError(
                f"{place} answered with a time that cannot be read: {first!r}, {end!r}"
            ) from None
        found.append(((network, station, location.replace("--", ""), channel), *times))
    return found


def _fetch_day(
    url: str, folder: Path, codes: Sequence[Code], first: int, end: int, patience: Patience, report: Report
) -> list[Path]:
    """Fetch one instrument's records between two times unless they are there; return their file, if any."""
    network, station, location, _ = codes[0]
    span = f"{_shown(first)}_{_shown(end)}".replace(":", "").replace("-", "")
    path = folder / f"{network}.{station}" / f"{network}.{station}.{location}.{codes[0][3][:-1]}.{span}.mseed"
    nothing = path.with_name(path.name + _NOTHING)
    if path.is_file() or nothing.is_file():
        return [path] if path.is_file() else []
    query = {
        "network": network,
        "station": station,
        "location": location or "--",
        "channel": ",".join(code[3] for code in codes),
        "starttime": _shown(first),
        "endtime": _shown(end),
        "nodata": "204",
    }
    records = ask(f"{url}/dataselect/1/query?{urlencode(query)}", patience, report)
    path.parent.mkdir(parents=True, exist_ok=True)
    if records:
        write_bytes(path, records)
    else:
        write_text(nothing, "the service has no waveforms\n")
    return [path] if records else []


def _time(text: str) -> int:
    # Python's integers: 2599-12-31, which stands for no end, is beyond 64 bits of nanoseconds.
    return int(np.datetime64(text.removesuffix("Z"), "us").astype(np.int64)) * 1000


def _shown(ns: int) -> str:
    return str(np.datetime64(ns, "ns").astype("datetime64[ms]")).removesuffix(".000")
