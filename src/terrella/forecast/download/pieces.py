"""Events of a long time, fetched in pieces that a service serves; finished pieces outlive the process."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from terrella.engine import web
from terrella.engine.run import Report
from terrella.errors import InputError, TerrellaError
from terrella.files import lock, write_json, write_text
from terrella.forecast.download import fdsn

Time = np.datetime64  # datetime64[s]


@dataclass(frozen=True)
class Pieces:
    """A folder of answers to parts of one query, and the service that gives those still missing.

    The query may be several, which together are what is wanted.
    """

    folder: Path
    service: fdsn.Service
    queries: Sequence[Mapping[str, str]]
    patience: web.Patience
    report: Report

    def count(self, first: Time, last: Time, more: Mapping[str, str] | None = None) -> int:
        """Return how many events the service has from one time to another, both included."""
        return sum(self._count({**query, **(more or {})}, first, last) for query in self.queries)

    def fetch(self, what: str, first: Time, last: Time, more: Mapping[str, str] | None = None) -> pa.Table:
        """Return the events from one time to another as `fdsn.as_table` has them, some perhaps twice.

        `what` names the pieces: two queries with the same name are taken for the same.

        Raises:
            TerrellaError: where the service does not answer; what it has answered is kept.
        """
        total = float((last - first) / np.timedelta64(1, "D"))
        tables, events = [], 0
        for part, query in enumerate(self.queries):
            name = f"{what}{part}" if part else what
            for end, table in self._walk(name, first, last, {**query, **(more or {})}):
                tables.append(table)
                events += table.num_rows
                done = float((end - first) / np.timedelta64(1, "D"))
                note = f"{events:,} events up to {str(end)[:10]}"
                stage = f"{name} events"
                self.report({"kind": "progress", "stage": stage, "done": done, "total": total, "note": note})
        return pa.concat_tables(tables)

    def _walk(
        self, what: str, first: Time, last: Time, query: Mapping[str, str]
    ) -> Iterator[tuple[Time, pa.Table]]:
        """Yield the ends and events of the pieces, halving those that hold too many."""
        piece = self.folder / f"{what}_{_stamp(first)}_{_stamp(last)}.txt"
        halved = piece.with_suffix(".halved")
        if not piece.exists() and not halved.exists():
            try:
                write_text(piece, self._answer(first, last, query))
            except web.TooMuchError as error:
                if last - first < np.timedelta64(2, "s"):
                    raise TerrellaError(f"within one second, {error}; raise --min-magnitude") from error
                write_text(halved, "")
        if piece.exists():
            yield last, fdsn.as_table(piece.read_text(encoding="utf-8"), str(piece))
            return
        middle = first + (last - first) // 2
        yield from self._walk(what, first, middle, query)
        yield from self._walk(what, middle, last, query)

    def _count(self, query: Mapping[str, str], first: Time, last: Time) -> int:
        query = {**query, "starttime": str(first), "endtime": str(last)}
        return fdsn.count(self.service, query, self.patience, self.report)

    def _answer(self, first: Time, last: Time, query: Mapping[str, str]) -> str:
        query = {**query, "starttime": str(first), "endtime": str(last)}
        if self.service.counts:
            n = self._count(query, first, last)
            if n > fdsn.LIMIT:
                raise web.TooMuchError(f"{self.service.url} has {n:,} events")
            if n == 0:
                return ""
        return fdsn.events(self.service, query, self.patience, self.report)


@contextmanager
def kept_folder(output: Path, task: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Give the hidden folder beside `output` for a task's pieces, and the task as it was begun.

    The folder of the same task (equal but for its key `began`) that was interrupted is used again; that of
    another is emptied. It is removed at the end, and kept where an error ends it.

    Raises:
        InputError: where another process is using it.
    """
    folder = output.with_name(f".{output.name}.download")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claim = (folder / "claim").open("w")
    except OSError as error:
        raise TerrellaError(f"{folder} could not be made ({error.strerror or error})") from error
    with claim:
        lock(claim, InputError(f"another process is downloading {output}; wait for its end"))
        begun = _begun(folder)
        if {**begun, "began": None} != {**task, "began": None}:
            for left in folder.iterdir():
                if left.name != "claim":
                    left.unlink()
            begun = dict(task)
            write_json(folder / "task.json", begun)
        yield folder, begun
        shutil.rmtree(folder)


def _begun(folder: Path) -> dict[str, Any]:
    try:
        read = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _stamp(time: Time) -> str:
    return str(time).replace(":", "").replace("-", "")
