"""`terrella cite`: the references of what a run used."""

import json
import tomllib
from pathlib import Path

from terrella.engine.run import Run, existing_run
from terrella.engine.settings import load_settings
from terrella.errors import InputError
from terrella.forecast.settings import ForecastSettings
from terrella.references import REFERENCES
from terrella.segment.settings import SegmentSettings


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
        return _segment_methods(load_settings(SegmentSettings, run.settings))
    return _forecast_methods(run)


def _segment_methods(settings: SegmentSettings) -> list[str]:
    synthetic = settings.data.sections == "synthetic"
    loss = {"focal": ["focal loss"], "dice": ["Dice loss"]}.get(settings.loss.name, [])
    baselines = ["STA/LTA", "semblance"] if settings.data.onsets else ["discontinuity"]
    return ["segmentation", *loss, *baselines, *(["modelled sections"] if synthetic else [])]


def _forecast_methods(run: Run) -> list[str]:
    settings = load_settings(ForecastSettings, run.settings)
    judged = _judged(run)
    used = {
        "completeness": settings.data.min_magnitude is None,
        "ETAS": True,
        "smoothed background": settings.etas.background == "smoothed",
        "climatology": True,
        "Reasenberg–Jones": True,
        "sequences": True,
        "network": True,
        "counts": True,
        "scores": judged is not None,
    }
    models = {"ETAS", "climatology", "Reasenberg–Jones", "network"}
    return [name for name, is_used in used.items() if is_used and (not judged or name not in models - judged)]


def _judged(run: Run) -> set[str] | None:
    """Return the names of the models that a run judged, or None where it was not judged yet."""
    if not run.scores.is_file():
        return None
    try:
        return set(json.loads(run.scores.read_text(encoding="utf-8"))["models"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{run.scores} cannot be read ({error}); judge the run again") from None
