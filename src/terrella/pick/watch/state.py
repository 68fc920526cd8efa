"""What a watch knows, in one SQLite file: whatever ends the program, the last transaction stands, or does not."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from terrella.errors import InputError, TerrellaError
from terrella.formats.waveforms.instruments import Stretch
from terrella.formats.waveforms.miniseed import Code
from terrella.pick.continuous.picking import Pick
from terrella.pick.watch.spans import Spans, united

Station = tuple[str, str]  # network, station
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
  whole INTEGER NOT NULL, tail INTEGER NOT NULL, spans TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS waiting (network TEXT, station TEXT, first_ns INTEGER, end_ns INTEGER);
CREATE TABLE IF NOT EXISTS used (network TEXT, station TEXT, day INTEGER, stretches TEXT NOT NULL,
  PRIMARY KEY (network, station, day));
CREATE TABLE IF NOT EXISTS picks (network TEXT, station TEXT, time_ns INTEGER, phase TEXT, trace_id TEXT,
  probability REAL, uncertainty_s REAL, amplitude REAL, made_ns INTEGER,
  PRIMARY KEY (network, station, time_ns, phase, trace_id));
CREATE INDEX IF NOT EXISTS picks_by_time ON picks (time_ns);
CREATE TABLE IF NOT EXISTS unwritten (kind TEXT, day INTEGER, PRIMARY KEY (kind, day));
CREATE TABLE IF NOT EXISTS unassociated (first_ns INTEGER, end_ns INTEGER);
CREATE TABLE IF NOT EXISTS events (event_id TEXT PRIMARY KEY, time_ns INTEGER NOT NULL, longitude REAL NOT NULL,
  latitude REAL NOT NULL, depth_km REAL NOT NULL, magnitude REAL, revision INTEGER NOT NULL,
  withdrawn INTEGER NOT NULL, picks TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_time ON events (time_ns);
"""


@dataclass(frozen=True)
class Mark:
    """How far a file was looked at, and when its channels recorded."""

    size: int
    mtime_ns: int
    whole: int  # bytes, to the end of the last record
    tail: int  # checksum of the last of these bytes
    spans: tuple[tuple[Code, int, int], ...]


@dataclass(frozen=True)
class Made:
    """A pick that is kept."""

    network: str
    station: str
    trace_id: str
    pick: Pick
    made_ns: int  # wall clock

    @property
    def key(self) -> tuple[str, str, int]:
        """What no other pick shares: trace, phase, time."""
        return self.trace_id, self.pick.phase, self.pick.time_ns


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the state of a watch, new where there is none; nothing is kept but by `changing`.

    Raises:
        InputError: where the file is no such state.
        TerrellaError: where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as state:
        try:
            state.execute("PRAGMA synchronous = FULL")
            state.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path}: no state of a watch ({error}); give another --output") from error
        try:
            yield state
        except sqlite3.OperationalError as error:
            raise TerrellaError(
                f"{path} could not be written ({error}); what was kept before stays"
            ) from error


@contextmanager
def changing(state: sqlite3.Connection) -> Iterator[None]:
    """Keep all that is changed within, or nothing."""
    state.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if state.in_transaction:  # some errors have ended it
            state.execute("ROLLBACK")
        raise
    state.execute("COMMIT")


def about(state: sqlite3.Connection, name: str, text: str) -> str:
    """Return what was noted under a name, the text given where nothing was."""
    state.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (name, text))
    return str(state.execute("SELECT text FROM about WHERE name = ?", (name,)).fetchone()[0])


def marks(state: sqlite3.Connection) -> dict[str, Mark]:
    """Return how far each file was looked at."""
    rows = state.execute("SELECT path, size, mtime_ns, whole, tail, spans FROM files")
    return {
        path: Mark(size, mtime, whole, tail, tuple((_code(code), a, b) for code, a, b in json.loads(spans)))
        for path, size, mtime, whole, tail, spans in rows
    }


def mark(state: sqlite3.Connection, path: str, to: Mark | None) -> None:
    """Note how far a file was looked at; None where it is gone."""
    if to is None:
        state.execute("DELETE FROM files WHERE path = ?", (path,))
        return
    row = (path, to.size, to.mtime_ns, to.whole, to.tail, json.dumps(to.spans))
    state.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", row)


def waiting(state: sqlite3.Connection) -> dict[Station, Spans]:
    """Return what is to be picked, by station."""
    found: dict[Station, Spans] = {}
    for network, station, first, end in state.execute("SELECT * FROM waiting ORDER BY first_ns"):
        found.setdefault((network, station), []).append((first, end))
    return {station: united(spans) for station, spans in found.items()}


def wait_for(state: sqlite3.Connection, station: Station, spans: Spans) -> None:
    """Note all that is to be picked of a station."""
    state.execute("DELETE FROM waiting WHERE network = ? AND station = ?", station)
    state.executemany(
        "INSERT INTO waiting VALUES (?, ?, ?, ?)", [(*station, *each) for each in united(spans)]
    )


def used(state: sqlite3.Connection, station: Station, day: int) -> list[Stretch]:
    """Return the instruments by which a station-day was picked."""
    asked = "SELECT stretches FROM used WHERE network = ? AND station = ? AND day = ?"
    row = state.execute(asked, (*station, day)).fetchone()
    return [
        Stretch(tuple(_code(code) for code in codes), first, end) for codes, first, end in json.loads(row[0])
    ] if row else []  # fmt: skip


def use(state: sqlite3.Connection, station: Station, day: int, stretches: Sequence[Stretch]) -> None:
    """Note the instruments by which a station-day was picked."""
    text = json.dumps([[each.codes, each.first_ns, each.end_ns] for each in stretches])
    state.execute("INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?)", (*station, day, text))


def picks(
    state: sqlite3.Connection, first_ns: int, end_ns: int, station: Station | None = None
) -> list[Made]:
    """Return the picks between two times, in order of time, then trace and phase."""
    where, given = "time_ns >= ? AND time_ns < ?", [first_ns, end_ns]
    if station is not None:
        where, given = f"network = ? AND station = ? AND {where}", [*station, first_ns, end_ns]  # type: ignore[list-item]
    rows = state.execute(
        "SELECT network, station, trace_id, phase, time_ns, probability, uncertainty_s, amplitude, made_ns "
        f"FROM picks WHERE {where} ORDER BY time_ns, trace_id, phase",
        given,
    )
    return [Made(row[0], row[1], row[2], Pick(*row[3:8]), row[8]) for row in rows]


def replace_picks(state: sqlite3.Connection, gone: Iterable[Made], new: Iterable[Made]) -> None:
    """Take picks away and add others."""
    asked = (
        "DELETE FROM picks WHERE network = ? AND station = ? AND time_ns = ? AND phase = ? AND trace_id = ?"
    )
    state.executemany(asked, [(*_key(each),) for each in gone])
    state.executemany(
        "INSERT OR REPLACE INTO picks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*_key(each), each.pick.probability, each.pick.uncertainty_s, each.pick.amplitude, each.made_ns)
            for each in new
        ],
    )


def unwritten(state: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return what is to be written: kind and day of the Unix epoch."""
    return [(kind, day) for kind, day in state.execute("SELECT kind, day FROM unwritten ORDER BY kind, day")]


def to_write(state: sqlite3.Connection, kind: str, days: Iterable[int]) -> None:
    """Note what is to be written."""
    state.executemany("INSERT OR IGNORE INTO unwritten VALUES (?, ?)", [(kind, day) for day in days])


def written(state: sqlite3.Connection, kind: str, day: int) -> None:
    """Note what was written."""
    state.execute("DELETE FROM unwritten WHERE kind = ? AND day = ?", (kind, day))


def counts(state: sqlite3.Connection) -> tuple[int, int]:
    """Return the numbers of picks and of events."""
    of = ("SELECT COUNT(*) FROM picks", "SELECT COUNT(*) FROM events WHERE NOT withdrawn")
    picks, events = (int(state.execute(each).fetchone()[0]) for each in of)
    return picks, events


def _key(made: Made) -> tuple[str, str, int, str, str]:
    return made.network, made.station, made.pick.time_ns, made.pick.phase, made.trace_id


def _code(parts: Sequence[str]) -> Code:
    network, station, location, channel = parts
    return network, station, location, channel
