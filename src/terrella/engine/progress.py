"""What a training or a download shows while it runs: a live bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from terrella.engine import terminal
from terrella.engine.run import Event, Report

_SECONDS_BETWEEN_STEPS = 10.0
_SECONDS_BETWEEN_EPOCHS = 2.0


@contextmanager
def shown_progress(console: Console | None = None) -> Iterator[Report]:
    """Give a function that shows events: messages, steps and epochs of a training, the progress of other work."""
    console = console or terminal.console(stderr=True)
    if console.is_terminal:
        with _bar(console) as progress:
            yield _with_results(_Live(progress).report)
    else:
        yield _with_results(_Plain(console).report)


def _with_results(report: Report) -> Report:
    """Show results, in lines and tables, on standard output, and all else by `report`."""

    def show(event: Event) -> None:
        match event.get("kind"):
            case "result":
                terminal.say(event["message"])
            case "table":
                terminal.say(event["title"])  # not the table's, which would break it to the table's width
                table = Table()
                for number, head in enumerate(event["columns"]):
                    table.add_column(
                        head, justify="right" if number else "left", no_wrap=not number, overflow="fold"
                    )
                for row in event["rows"]:
                    table.add_row(*row)
                terminal.console().print(table)
            case _:
                report(event)

    return show


def _bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True)


class _Live:
    """One bar for the stage at hand; what stays is printed above it."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.stage: str | None = None
        self.task: TaskID | None = None

    def report(self, event: Event) -> None:
        if event.get("kind") == "progress":
            self._show(event["stage"], event["done"], event["total"], event["stage"], event["note"])
            return
        if event.get("kind") != "step":
            if line := _line(event):
                self.progress.console.print(line)
            return
        done, total = _done(event)
        description = f"{event['stage']} · epoch {event['epoch']}/{event['epochs']}"
        self._show(event["stage"], done, total, description, f"loss {event['loss']:.4f}")

    def _show(self, stage: str, done: float, total: float, description: str, note: str) -> None:
        # The texts of a bar do not pass the console's own guard.
        description, note = terminal.printable(description), terminal.printable(note)
        if self.task is None or stage != self.stage:
            if self.task is not None:
                self.progress.remove_task(self.task)
            self.stage = stage
            # Begins where a resumed training stands, so that the speed is that of the steps seen.
            self.task = self.progress.add_task(
                description, total=total, completed=max(0, int(done) - 1), note=""
            )
        self.progress.update(self.task, completed=done, description=description, note=note)


class _Plain:
    """Lines for a file or a pipe: few, and each whole."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.shown = -_SECONDS_BETWEEN_STEPS  # when the last line on training was
        self.stage: str | None = None
        self.began, self.first = 0.0, 0  # when and where the stage was first seen

    def report(self, event: Event) -> None:
        now = time.monotonic()
        line = _line(event)
        if event.get("kind") == "step":
            done, total = _done(event)
            if event["stage"] != self.stage:
                self.stage, self.began, self.first = event["stage"], now, done
            if now - self.shown >= _SECONDS_BETWEEN_STEPS and done > self.first:
                left = (total - done) * (now - self.began) / (done - self.first)
                line = (
                    f"{event['stage']}: epoch {event['epoch']}/{event['epochs']}, step {event['batch']}/"
                    f"{event['batches']}, loss {event['loss']:.4f}, {_duration(left)} left at most"
                )
        elif event.get("kind") == "progress" and now - self.shown >= _SECONDS_BETWEEN_STEPS:
            share = event["done"] / event["total"] if event["total"] else 1.0
            line = f"{event['stage']}: {share:.0%}, {event['note']}"
        elif event.get("kind") == "epoch" and now - self.shown < _SECONDS_BETWEEN_EPOCHS:
            line = None
        if line:
            self.shown = now if event.get("kind") in ("step", "epoch", "progress") else self.shown
            self.console.file.write(terminal.printable(line) + "\n")
            self.console.file.flush()


def _done(event: Event) -> tuple[int, int]:
    """Return how many steps of a stage are done, and how many it has."""
    return (event["epoch"] - 1) * event["batches"] + event["batch"], event["epochs"] * event["batches"]


def _line(event: Event) -> str | None:
    match event.get("kind"):
        case "message":
            return str(event["message"])
        case "epoch":
            found = f"loss {event['loss']:.4f}"
            if event["validation"] is not None:
                found += f", validation {event['validation']:.4f}"
                found += " (best)" if event["validation"] <= event["best"] else ""
            return f"{event['stage']}: epoch {event['epoch']} took {_duration(event['seconds'])}, {found}"
        case "resumed":
            return f"going on from step {event['step']}"
    return None


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
