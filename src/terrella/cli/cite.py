"""`terrella cite`: the references of what a run used."""

import tomllib
from pathlib import Path

from terrella.engine.run import Run, existing_run
from terrella.errors import InputError
from terrella.forecast.citing import methods as forecast_methods
from terrella.references import REFERENCES
from terrella.segment.citing import cited


def cite(run: Path, /) -> None:
    """Print BibTeX of the methods that a run used.

    Example: terrella cite runs/forecast/demo > methods.bib

    Parameters
    ----------
    run
        The run's folder.
    """
    print("\n".join(REFERENCES[method] for method in _methods(existing_run(run))))


def _methods(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    try:
        used = tomllib.loads(run.settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{run.settings} cannot be read ({error}); train or judge the run again") from None
    if "networks" in used or isinstance(used.get("network"), str):
        from terrella.pick.cites import cites

        return cites(run)
    if "loss" in used:
        return cited(run)
    return forecast_methods(run)
