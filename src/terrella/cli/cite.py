"""`terrella cite`: the references of what a run used."""

import tomllib
from pathlib import Path

from terrella.engine.run import Run, existing_run
from terrella.engine.settings import load_settings
from terrella.errors import InputError
from terrella.forecast.citing import methods as forecast_methods
from terrella.pick.comparison.settings import CompareSettings
from terrella.pick.settings import PickSettings
from terrella.references import REFERENCES
from terrella.segment.citing import cited

_NETWORKS = {
    "basicphaseae": "BasicPhaseAE",
    "cred": "CRED",
    "dpp": "DPP",
    "eqtransformer": "EQTransformer",
    "gpd": "GPD",
    "phasenet": "PhaseNet",
}
_NETWORKS |= {f"dpp-{part}": "DPP" for part in ("detector", "p", "s")}


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
    if "networks" in used:
        compared = load_settings(CompareSettings, run.settings)
        classical = ["Baer–Kradolfer", "AIC", "STA/LTA"] if compared.classical.baselines else []
        sets = [*compared.train_sets, *compared.test_sets]
        made = ["synthetic seismograms"] if any("synthetic:" in each for each in sets) else []
        return ["picking", *dict.fromkeys(_NETWORKS[name] for name in compared.networks), *classical, *made]
    if isinstance(used.get("network"), str):
        return ["picking", _NETWORKS[load_settings(PickSettings, run.settings).network]]
    if "loss" in used:
        return cited(run)
    return forecast_methods(run)
