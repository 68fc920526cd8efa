"""`terrella pick watch`: an archive is followed; picks and events are kept and written as they are made."""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np

from terrella.engine.run import Report, Run
from terrella.errors import InputError
from terrella.files import claimed
from terrella.pick.association.associate import AssociationSettings
from terrella.pick.continuous.command import annotator_for, head_of, time_ns
from terrella.pick.continuous.policies import Policies
from terrella.pick.data.tally import Tally
from terrella.pick.watch import state as kept
from terrella.pick.watch.events import associating
from terrella.pick.watch.growth import Growing
from terrella.pick.watch.realtime import Watch, step, write
from terrella.pick.watch.seedlink import ARCHIVE, Receiving, address_of, received
from terrella.pick.watch.station import Picking, reach_of

STATE = "watch.sqlite"
_PAGE_S = 10.0  # at least, between readings of the page


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
        how = associating(inventory, settings or AssociationSettings(), found)
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
        write(work)
        try:
            _follow(work, poll_s, 0 if once else until_ns, server)
        finally:
            _tell_latency(work)
        picks, events = kept.counts(state)
        report({"kind": "result", "message": f"{picks:,} picks and {events:,} events: {output}"})


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
