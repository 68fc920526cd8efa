"""Starting the processes of one training on this host, and ending all of them where one ends."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from pydantic import BaseModel

from terrella.engine.settings import save_settings
from terrella.errors import InputError, TerrellaError

_LOOK_S = 0.05
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_PATIENCE_S = 30.0  # for the others to notice that one has failed, and again once they are told to end
_INTERRUPTED = 130
_SHOWN_BYTES = 8192  # of what a process said that the user does not see


def train_together(task: str, run: Path, settings: BaseModel, planned: bool, asked: int | None) -> bool:
    """Train in as many processes on this host as are asked for, or as the run's plan says, until all have ended.

    Return False, with nothing done, where this process is to train: alone, or as one that others have started.

    Raises:
        InputError: where torchrun or srun started another number than is asked for.
        SystemExit: where the first process has said why it ended.
        TerrellaError: where another one failed or was killed.
    """
    number = processes_to_start(asked, run if planned else None, os.environ)
    if number == 1:
        return False
    with tempfile.TemporaryDirectory(prefix="terrella-") as folder:
        whole = Path(folder) / "settings.toml"
        save_settings(settings, whole, task)
        plan = "--plan" if planned else "--no-plan"
        start_processes([task, "train", "--run", str(run), "--config", str(whole), plan], number)
    return True


def processes_to_start(asked: int | None, run: Path | None, environment: Mapping[str, str]) -> int:
    """Return how many processes are to be started: one where torchrun or srun did so already.

    Raises:
        InputError: where they started another number than is asked for.
    """
    started = environment.get("WORLD_SIZE") or environment.get("SLURM_STEP_NUM_TASKS", "1")
    if "WORLD_SIZE" in environment or started != "1":
        if asked is not None and str(asked) != started:
            raise InputError(
                f"--processes {asked}, but torchrun or srun started {started}; leave the flag out"
            )
        return 1
    number = asked if asked is not None else _planned_processes(run)
    if number < 1:
        raise InputError(f"--processes {number}: a training needs one process or more")
    return number


def start_processes(arguments: Sequence[str], number: int) -> None:
    """Run `terrella ARGUMENTS` in processes that find each other as torchrun's do; the first one alone is shown.

    Threads of the cores are shared between them. Ctrl-C and SIGTERM are passed on, so that they save and end.

    Raises:
        SystemExit: where the first process has said why it ended.
        TerrellaError: where another one failed or was killed.
        KeyboardInterrupt: where they were told to end before they could say so.
    """
    port = _free_port()
    with _signals_noted() as noted:
        processes = [_Process.start(arguments, rank, number, port) for rank in range(number)]
        try:
            first, stopped = _await_all(processes, noted)
            if stopped and processes[0].code in (-signal.SIGINT, -signal.SIGTERM):
                raise KeyboardInterrupt
            if first is not None:
                _explain(first, processes)
        finally:
            for each in processes:
                each.end()


@dataclass(frozen=True, eq=False)
class _Process:
    """One of the processes, with what it said unseen."""

    rank: int
    handle: subprocess.Popen[bytes]
    said: IO[bytes]

    @classmethod
    def start(cls, arguments: Sequence[str], rank: int, number: int, port: int) -> "_Process":
        """Start a process outside the terminal's reach: its Ctrl-C comes by way of this process alone."""
        threads = str(max(1, (os.cpu_count() or 1) // number))
        place = {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(number),
            "LOCAL_WORLD_SIZE": str(number),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        said = tempfile.TemporaryFile()  # noqa: SIM115
        handle = subprocess.Popen(
            [sys.executable, "-m", "terrella", *arguments],
            env={"OMP_NUM_THREADS": threads, **os.environ, **place},
            stdin=subprocess.DEVNULL,
            stdout=None if rank == 0 else subprocess.DEVNULL,
            stderr=None if rank == 0 else said,
            start_new_session=True,
            preexec_fn=_end_with_the_starter if sys.platform == "linux" else None,
        )
        return cls(rank, handle, said)

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs."""
        return self.handle.poll()

    def end(self) -> None:
        """End it, if it has not ended."""
        self.handle.kill()
        self.handle.wait()
        self.said.close()

    def last_words(self) -> str:
        """Return the end of what it said."""
        size = self.said.seek(0, os.SEEK_END)
        self.said.seek(max(0, size - _SHOWN_BYTES))
        return self.said.read().decode(errors="replace").strip()


def _await_all(processes: Sequence[_Process], noted: list[int]) -> tuple[_Process | None, bool]:
    """Wait for the end of all, passing signals on; return the one that failed first, and whether one was passed."""
    first, failed_at, told, stopped = None, 0.0, False, False
    while running := [each for each in processes if each.code is None]:
        while noted:
            _send(running, noted.pop(0))
            stopped = True
        failed = [each for each in processes if each.code]
        if first is None and failed:
            first, failed_at = failed[0], time.monotonic()
        # After Ctrl-C the first one may be writing its checkpoint: it is left as long as it takes.
        if first is not None and first.code == _INTERRUPTED and processes[0].code is None:
            failed_at = time.monotonic()
        if first is not None and time.monotonic() - failed_at > _PATIENCE_S:
            _send(running, signal.SIGKILL if told else signal.SIGTERM)
            failed_at, told = time.monotonic(), True
        time.sleep(_LOOK_S)
    return first or next((each for each in processes if each.code), None), stopped


def _explain(first: _Process, processes: Sequence[_Process]) -> None:
    """Leave with an exit code, and with a line where the first process, which is seen, could not say it."""
    seen, code = processes[0].code, first.code or 1
    if (first.rank == 0 and code > 0) or (seen == code and code in (2, 3, _INTERRUPTED)):
        sys.exit(code)
    words = first.last_words()
    reason = words.splitlines()[-1].removeprefix("error: ") if words else ""
    if "Traceback" in words:
        sys.stderr.write(words + "\n")
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    error = TerrellaError(
        f"process {first.rank} of {len(processes)} {how}{': ' + reason if reason else ''}; all have ended. The "
        "last checkpoint is kept: type the same command again to go on"
    )
    error.exit_code = max(code, 1)
    raise error


def _end_with_the_starter() -> None:
    """Have Linux send SIGTERM where the process that started this one is killed: it then saves and ends."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _send(processes: Sequence[_Process], number: int) -> None:
    for each in processes:
        each.handle.send_signal(number)


@contextmanager
def _signals_noted() -> Iterator[list[int]]:
    """Collect the signals that are to be passed on; outside the main thread Python delivers none."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return

    def note(number: int, frame: FrameType | None) -> None:
        # The end of the terminal asks a training for the same as SIGTERM does.
        noted.append(signal.SIGTERM if number == signal.SIGHUP else number)

    before = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield noted
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _planned_processes(run: Path | None) -> int:
    """Return the number of processes in a run's plan; what is wrong with a plan is told by who follows it."""
    try:
        plan = json.loads((run / "plan.json").read_text(encoding="utf-8")) if run is not None else {}
        return max((int(stage["strategy"]["processes"]) for stage in plan["stages"]), default=1)
    except (OSError, ValueError, KeyError, TypeError):
        return 1


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
