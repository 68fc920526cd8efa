"""What is kept: every version of every event, and the record of forecasts and scores, in one database.

SQLite beside the forecasts' files, or PostgreSQL by its URL. Rows are only ever added.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sql

from terrella.errors import InputError
from terrella.files import claimed
from terrella.live.versions import Versions, no_versions

FIRST = "0" * 64  # what the first record calls the hash of the one before it
_LOCK = 0x7E44E11A  # of PostgreSQL, for the one process that writes
_WAIT_S = 30
_LAST = "SELECT (SELECT MAX(number) FROM records), (SELECT MAX(number) FROM versions)"

_METADATA = sql.MetaData()
VERSIONS = sql.Table(
    "versions",
    _METADATA,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("event_id", sql.Text, nullable=False, index=True),
    sql.Column("seen_us", sql.BigInteger, nullable=False),
    sql.Column("deleted", sql.Boolean, nullable=False),
    sql.Column("time_us", sql.BigInteger, nullable=False, index=True),
    sql.Column("longitude", sql.Double, nullable=False),
    sql.Column("latitude", sql.Double, nullable=False),
    sql.Column("depth_km", sql.Double),
    sql.Column("magnitude", sql.Double, nullable=False),
    sql.Column("magnitude_type", sql.Text, nullable=False),
)
RECORDS = sql.Table(
    "records",
    _METADATA,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("key", sql.Text, nullable=False, unique=True),
    sql.Column("kind", sql.Text, nullable=False, index=True),
    sql.Column("time_us", sql.BigInteger, nullable=False, index=True),
    sql.Column("document", sql.Text, nullable=False),
    sql.Column("previous", sql.Text, nullable=False),
    sql.Column("hash", sql.Text, nullable=False),
)


@dataclass(frozen=True)
class Record:
    """One entry of the record: what was issued, missed or scored, and the hash of the entry before."""

    number: int
    key: str
    kind: str
    time_us: int
    document: str
    previous: str
    hash: str

    @cached_property
    def values(self) -> dict[str, Any]:
        """The document."""
        found: dict[str, Any] = json.loads(self.document)
        return found


@dataclass(frozen=True, eq=False)
class Store:
    """A database, and the folder of the forecasts' files."""

    folder: Path
    engine: sql.Engine

    @property
    def forecasts(self) -> Path:
        """Where the forecasts lie."""
        return self.folder / "forecasts"

    def versions(self) -> Versions:
        """Return all that became known, in order."""
        columns = [VERSIONS.c[each.name] for each in fields(Versions)]
        with self.engine.connect() as connection:
            rows = connection.execute(sql.select(*columns).order_by(VERSIONS.c.number)).all()
        if not rows:
            return no_versions()
        kinds = [getattr(no_versions(), each.name).dtype for each in fields(Versions)]
        return Versions(
            *(np.array(each, kind) for each, kind in zip(zip(*rows, strict=True), kinds, strict=True))
        )

    def learn(self, versions: Versions) -> None:
        """Keep what became known, all of it or, on an error, nothing."""
        if len(versions) == 0:
            return
        lists = [getattr(versions, each.name).tolist() for each in fields(Versions)]
        names = [each.name for each in fields(Versions)]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]
        for row in rows:
            row["depth_km"] = None if np.isnan(row["depth_km"]) else row["depth_km"]
        with self.engine.begin() as connection:
            connection.execute(sql.insert(VERSIONS), rows)

    def append(self, entries: Sequence[tuple[str, str, int, Mapping[str, Any]]]) -> None:
        """Add entries (key, kind, time in µs, document), all of them or none; known keys are passed over."""
        with self.engine.begin() as connection:
            wanted = [key for key, *_ in entries]
            known = set(connection.scalars(sql.select(RECORDS.c.key).where(RECORDS.c.key.in_(wanted))))
            last = connection.execute(
                sql.select(RECORDS.c.number, RECORDS.c.hash).order_by(RECORDS.c.number.desc()).limit(1)
            ).first()
            number, previous = (last.number, last.hash) if last else (0, FIRST)
            for key, kind, time_us, values in entries:
                if key in known:
                    continue
                document = canonical(values)
                number, mark = number + 1, link(previous, key, kind, time_us, document)
                row = (number, key, kind, time_us, document, previous, mark)
                names = [each.name for each in fields(Record)]
                connection.execute(sql.insert(RECORDS), dict(zip(names, row, strict=True)))
                previous = mark

    def latest_events(
        self, since_us: int, until_us: int, least: float, limit: int, names: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        """Return columns of the last versions of events of a span and of some magnitude or more, latest first."""
        v, later = VERSIONS.c, VERSIONS.alias().c
        revised = sql.exists().where(later.event_id == v.event_id, later.number > v.number)
        query = (
            sql.select(*(v[name] for name in names))
            .where(v.time_us >= since_us, v.time_us < until_us, v.magnitude >= least - 1e-9)
            .where(sql.not_(v.deleted), ~revised)
            .order_by(v.time_us.desc())
            .limit(limit)
        )
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def mark(self) -> tuple[int | None, ...]:
        """Return what is another after each addition, read as quickly as it can be."""
        with self.engine.connect() as connection:
            return tuple(connection.exec_driver_sql(_LAST).one())

    def last_number(self) -> int:
        """Return the number of the last entry of the record, 0 before there is one."""
        with self.engine.connect() as connection:
            return int(connection.scalar(sql.select(sql.func.max(RECORDS.c.number))) or 0)

    def times(self, kind: str, latest: int) -> list[tuple[str, int]]:
        """Return keys and times of the latest entries of a kind, in order."""
        query = sql.select(RECORDS.c.key, RECORDS.c.time_us).where(RECORDS.c.kind == kind)
        with self.engine.connect() as connection:
            rows = connection.execute(query.order_by(RECORDS.c.number.desc()).limit(latest)).all()
        return [(key, time_us) for key, time_us in rows[::-1]]

    def count(self, kind: str) -> int:
        """Return how many entries of a kind there are."""
        with self.engine.connect() as connection:
            return int(connection.scalar(sql.select(sql.func.count()).where(RECORDS.c.kind == kind)) or 0)

    def records(
        self, kind: str | None = None, after: int = 0, latest: int | None = None, keys: Sequence[str] | None = None,
        before_us: int | None = None,
    ) -> list[Record]:  # fmt: skip
        """Return entries after a number and before a time, in order: of one kind, the latest few, of some keys."""
        query = sql.select(RECORDS).where(RECORDS.c.number > after)
        if before_us is not None:
            query = query.where(RECORDS.c.time_us < before_us)
        if kind is not None:
            query = query.where(RECORDS.c.kind == kind)
        if keys is not None:
            query = query.where(RECORDS.c.key.in_(keys))
        query = query.order_by(RECORDS.c.number.desc() if latest else RECORDS.c.number).limit(latest)
        with self.engine.connect() as connection:
            found = [Record(*row) for row in connection.execute(query)]
        return found[::-1] if latest else found


def canonical(values: Mapping[str, Any]) -> str:
    """Return a document as the one text that its hash is of."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def rounded(value: float) -> float:
    """Return a value to nine digits: the last ones differ between processors."""
    return float(f"{value:.9g}")


def link(previous: str, key: str, kind: str, time_us: int, document: str) -> str:
    """Return the hash of an entry, which that of the one before it is part of."""
    return sha256("\n".join([previous, key, kind, str(time_us), document]).encode()).hexdigest()


def open_store(folder: Path, url: str | None = None) -> Store:
    """Return the store of a folder, made where it is not there; `url` names another database than its own.

    Raises:
        InputError: where the database cannot be opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {}
    if url is None:
        url = f"sqlite:///{(folder / 'record.sqlite').resolve()}"
        options = {"connect_args": {"timeout": _WAIT_S}}
    try:
        engine = sql.create_engine(url, **options)
        if engine.dialect.name == "sqlite":
            sql.event.listen(engine, "connect", _durable)
        _METADATA.create_all(engine)
    except (sql.exc.SQLAlchemyError, ImportError) as error:
        about = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise InputError(f"the record's database cannot be opened: {about}") from None
    return Store(folder, engine)


@contextmanager
def only_writer(store: Store) -> Iterator[None]:
    """Keep a second process from writing to a store; the claim ends with the process, however that ends.

    Raises:
        InputError: where another one writes.
    """
    busy = InputError(f"another process writes the record of {store.folder}; stop it, or give another folder")
    with claimed(store.folder / ".claim", busy):
        if store.engine.dialect.name != "postgresql":
            yield
            return
        with store.engine.connect() as connection:
            if not connection.scalar(sql.select(sql.func.pg_try_advisory_lock(_LOCK))):
                raise busy
            yield


def _durable(connection: Any, _: Any) -> None:
    """Let readers see a whole database while it is written, and a kill lose nothing that was said to be kept."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
