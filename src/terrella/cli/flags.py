"""What several commands have: flags, and how they show their work."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from terrella.engine.terminal import say

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
DemoRun = Annotated[Path, Parameter(help="Folder of the run; a demo that was stopped goes on from there.")]


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
