"""`terrella pick run`: picks of an archive, a station-day at a time, that goes on where it was stopped."""

import itertools
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from terrella.engine.cluster import open_cluster
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import write_json
from terrella.formats.waveforms.archive import DAY_NS, Archive, File, open_waveforms
from terrella.formats.waveforms.instruments import passed_over, stretches
from terrella.formats.waveforms.picks import PickRow, pick_rows, read_pick_rows, write_pick_rows
from terrella.pick.continuous.annotate import Annotator
from terrella.pick.continuous.picking import Pick, pick_span
from terrella.pick.continuous.policies import Policies, shifted
from terrella.pick.continuous.ready import ready_annotator
from terrella.pick.data.tally import Tally

_SHOWN = 4  # changes of a station's instrument in a line
_FORMATS = ("picks.csv", "picks.xml", "picks.json")


@dataclass(frozen=True)
class StationDay:
    """What is picked at a time: a station between two times of a day."""

    network: str
    station: str
    first_ns: int
    end_ns: int
    files: tuple[File, ...]

    @property
    def name(self) -> str:
        """Its name in file names, such as CI.CCC.2019-07-06."""
        day = np.datetime64(self.first_ns, "ns").astype("datetime64[D]")
        return f"{self.network}.{self.station}.{day}"


def run(
    where: str,
    bundle: str,
    output: Path,
    report: Report,
    stations: Sequence[str] = (),
    start: str | None = None,
    end: str | None = None,
    policies: Policies | None = None,
    workers: int = 1,
    scheduler: str | None = None,
) -> list[str]:
    """Pick an archive into output/picks.csv, .xml and .json; return lines on what was found and written.

    Each station-day is a file in output/days; one that is there, of the same policies, weights and files, stays.

    Raises:
        InputError: where there are no waveforms, no such network, or a setting is none.
    """
    policies = policies or Policies()
    head = head_of(bundle, policies)
    oddities: list[tuple[str, str]] = []
    first_ns, end_ns = time_ns(start, "--start"), time_ns(end, "--end")
    if where.startswith("fdsn:"):
        from terrella.pick.continuous.service import fetch_waveforms

        fetched = output / "waveforms"
        for line in fetch_waveforms(where, fetched, stations, first_ns, end_ns, report):
            report({"kind": "message", "message": line})
        where = str(fetched)
    archive = open_waveforms(where, lambda *each: oddities.append(each))
    days = station_days(archive, stations, first_ns, end_ns)
    if not days:
        known = [".".join(each) for each in sorted(archive.stations)]
        raise InputError(
            f"{where}: no waveforms of these stations and times; it has {', '.join(known[:5])}"
            + (", ..." if len(known) > 5 else "")
        )
    folder = output / "days"
    waiting = [day for day in days if not _is_done(folder, day, head)]
    if len(waiting) < len(days):
        done = len(days) - len(waiting)
        report({"kind": "message", "message": f"{done} of {len(days)} station-days are done already"})
    if workers == 1 and scheduler is None:
        for number, day in enumerate(waiting, 1):
            pick_day(bundle, day, policies, folder, head)
            _show(report, number, len(waiting), day)
    else:
        _distribute(bundle, waiting, policies, folder, head, workers, scheduler, report)
    return _merge(days, folder, output, head, oddities)


def station_days(
    archive: Archive, stations: Sequence[str] = (), first_ns: int | None = None, end_ns: int | None = None
) -> list[StationDay]:
    """Return what an archive holds between two times; `stations` are patterns of network.station such as CI.*."""
    found = []
    for network, station, day in archive.days(first_ns, end_ns, stations):
        low, high = max(day * DAY_NS, first_ns or 0), min((day + 1) * DAY_NS, end_ns or (day + 1) * DAY_NS)
        found.append(StationDay(network, station, low, high, archive.files(network, station, low, high)))
    return found


def pick_day(bundle: str, day: StationDay, policies: Policies, folder: Path, head: Sequence[str]) -> None:
    """Pick a station-day into a file of its own; a worker process opens the network once."""
    oddities: dict[tuple[str, str], None] = {}

    def found(what: str, name: str) -> None:
        oddities[what, name] = None

    annotator = annotator_for(bundle, policies)
    archive = Archive({(day.network, day.station): day.files})
    recorded = archive.recorded(day.network, day.station, day.first_ns, day.end_ns, found)
    used = stretches(recorded, day.first_ns, day.end_ns)
    for name in passed_over(recorded, used, day.first_ns, day.end_ns):
        found(
            "station-days hold less, in time or components, of an instrument that would go first",
            f"{name} of {day.name}",
        )
    rows: list[PickRow] = []
    for each in used:
        picks = pick_span(annotator, archive, each.codes, each.first_ns, each.end_ns, policies, found)
        rows += rows_of(picks, ".".join(each.codes[0][:3]))
    about = {"findings": list(oddities), "instruments": [[each.name, each.first_ns] for each in used]}
    write_json(_path(folder, day).with_suffix(".json"), about)
    # Last, for it says that the station-day is done.
    write_pick_rows(rows, _path(folder, day), [*head, _span(day)])


def _distribute(
    bundle: str,
    days: Sequence[StationDay],
    policies: Policies,
    folder: Path,
    head: Sequence[str],
    workers: int,
    scheduler: str | None,
    report: Report,
) -> None:
    from distributed import as_completed

    with open_cluster(scheduler, workers) as client:
        arguments = policies, folder.absolute(), head
        futures = {client.submit(pick_day, bundle, day, *arguments, pure=False): day for day in days}
        for number, future in enumerate(as_completed(list(futures)), 1):
            future.result()
            _show(report, number, len(days), futures[future])


def _merge(
    days: Sequence[StationDay],
    folder: Path,
    output: Path,
    head: Sequence[str],
    oddities: Sequence[tuple[str, str]] = (),
) -> list[str]:
    """Write the picks of all station-days together, a day at a time; return what was found in them."""
    for name in _FORMATS:
        write_pick_rows(_all_rows(days, folder), output / name, head)
    about = [json.loads(_path(folder, day).with_suffix(".json").read_text("utf-8")) for day in days]
    tally = Tally()
    every = [*oddities, *(tuple(each) for one in about for each in one["findings"])]
    for what, where in dict.fromkeys(every):
        tally.add(what, [where])
    count = Counter(phase for _, phase, *_ in _all_rows(days, folder))
    numbers = ", ".join(f"{number:,} of {phase}" for phase, number in count.most_common())
    recorded = sum(bool(one["instruments"]) for one in about)
    return [
        *tally.lines(),
        *_changes(days, [one["instruments"] for one in about]),
        f"{count.total():,} picks ({numbers or 'none'}) in {recorded:,} station-days: {output / _FORMATS[0]}",
    ]


def _changes(days: Sequence[StationDay], used: Sequence[Sequence[tuple[str, int]]]) -> Iterator[str]:
    """Yield a line for each station that was not picked on one instrument throughout."""
    by_station: dict[str, list[str]] = defaultdict(list)
    last: dict[str, str] = {}
    for day, instruments in sorted(zip(days, used, strict=True), key=lambda each: each[0].first_ns):
        station = f"{day.network}.{day.station}"
        for name, first_ns in instruments:
            if last.get(station) != name:
                time = np.datetime64(first_ns, "ns").astype("datetime64[s]")
                by_station[station].append(f"{name} from {time}Z")
            last[station] = name
    for station, changes in by_station.items():
        if len(changes) > 1:
            more = ", ..." if len(changes) > _SHOWN else ""
            yield f"{station} is picked on several instruments: {', '.join(changes[:_SHOWN])}{more}"


def _all_rows(days: Sequence[StationDay], folder: Path) -> Iterator[PickRow]:
    """Yield the picks of all station-days in order of time, then trace and phase."""
    of_day = itertools.groupby(sorted(days, key=_day_of), _day_of)
    for _, same in of_day:
        rows = [row for day in same for row in read_pick_rows(_path(folder, day))[0]]
        yield from sorted(rows, key=lambda row: (row[2], row[0], row[1]))


def _day_of(day: StationDay) -> int:
    return day.first_ns // DAY_NS


def rows_of(picks: Sequence[Pick], trace_id: str) -> list[PickRow]:
    """Return picks of one trace as they are written."""
    times = np.array([each.time_ns // 1000 for each in picks], np.int64).view("datetime64[us]")
    numbers = (
        [getattr(each, name) for each in picks] for name in ("probability", "uncertainty_s", "amplitude")
    )
    return pick_rows([trace_id] * len(picks), [each.phase for each in picks], times, *numbers)


def _show(report: Report, done: int, total: int, day: StationDay) -> None:
    report({"kind": "progress", "stage": "pick", "done": done, "total": total, "note": day.name})


def _is_done(folder: Path, day: StationDay, head: Sequence[str]) -> bool:
    path = _path(folder, day)
    if not path.is_file() or not path.with_suffix(".json").is_file():
        return False
    try:
        return read_pick_rows(path)[1] == (*head, _span(day))
    except InputError:
        return False


def _path(folder: Path, day: StationDay) -> Path:
    return folder / f"{day.name}.csv"


def _span(day: StationDay) -> str:
    """Return what was picked, so that a day whose files grew is picked again."""
    files = sorted((file.path.name, file.path.stat().st_size) for file in day.files if file.path.is_file())
    sizes = zlib.crc32(json.dumps(files).encode())
    first, end = (np.datetime64(ns, "ns").astype("datetime64[ms]") for ns in (day.first_ns, day.end_ns))
    return f"from {first}Z to {end}Z, {len(files)} files, checksum of names and sizes {sizes:08x}"


def head_of(bundle: str, policies: Policies) -> list[str]:
    """Return the lines above picks: how they are made, and by which weights."""
    mark = _network(bundle)[1]
    return [
        *policies.lines(annotator_for(bundle, policies).architecture),
        f"weights: {bundle}, checksum {mark}",
    ]


def annotator_for(bundle: str, policies: Policies) -> Annotator:
    """Return the network of a bundle with windows as the policies ask for; it is opened once."""
    annotator = _network(bundle)[0]
    return replace(annotator, architecture=shifted(annotator.architecture, policies.shifts))


def time_ns(text: str | None, name: str) -> int | None:
    """Return a time in UTC as nanoseconds since 1970; `name` is the flag that gave it."""
    if text is None:
        return None
    try:
        return int(np.datetime64(text.removesuffix("Z"), "ns").astype(np.int64))
    except ValueError:
        raise InputError(f"{name} {text!r}: expected a time in UTC such as 2019-07-06T03:00:00") from None


@lru_cache(maxsize=1)
def _network(bundle: str) -> tuple[Annotator, str]:
    return ready_annotator(bundle)
