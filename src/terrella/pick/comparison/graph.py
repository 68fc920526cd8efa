"""Independent pieces of work as a Dask graph; finished pieces are files, so that a killed comparison goes on."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from terrella.engine.cluster import open_cluster
from terrella.engine.run import Event, Report
from terrella.engine.settings import fingerprint
from terrella.errors import Interrupted, TerrellaError
from terrella.files import write_json

if TYPE_CHECKING:
    from distributed import Client

Result = dict[str, Any]
# Does the work: its arguments, the results it needs by the piece's name, a folder of its own, and a report.
Work = Callable[[Mapping[str, Any], Mapping[str, Result], Path, Report], Result]

_SECONDS_BETWEEN_SAMPLES = 0.05
_MEMORY_PER_WORKER = 2 * 2**30
_LEFT_OUT = "left out, for want of "


@dataclass(frozen=True)
class Piece:
    """One piece of work. Its arguments are JSON values: what they name must not change."""

    label: str  # in words, for people and for the file's name
    work: Work  # a function of a module, since other processes run it
    arguments: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple["Piece", ...] = ()

    @property
    def name(self) -> str:
        """The name of the piece's file: its label and the fingerprint of all that its result follows from."""
        words = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in self.label)
        where = f"{self.work.__module__}.{self.work.__qualname__}"
        return f"{words[:80]}-{fingerprint(where, dict(self.arguments), [need.name for need in self.needs])}"


@dataclass(frozen=True)
class Outcome:
    """What became of all pieces, by their names."""

    results: Mapping[str, Result]
    failures: Mapping[str, str]  # a line for each that failed
    left_out: Mapping[str, str]  # the failed piece that each of the others waits for


def execute(
    pieces: Sequence[Piece],
    folder: Path,
    report: Report,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Outcome:
    """Do all pieces that `folder` does not hold yet, each after those it needs, and return all results.

    They are done by a Dask cluster of processes on this machine, one per core by default; by the scheduler at an
    address, whose workers must see the same folders; or, where `workers` is 1, in this process. A piece that
    fails leaves a line, and what needs it is left out; everything else is done.

    Raises:
        InputError: where the scheduler does not answer.
    """
    ordered = _in_order(pieces)
    results = {name: found for name in ordered if (found := _finished(folder, name)) is not None}
    missing = {name: piece for name, piece in ordered.items() if name not in results}
    if results:
        report({"kind": "message", "message": f"{len(results)} of {len(ordered)} pieces are done already"})
    progress = _Progress(report, len(ordered), len(results))
    if workers is None and scheduler is None:
        workers = _workers(len(missing))
    failures: dict[str, str] = {}
    if not missing:
        pass
    elif workers == 1 and scheduler is None:
        for name, piece in missing.items():
            answer = run_piece(piece, folder, *_needed(piece, results, failures), report=report)
            _keep(name, answer, results, failures, progress)
    else:
        with open_cluster(scheduler, workers) as client:
            _distribute(client, missing, folder, results, failures, progress)
    waiting = {
        name: line.removeprefix(_LEFT_OUT) for name, line in failures.items() if line.startswith(_LEFT_OUT)
    }
    return Outcome(results, {n: line for n, line in failures.items() if n not in waiting}, waiting)


def run_piece(
    piece: Piece, folder: Path, *needed: tuple[str, Result | str], report: Report | None = None
) -> tuple[str, Result | str]:
    """Do one piece and write its result; return its name with the result, or with a line that says what failed.

    `needed` holds the same of the pieces that it needs. The result is completed by `cost`: CPU seconds, wall
    seconds and the peak memory of the process in MiB while the piece was done.
    """
    for name, result in needed:
        if isinstance(result, str):
            return piece.name, result if result.startswith(_LEFT_OUT) else f"{_LEFT_OUT}{name}"
    try:
        with _measured() as cost:
            result = piece.work(piece.arguments, dict(needed), folder / piece.name, report or _silent)  # type: ignore[arg-type]
        complete = {**result, "label": piece.label, "cost": cost}
        # Through JSON, so that a result read from its file equals one just made.
        complete = json.loads(json.dumps(complete))
        write_json(folder / f"{piece.name}.json", complete)
    except Interrupted:
        raise
    except TerrellaError as error:
        return piece.name, str(error)
    except Exception as error:  # one bad data set must not end the work of days
        return piece.name, f"{type(error).__name__}: {' '.join(str(error).split())}"
    return piece.name, complete


def _in_order(pieces: Sequence[Piece]) -> dict[str, Piece]:
    """Return the pieces and all they need by name, every piece after its needs."""
    ordered: dict[str, Piece] = {}
    for piece in pieces:
        for name, need in _in_order(piece.needs).items():
            ordered.setdefault(name, need)
        ordered.setdefault(piece.name, piece)
    return ordered


def _finished(folder: Path, name: str) -> Result | None:
    """Return a piece's result from its file, None where there is none that can be read."""
    try:
        read = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None


def _needed(
    piece: Piece, results: Mapping[str, Result], failures: Mapping[str, str]
) -> list[tuple[str, Result | str]]:
    names = [need.name for need in piece.needs]
    return [(name, results[name] if name in results else failures[name]) for name in names]


def _keep(
    name: str,
    answer: tuple[str, Result | str],
    results: dict[str, Result],
    failures: dict[str, str],
    progress: "_Progress",
) -> None:
    result = answer[1]
    if isinstance(result, str):
        failures[name] = result
        if not result.startswith(_LEFT_OUT):
            progress.failed(name, result)
    else:
        results[name] = result
        progress.done_one(result["label"])


def _distribute(
    client: "Client",
    missing: Mapping[str, Piece],
    folder: Path,
    results: dict[str, Result],
    failures: dict[str, str],
    progress: "_Progress",
) -> None:
    """Let the cluster do the pieces; Dask's own graph keeps each behind what it needs."""
    from distributed import as_completed

    futures: dict[str, Any] = {}
    for name, piece in missing.items():
        needed = [
            (need.name, results[need.name]) if need.name in results else futures[need.name]
            for need in piece.needs
        ]
        futures[name] = client.submit(
            run_piece, piece, folder.absolute(), *needed, key=name, pure=False, retries=0
        )
    names = {future.key: name for name, future in futures.items()}
    for future in as_completed(list(futures.values()), raise_errors=False):
        name = names[future.key]
        if future.status == "finished":
            answer = future.result()
        else:
            error = future.exception()
            answer = (name, f"its process ended: {type(error).__name__}: {' '.join(str(error).split())}")
        _keep(name, answer, results, failures, progress)


def _workers(pieces: int) -> int:
    """Return how many processes suit this machine: no more than cores, pieces, and memory for each."""
    by_memory = int(psutil.virtual_memory().available // _MEMORY_PER_WORKER)
    return max(1, min(os.cpu_count() or 1, pieces, by_memory))


class _Progress:
    """Tells the report how many pieces are done."""

    def __init__(self, report: Report, total: int, done: int) -> None:
        self.report, self.total, self.done = report, total, done

    def done_one(self, label: str) -> None:
        self.done += 1
        self.report(
            {"kind": "progress", "stage": "compare", "done": self.done, "total": self.total, "note": label}
        )

    def failed(self, name: str, line: str) -> None:
        self.report({"kind": "message", "message": f"{name} failed: {line}"})


def _silent(event: Event) -> None:
    """Show nothing: a worker's own events stay in its folder."""


@contextmanager
def _measured() -> Iterator[dict[str, float]]:
    """Give a table that holds CPU seconds, wall seconds and peak memory of this process after the block."""
    process = psutil.Process()
    peak = process.memory_info().rss
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(_SECONDS_BETWEEN_SAMPLES):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    cost: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield cost
    finally:
        cost["cpu_seconds"] = round(time.process_time() - cpu, 3)
        cost["wall_seconds"] = round(time.perf_counter() - wall, 3)
        ended.set()
        watcher.join()
        cost["peak_mib"] = round(max(peak, process.memory_info().rss) / 2**20, 1)
