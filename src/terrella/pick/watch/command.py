"""`terrella pick watch`: an archive is followed; picks and events are kept and written as they are made."""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from terrella.engine.run import Report, Run
from terrella.errors import InputError, TerrellaError
from terrella.files import claimed
from terrella.formats.waveforms.archive import Archive
from terrella.pick.association.associate import AssociationSettings
from terrella.pick.continuous.command import annotator_for, head_of, time_ns
from terrella.pick.continuous.policies import Policies
from terrella.pick.data.tally import Tally
from terrella.pick.watch import state as kept
from terrella.pick.watch.events import Associating, Event, associate_changed, associating
from terrella.pick.watch.growth import Growing
from terrella.pick.watch.page import PAGE, write_watch_page
from terrella.pick.watch.seedlink import ARCHIVE, Receiving, address_of, received
from terrella.pick.watch.spans import within
from terrella.pick.watch.state import Made, Station
from terrella.pick.watch.station import Outcome, Picking, pick_waiting, reach_of, touched
from terrella.pick.watch.writing import write_changed

STATE = "watch.sqlite"
_FILES_AT_ONCE = 256
_SILENT_S = 120.0  # without new record of a station, after which its last samples are picked as they are
_FOREVER = 2**62
_PAGE_S = 10.0  # at least, between readings of the page


@dataclass(eq=False)
class Watch:
    """A watch at work."""

    state: sqlite3.Connection
    growing: Growing
    picking: Picking
    associating: Associating | None
    head: Sequence[str]
    output: Path
    report: Report
    started_ns: int
    heard_s: dict[Station, float] = field(default_factory=dict)  # when a station last grew, by a steady clock
    told: set[tuple[str, str]] = field(default_factory=set)
    latencies_s: list[float] = field(default_factory=list)
    page_s: float | None = None  # between readings of the page, where there is one
    changed: bool = True  # since the page was written
    receiving: Receiving | None = None  # what writes the archive, where no other program does

    def found(self, what: str, name: str) -> None:
        """Tell of an oddity once."""
        if (what, name) not in self.told:
            self.told.add((what, name))
            self.say(f"{what}: {name}")

    def say(self, line: str) -> None:
        """Report a line, and keep it."""
        self.report({"kind": "message", "message": line})


def watch(
    where: Path | str,
    bundle: str,
    output: Path,
    report: Report,
    stations: Sequence[str] = (),
    start: str | None = None,
    until: str | None = None,
    once: bool = False,
    poll_s: float = 5.0,
    policies: Policies | None = None,
    inventory: Path | None = None,
    settings: AssociationSettings | None = None,
    magnitude_offset: float = 0.0,
    page: bool = False,
) -> None:
    """Pick what an archive holds and what comes to it, into output/picks, and events into output/events.csv.

    `where` is a folder, or seedlink://host:port, whose records are kept in output/archive.

    Stopped, or killed, at any moment and called again it goes on: each sample is picked, and no pick is kept twice.
    What later record changes is revised, so that at its end the picks are those of `pick run` on the archive.

    Raises:
        InputError: where archive, bundle or inventory are at fault, another process watches into the folder, or it
            was begun with other weights or settings.
    """
    server = address_of(str(where))
    archive = Path(where) if server is None else output / ARCHIVE
    if server is None and not archive.is_dir():
        raise InputError(f"{where}: a folder to follow, such as an SDS archive, was expected")
    if server is not None and once:
        raise InputError("--once looks at a folder; a SeedLink server never ends: give --until")
    if not poll_s > 0:
        raise InputError(f"--poll-s {poll_s:g}: a number above 0 was expected")
    policies = policies or Policies()
    first_ns, until_ns = time_ns(start, "--start"), time_ns(until, "--until")
    annotator, head = annotator_for(bundle, policies), head_of(bundle, policies)
    report, found, how = _recorded(report, output), Tally(), None
    if inventory is not None:
        how = associating(inventory, settings or AssociationSettings(), magnitude_offset, found)
    *lines, weights = head
    asked = {"policies": lines, "weights": weights.split()[-1], "stations": list(stations), "start": start}
    asked |= {} if server is None else {"server": server}
    busy = InputError(f"another process watches into {output}; wait for its end, or give another --output")
    with claimed(output / ".claim", busy), kept.opened(output / STATE) as state:
        _check_same(state, output, asked)
        growing = Growing(archive, kept.marks(state), stations, first_ns)
        picking = Picking(annotator, policies, reach_of(annotator))
        work = Watch(state, growing, picking, how, head, output, report, time.time_ns())
        work.page_s = max(poll_s, _PAGE_S) if page else None
        for line in found.lines():
            work.say(line)
        work.say(f"a pick is made once {picking.reach.settled_ns / 1e9:.0f} s of record follow it")
        _write(work)
        try:
            _follow(work, poll_s, 0 if once else until_ns, server)
        finally:
            _tell_latency(work)
        picks, events = kept.counts(state)
        report({"kind": "result", "message": f"{picks:,} picks and {events:,} events: {output}"})


def step(watch: Watch, ended: bool) -> None:
    """Look at the archive once, pick what can be picked, associate and write; where it has `ended`, all of it."""
    for line in () if watch.receiving is None else watch.receiving.lines():
        watch.say(line)
    try:
        _look(watch)
        _pick(watch, ended)
        _associate(watch, ended)
        _write(watch)
        _write_page(watch)
    except (TerrellaError, OSError, sqlite3.OperationalError) as error:
        if ended:
            raise
        watch.say(f"{error}; tried again")


def _follow(watch: Watch, poll_s: float, until_ns: int | None, server: str | None) -> None:
    growing = watch.growing
    source: AbstractContextManager[Receiving | None] = nullcontext(None)
    if server is not None:
        source = received(server, growing.stations, watch.output, growing.first_ns)
    with source as watch.receiving:
        while until_ns is None or time.time_ns() < until_ns:
            step(watch, False)
            left_s = poll_s if until_ns is None else min(poll_s, (until_ns - time.time_ns()) / 1e9)
            time.sleep(max(left_s, 0))
    step(watch, True)


def _look(watch: Watch) -> None:
    """Take in what is new, with what is to be picked for it, some files at a time."""
    looked = watch.growing.look(watch.found)
    while batch := list(islice(looked, _FILES_AT_ONCE)):
        waiting = kept.waiting(watch.state)
        grew: set[Station] = set()
        for news in batch:
            for station, spans in news.spans.items():
                waiting[station] = [*waiting.get(station, ()), *touched(spans, watch.picking.reach)]
                grew.add(station)
        first_ns = -_FOREVER if watch.growing.first_ns is None else watch.growing.first_ns
        with kept.changing(watch.state):
            for news in batch:
                kept.mark(watch.state, news.path, news.mark)
            for station in grew:
                kept.wait_for(watch.state, station, within(waiting[station], first_ns, _FOREVER))
        for news in batch:
            watch.growing.take(news)
        watch.changed |= bool(batch)
        watch.heard_s |= dict.fromkeys(grew, time.monotonic())


def _pick(watch: Watch, ended: bool) -> None:
    waiting = kept.waiting(watch.state)
    if not waiting:
        return
    archive = watch.growing.archive()
    new: list[Made] = []
    gone = 0
    for number, station in enumerate(sorted(waiting), 1):
        now_s = time.monotonic()
        over = ended or now_s - watch.heard_s.setdefault(station, now_s) > _SILENT_S
        for outcome in _days(watch, archive, station, over):
            new += outcome.new
            gone += len(outcome.gone)
            if outcome.more:
                note = ".".join(station)
                watch.report(
                    {"kind": "progress", "stage": "pick", "done": number, "total": len(waiting), "note": note}
                )
    if new or gone:
        watch.changed = True
        watch.say(_said(watch, new, gone))


def _days(watch: Watch, archive: Archive, station: Station, over: bool) -> Iterator[Outcome]:
    """Yield what each day gives of what waits of a station."""
    more = True
    while more and (spans := kept.waiting(watch.state).get(station)):
        outcome = pick_waiting(
            watch.state, watch.growing, archive, station, spans, watch.picking, over, watch.found
        )
        yield outcome
        more = outcome.more


def _said(watch: Watch, new: Sequence[Made], gone: int) -> str:
    """Return a line on new picks, and how long after their samples they were made where these came in this time."""
    ages_s = [
        (each.made_ns - each.pick.time_ns) / 1e9 for each in new if each.pick.time_ns > watch.started_ns
    ]
    watch.latencies_s += ages_s
    stations = len({(each.network, each.station) for each in new})
    last = f" until {_time(max(each.pick.time_ns for each in new))}" if new else ""
    late = f"; from sample to pick {np.median(ages_s):.1f} s, at most {max(ages_s):.1f} s" if ages_s else ""
    again = f"; {gone} that later record changed are taken back" if gone else ""
    return f"{len(new)} new picks of {stations} stations{last}{late}{again}"


def _associate(watch: Watch, ended: bool) -> None:
    if watch.associating is None:
        return
    left = [spans[0][0] for spans in kept.waiting(watch.state).values()]
    complete_ns = _FOREVER if ended else min(left, default=_FOREVER)
    found = Tally()
    try:
        changes = associate_changed(watch.state, watch.associating, complete_ns, found)
    except InputError as error:
        watch.found("no events", str(error))
        return
    for line in found.lines():
        watch.found("association", line)
    watch.changed |= bool(changes)
    for what, event in changes:
        watch.say(_described(what, event, watch.associating.magnitude_offset))


def _described(what: str, event: Event, offset: float) -> str:
    size = "" if event.magnitude is None else f"M {event.magnitude + offset:.2f}, "
    place = f"{event.latitude:.3f}° N, {event.longitude:.3f}° E, {event.depth_km:.1f} km"
    return (
        f"event {event.event_id} {what} (version {event.revision}): {size}{place}, "
        f"{len(event.picks)} picks, {_time(event.time_ns)}"
    )


def _write(watch: Watch) -> None:
    offset = 0.0 if watch.associating is None else watch.associating.magnitude_offset
    write_changed(watch.state, watch.output, watch.head, offset)


def _write_page(watch: Watch) -> None:
    if watch.page_s is None or not watch.changed:
        return
    how = watch.associating
    places, offset = (None, 0.0) if how is None else (how.stations, how.magnitude_offset)
    path, archive = watch.output / PAGE, watch.growing.archive()
    write_watch_page(path, archive, watch.state, places, offset, watch.page_s, lambda what, name: None)
    watch.changed = False


def _check_same(state: sqlite3.Connection, output: Path, asked: Mapping[str, object]) -> None:
    """Refuse to go on under other settings: picks of two kinds would stand side by side."""
    text = json.dumps(asked)
    before = kept.about(state, "asked", text)
    if before != text:
        old = json.loads(before)
        other = next((name for name in asked if old.get(name) != asked[name]), "settings")
        raise InputError(f"{output} was begun with other {other}; give another --output, or type what it was")


def _recorded(report: Report, output: Path) -> Report:
    """Return what shows events and keeps what is said."""
    run = Run(output)

    def keep(event: dict[str, Any]) -> None:
        report(event)
        if event.get("kind") in ("message", "result"):
            with suppress(OSError):  # a full disk is told of, and does not end the watch
                run.append(event)

    return keep


def _tell_latency(watch: Watch) -> None:
    if watch.latencies_s:
        middle, most = np.percentile(watch.latencies_s, [50, 95])
        watch.say(
            f"from sample to pick {middle:.1f} s in the median, {most:.1f} s at the 95th percentile, "
            f"over {len(watch.latencies_s)} picks"
        )


def _time(ns: int) -> str:
    return f"{np.datetime64(ns, 'ns').astype('datetime64[s]')}Z"
