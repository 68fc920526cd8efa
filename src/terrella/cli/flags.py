"""What several commands have: flags, and how they show their work."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from terrella.engine.terminal import say
from terrella.engine.use.find import find_bundle
from terrella.files import must_exist

if TYPE_CHECKING:
    from terrella.engine.run import Report

# Each of the settings becomes a typed flag, such as --fit.epochs 40.
SETTINGS = Parameter(name="*", negative_iterable=(), consume_multiple=True, group="Settings")

# How many processes share a training.
Processes = Annotated[int | None, Parameter(validator=Number(gte=1))]

OUTPUT = Parameter(name=("--output", "-o"))
Output = Annotated[Path, OUTPUT]

Bundle = Annotated[
    str, Parameter(help="A trained model: a bundle's folder, a run's, or the name of a run in runs/TASK.")
]
Workers = Annotated[int, Parameter(help="Processes on this machine.")]
Scheduler = Annotated[
    str | None,
    Parameter(
        help="Address of a Dask scheduler whose workers see the same folders, such as tcp://node:8786."
    ),
]
DemoRun = Annotated[Path, Parameter(help="Folder of the run; a demo that was stopped goes on from there.")]

# Inputs and bundles that are no file here.
_ELSEWHERE = ("planet", "seisbench:", "synthetic:")


def input_there(given: str, expected: str, *elsewhere: str) -> None:
    """Refuse an input that is not there, before what reads it is imported.

    Patterns of files, and what begins as `elsewhere` says, are left to what reads them.

    Raises:
        InputError: where there is no file or folder.
    """
    if not given.startswith((*_ELSEWHERE, *elsewhere)) and not any(letter in given for letter in "*?["):
        must_exist(Path(given), expected)


def bundle_there(given: str, task: str) -> Path | None:
    """Refuse a bundle that is not there, before what uses it is imported; return its folder, where it is one.

    Raises:
        InputError: where there is none.
    """
    elsewhere = given.startswith(_ELSEWHERE) or Path(given).is_file()
    return None if elsewhere else find_bundle(Path(given), task)


def shown(work: "Callable[[Report], Any]", following: str = "") -> None:
    """Do a command's work with its progress shown; print a list of lines that it returns, and what to type next."""
    from terrella.engine.progress import shown_progress

    with shown_progress() as report:
        found = work(report)
    for line in found if isinstance(found, list) else ():
        say(line)
    if following:
        say(f"next: {following}")


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Look for unreachable objects rarely, in a command of seconds whose imports cause hundreds of searches."""
    before = gc.get_threshold()
    gc.set_threshold(50_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
