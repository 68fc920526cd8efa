"""`terrella`: the commands, and how their errors reach the user."""

import os
import sys

from cyclopts import App, CycloptsError
from pydantic import ValidationError

from terrella import __version__
from terrella.cli.cite import cite
from terrella.cli.doctor import doctor
from terrella.cli.forecast import forecast
from terrella.cli.segment import segment
from terrella.cli.task_commands import task_app
from terrella.errors import DoesNotFitError, TerrellaError, is_out_of_memory

app = App(
    name="terrella",
    version=__version__,
    help="Deep learning for the Earth on the machine its user has.\n\n"
    "Start with `terrella forecast demo`, `terrella pick demo` or `terrella segment demo`; `terrella doctor`\n"
    "shows what this machine offers.",
    suppress_keyboard_interrupt=False,  # main says how to go on
)
app.command(forecast)
app.command(task_app("pick"))
app.command(segment)
app.command(doctor)
app.command(cite)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit code: 0 done, 2 wrong input, 3 does not fit, 130 interrupted.

    An error that is none of the user's keeps its traceback.
    """
    try:
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


def _invalid(cause: BaseException | None) -> str | None:
    """Return one line for a flag whose value a setting refuses."""
    if not isinstance(cause, ValidationError):
        return None
    first = cause.errors()[0]
    option = ".".join(str(part).replace("_", "-") for part in first["loc"])
    return f"--{option}: {first['msg'].lower()}; got {first['input']!r}"


def _leave(line: str, exit_code: int) -> None:
    print(f"{'stopped' if exit_code == 130 else 'error'}: {line}", file=sys.stderr)
    sys.exit(exit_code)
