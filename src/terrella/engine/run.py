"""A run: one folder that holds all that a training and its judging leave."""

import csv
import io
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrella.engine.settings import refuse_other_task
from terrella.errors import InputError
from terrella.files import claimed, write_text

Event = dict[str, Any]
_SAID = ("message", "result", "table")  # kinds of events that a training does not write itself
Report = Callable[[Event], None]


@dataclass(frozen=True)
class Run:
    """The folder of a run and the names in it."""

    folder: Path

    @property
    def settings(self) -> Path:
        """The settings that the run used, whole."""
        return self.folder / "settings.toml"

    @property
    def events(self) -> Path:
        """Append-only lines of JSON: all that a terminal, a page or a plot reads."""
        return self.folder / "events.jsonl"

    @property
    def metrics(self) -> Path:
        """One row per epoch."""
        return self.folder / "metrics.csv"

    @property
    def checkpoints(self) -> Path:
        """The state of an unfinished training."""
        return self.folder / "checkpoints"

    @property
    def bundle(self) -> Path:
        """The trained model."""
        return self.folder / "model"

    @property
    def scores(self) -> Path:
        """Scores of all models."""
        return self.folder / "scores.json"

    @property
    def report(self) -> Path:
        """The report page."""
        return self.folder / "report.html"

    @property
    def figures(self) -> Path:
        """The report's figures, as files of their own."""
        return self.folder / "figures"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep a second training out of the folder; a claim ends with its process, however that ends.

        Raises:
            InputError: where another process holds it.
        """
        busy = InputError(
            f"another process is training in {self.folder}; wait for its end, or give another --run"
        )
        with claimed(self.folder / ".claim", busy):
            yield

    def append(self, event: Event) -> None:
        """Append one event, stamped with the time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({**event, "time": round(time.time(), 3)}, ensure_ascii=False)
        with self.events.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def recorded(self, report: Report) -> Report:
        """Return what shows events and keeps what is said; before the run has settings, it waits."""
        waiting: list[Event] = []

        def keep(event: Event) -> None:
            report(event)
            if event.get("kind") in _SAID:
                waiting.append(event)
            if waiting and self.settings.is_file():
                for each in waiting:
                    self.append(each)
                waiting.clear()

        return keep

    def read_events(self) -> list[Event]:
        """Return all events; a last line cut off by a crash is left out."""
        if not self.events.exists():
            return []
        events = []
        for line in self.events.read_text(encoding="utf-8").splitlines():
            try:
                events.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return events

    def best_loss(self) -> float:
        """Return the smallest validation loss of the last stage that ended an epoch; NaN where none was."""
        epochs = [event for event in self.read_events() if event.get("kind") == "epoch"]
        best = epochs[-1]["best"]
        return math.nan if best is None else float(best)

    def rewind(self, step: int, epoch_ended: bool) -> None:
        """Drop the training events that a training resumed after a step repeats, and a line cut off by a crash."""

        def stays(event: Event) -> bool:
            at = event.get("step", 0)
            return bool(at < step or (at == step and (epoch_ended or event.get("kind") != "epoch")))

        if self.events.exists():
            kept = [event for event in self.read_events() if stays(event)]
            write_text(self.events, "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in kept))
            self.write_metrics()

    def write_metrics(self) -> None:
        """Write the epochs' events as a table."""
        rows = [e for e in self.read_events() if e.get("kind") == "epoch"]
        if not rows:
            self.metrics.unlink(missing_ok=True)
            return
        table = io.StringIO()
        writer = csv.DictWriter(table, [name for name in rows[0] if name != "kind"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.metrics, table.getvalue())


def existing_run(folder: Path, task: str | None = None) -> Run:
    """Return the run in a folder, of a task where one is named.

    Raises:
        InputError: where the folder is no run, or one of another task.
    """
    run = Run(folder)
    if not run.settings.is_file():
        raise InputError(f"{folder} is no run: it holds no settings.toml; train one with --run {folder}")
    if task is not None:
        refuse_other_task(run.settings, task)
    return run
