"""What a watch writes for others to read: picks by day, the catalogue, and which picks its events have."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.files import write_table
from terrella.formats.catalogues.write import write_catalogue
from terrella.formats.waveforms.archive import DAY_NS
from terrella.formats.waveforms.picks import PickRow, write_pick_rows
from terrella.pick.association.command import catalogue_of
from terrella.pick.continuous.command import rows_of
from terrella.pick.continuous.picking import Pick
from terrella.pick.watch import state as kept
from terrella.pick.watch.events import ARRIVALS, CATALOGUE, events, table_of
from terrella.pick.watch.state import Made
from terrella.pick.watch.station import PICKS

EVENTS_FILE = "events.csv"
_COLUMNS = ("event_id", "version", "trace_id", "phase", "time", "residual_s", "distance_km")


def write_changed(state: sqlite3.Connection, output: Path, head: Sequence[str], offset: float) -> None:
    """Write what changed since it was written; what a kill leaves unwritten is written the next time.

    `offset` is added to magnitudes.
    """
    for kind, day in kept.unwritten(state):
        name = f"{np.datetime64(day, 'D')}.csv"
        if kind == PICKS:
            made = kept.picks(state, day * DAY_NS, (day + 1) * DAY_NS)
            write_pick_rows(_rows(made), output / PICKS / name, head)
        elif kind == ARRIVALS:
            write_table(_arrivals(state, day), output / ARRIVALS / name, "%.3f")
        elif kind == CATALOGUE:
            # A catalogue has a magnitude for every event; those without one are in the table of arrivals.
            every = [each for each in events(state) if each.magnitude is not None]
            names = [each.event_id for each in every]
            write_catalogue(catalogue_of(table_of(every), offset, EVENTS_FILE, names), output / EVENTS_FILE)
        kept.written(state, kind, day)


def _rows(made: Sequence[Made]) -> list[PickRow]:
    by_trace: dict[str, list[Pick]] = defaultdict(list)
    for each in made:
        by_trace[each.trace_id].append(each.pick)
    rows = [row for trace_id, picks in by_trace.items() for row in rows_of(picks, trace_id)]
    return sorted(rows, key=lambda row: (row[2], row[0], row[1]))


def _arrivals(state: sqlite3.Connection, day: int) -> pd.DataFrame:
    rows = [
        (event.event_id, event.revision, trace_id, phase, f"{np.datetime64(ms, 'ms')}Z", residual_s, km)
        for event in events(state, day * DAY_NS, (day + 1) * DAY_NS)
        for trace_id, phase, ms, residual_s, km in event.picks
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))
