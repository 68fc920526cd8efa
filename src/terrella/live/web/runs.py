"""Trainings that are shown beside a record: the runs of a folder, and how far each has come."""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from terrella.engine.run import Run
from terrella.engine.settings import task_of
from terrella.errors import InputError

_MOST = 50  # runs: the ones that were written to last
_DEPTH = 3  # folders below the one that is given, as in runs/forecast/demo
_LONGEST = 4000  # epochs of a curve
_PLACE = ("step", "epoch", "epochs", "batch", "batches")


@dataclass(eq=False)
class Followed:
    """A run's events, read on from where the last look ended."""

    run: Run
    _file: tuple[int, int] = (0, 0)  # number of the file, and how many of its bytes were read
    _last: dict[str, Any] = field(default_factory=dict)
    _epochs: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> None:
        """Read what was added; a file that was written anew, as a resumed training does, from its begin."""
        with self.run.events.open("rb") as file:
            about = os.fstat(file.fileno())
            number, place = self._file
            if number != about.st_ino or place > about.st_size:
                self._last, self._epochs, place = {}, [], 0
            file.seek(place)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # still being written
                place += len(line)
                self._take(line)
            self._file = about.st_ino, place

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict) or event.get("kind") not in ("step", "epoch"):
            return
        stage = event.get("stage")
        kept: dict[str, Any] = {"stage": stage if isinstance(stage, str) else ""}
        kept |= {name: _number(event.get(name)) for name in (*_PLACE, "loss", "validation", "best", "time")}
        known = {name: value for name, value in kept.items() if value is not None}
        self._last = {**(self._last if self._last.get("stage") == kept["stage"] else {}), **known}
        if event["kind"] == "epoch":
            self._epochs = [*self._epochs, kept][-_LONGEST:]

    def described(self, name: str) -> dict[str, Any]:
        """Return how far the run has come, and the losses of its last stage by epoch."""
        stage = self._last.get("stage")
        curve = [each for each in self._epochs if each["stage"] == stage]
        try:
            task = task_of(self.run.settings)
        except InputError:
            task = None
        return {
            "name": name,
            "task": task,
            "finished": self.run.bundle.is_dir(),
            "stage": stage,
            **{key: self._last.get(key) for key in (*_PLACE, "loss", "validation", "best", "time")},
            "curve": {key: [each[key] for each in curve] for key in ("epoch", "loss", "validation")},
        }


@dataclass(eq=False)
class Runs:
    """The runs of a folder, as far as they were read; no name in a request leads to a file."""

    folder: Path
    _followed: dict[str, Followed] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def look(self, known: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the runs that have changed since `known`, the latest first, and what is known now."""
        found = dict(sorted(_marks(self.folder), key=lambda each: each[1], reverse=True)[:_MOST])
        with self._lock:
            self._followed = {
                name: self._followed.get(name) or Followed(Run(self.folder / name)) for name in found
            }
            changed = []
            for name in (each for each in found if found[each] != known.get(each)):
                try:
                    self._followed[name].read()
                except OSError:  # gone since
                    continue
                changed.append(self._followed[name].described(name))
        return changed, found


def _marks(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield names of runs, and what changes when something is written."""
    for depth in range(_DEPTH):
        for path in folder.glob("*/" * depth + "events.jsonl"):
            run = Run(path.parent)
            try:
                about = run.events.stat()
            except OSError:
                continue
            if run.settings.is_file():
                name = path.parent.relative_to(folder).as_posix()
                yield name, (about.st_mtime_ns, about.st_ino, about.st_size, run.bundle.is_dir())


def _number(value: Any) -> float | None:
    """Return a number that JSON has, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None
