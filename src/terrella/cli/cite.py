"""`terrella cite`: the references of what a run used."""

import tomllib
from pathlib import Path

from terrella.cli.tasks import TASKS, load_task
from terrella.engine.run import existing_run
from terrella.engine.settings import task_of
from terrella.errors import InputError
from terrella.references import REFERENCES


def cite(run: Path, /) -> None:
    """Print BibTeX of the methods that a run used.

    Example: terrella cite runs/forecast/demo > methods.bib

    Parameters
    ----------
    run
        The run's folder.
    """
    found = existing_run(run)
    # A comparison of pickers says "pick compare".
    name = (task_of(found.settings) or _task_before(found.settings)).split()[0]
    if name not in TASKS:
        raise InputError(
            f"{found.settings} is of the task {name!r}, which there is not; there are {', '.join(TASKS)}"
        )
    print("\n".join(REFERENCES[method] for method in load_task(name).cites(found)))


def _task_before(path: Path) -> str:
    """Return the task of a run whose settings do not say, as those of before the version 0.1 do not."""
    used = tomllib.loads(path.read_text(encoding="utf-8"))
    if "networks" in used or isinstance(used.get("network"), str):
        return "pick"
    return "segment" if "loss" in used else "forecast"
