"""A process of its own for what is computed: it gives way to what answers, and ends with the one that began it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from threading import Event as Flag
from threading import Thread
from typing import Any

from terrella.engine.run import Report
from terrella.errors import TerrellaError

# Forked processes would share the server's sockets and torch's threads.
CONTEXT = get_context("spawn")
_NICE = 10


def give_way() -> None:
    """Let others go first, leave Ctrl-C to the process that began this one, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    Thread(target=_end_with_parent, daemon=True).start()


@contextmanager
def computing(report: Report, work: Callable[..., None], *given: Any) -> Iterator[None]:
    """Run `work(report, *given)` in a process of its own while the context lasts; what it reports comes here."""
    reader, writer = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_run, args=(writer, work, given), daemon=True)
    process.start()
    writer.close()
    ending = Flag()

    def pass_on() -> None:
        with suppress(EOFError, OSError):
            while True:
                report(reader.recv())
        process.join()
        if process.exitcode and not ending.is_set():
            report({"kind": "message", "message": f"what computed has ended (exit code {process.exitcode})"})

    passing = Thread(target=pass_on)
    passing.start()
    try:
        yield
    finally:
        ending.set()
        process.terminate()
        passing.join()


def _run(writer: Connection, work: Callable[..., None], given: tuple[Any, ...]) -> None:
    give_way()
    try:
        work(writer.send, *given)
    except TerrellaError as error:
        writer.send({"kind": "message", "message": f"the work has ended: {error}"})


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
