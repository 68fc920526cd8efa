"""`terrella`: the commands, and how their errors reach the user."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cyclopts import App, CycloptsError
from pydantic import ValidationError

import terrella
from terrella.cli.cite import cite
from terrella.cli.doctor import doctor
from terrella.cli.task_commands import task_app
from terrella.cli.tasks import TASKS
from terrella.engine.terminal import printable
from terrella.errors import DoesNotFitError, InputError, TerrellaError, is_out_of_memory

app = App(
    name="terrella",
    version=lambda: terrella.__version__,  # looked up only where it is asked for
    help="Deep learning for the Earth on the machine its user has.\n\n"
    "Start with `terrella forecast demo`, or the demo of another task;\n"
    "`terrella doctor` shows what this machine offers.",
    suppress_keyboard_interrupt=False,  # main says how to go on
)
for _task in TASKS:
    app.command(task_app(_task))
app.command(
    "terrella.cli.live:app",
    name="live",
    help="Forecasts issued, kept and scored by themselves, seen on a page.",
)
app.command(doctor)
app.command(cite)
app.register_install_completion_command(help="Complete commands and options in this shell from now on.")


@app.command(show=False)
def plan() -> None:
    """Say where the plans are: each task has its own."""
    raise InputError(
        f"a plan is a task's: terrella {{{','.join(TASKS)}}} plan; --help lists what it can be asked"
    )


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit code: 0 done, 2 wrong input, 3 does not fit, 130 interrupted.

    An error that is none of the user's keeps its traceback.
    """
    try:
        with _terminated_as_interrupted():
            app(arguments, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        _leave(_invalid(error.__cause__) or str(error).splitlines()[0], 2)
    except TerrellaError as error:
        _leave(str(error), error.exit_code)
    except KeyboardInterrupt:
        _leave("interrupted; finished work is kept, type the same command again to go on", 130)
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough; what is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _leave(
            "memory ran out; `plan` in place of `train` says what a training takes; choose a smaller --fit.batch, "
            "and for forecasts wider cells (--data.cell-deg)",
            DoesNotFitError.exit_code,
        )


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM, with which clusters end a command, do what Ctrl-C does: a line says how to go on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = os.getpid()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if os.getpid() == own:
            raise KeyboardInterrupt
        os._exit(128 + number)  # a process that some library forked ends at once, as it would have

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _invalid(cause: BaseException | None) -> str | None:
    """Return one line for a flag whose value a setting refuses."""
    if not isinstance(cause, ValidationError):
        return None
    first = cause.errors()[0]
    option = ".".join(str(part).replace("_", "-") for part in first["loc"])
    said = first["msg"][:1].lower() + first["msg"][1:]
    return f"--{option}: {said}; got {first['input']!r}"


def _leave(line: str, exit_code: int) -> None:
    print(f"{'stopped' if exit_code == 130 else 'error'}: {printable(line)}", file=sys.stderr)
    sys.exit(exit_code)
