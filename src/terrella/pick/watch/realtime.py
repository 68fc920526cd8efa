"""Picking in real time: what came to an archive is picked, associated and written; what it changes is revised."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from terrella.engine.run import Report
from terrella.errors import InputError, TerrellaError
from terrella.formats.waveforms.archive import Archive
from terrella.pick.data.tally import Tally
from terrella.pick.watch import state as kept
from terrella.pick.watch.events import Associating, Event, associate_changed
from terrella.pick.watch.growth import Growing
from terrella.pick.watch.page import PAGE, write_watch_page
from terrella.pick.watch.seedlink import Receiving
from terrella.pick.watch.spans import within
from terrella.pick.watch.state import Made, Station
from terrella.pick.watch.station import Outcome, Picking, pick_waiting, touched
from terrella.pick.watch.writing import write_changed

_FILES_AT_ONCE = 256
_SILENT_S = 120.0  # without new record of a station, after which its last samples are picked as they are
_FOREVER = 2**62


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

    @property
    def magnitude_offset(self) -> float:
        """What is added to magnitudes."""
        return 0.0 if self.associating is None else self.associating.settings.magnitude_offset

    def found(self, what: str, name: str) -> None:
        """Tell of an oddity once."""
        if (what, name) not in self.told:
            self.told.add((what, name))
            self.say(f"{what}: {name}")

    def say(self, line: str) -> None:
        """Report a line, and keep it."""
        self.report({"kind": "message", "message": line})


def step(watch: Watch, ended: bool) -> None:
    """Look at the archive once, pick what can be picked, associate and write; where it has `ended`, all of it."""
    for line in () if watch.receiving is None else watch.receiving.lines():
        watch.say(line)
    try:
        _look(watch)
        _pick(watch, ended)
        _associate(watch, ended)
        write(watch)
        _write_page(watch)
    except (TerrellaError, OSError, sqlite3.OperationalError) as error:
        if ended:
            raise
        watch.say(f"{error}; tried again")


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
        watch.say(_described(what, event, watch.magnitude_offset))


def _described(what: str, event: Event, offset: float) -> str:
    size = "" if event.magnitude is None else f"M {event.magnitude + offset:.2f}, "
    place = f"{event.latitude:.3f}° N, {event.longitude:.3f}° E, {event.depth_km:.1f} km"
    return (
        f"event {event.event_id} {what} (version {event.revision}): {size}{place}, "
        f"{len(event.picks)} picks, {_time(event.time_ns)}"
    )


def write(watch: Watch) -> None:
    """Write picks and events that changed."""
    write_changed(watch.state, watch.output, watch.head, watch.magnitude_offset)


def _write_page(watch: Watch) -> None:
    if watch.page_s is None or not watch.changed:
        return
    places = None if watch.associating is None else watch.associating.stations
    path, archive, offset = watch.output / PAGE, watch.growing.archive(), watch.magnitude_offset
    write_watch_page(path, archive, watch.state, places, offset, watch.page_s, lambda what, name: None)
    watch.changed = False


def _time(ns: int) -> str:
    return f"{np.datetime64(ns, 'ns').astype('datetime64[s]')}Z"
