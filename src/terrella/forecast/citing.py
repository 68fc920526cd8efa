"""What of a run's methods has references."""

import json

from terrella.engine.run import Run
from terrella.engine.settings import load_settings
from terrella.errors import InputError
from terrella.forecast.settings import ForecastSettings


def methods(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    settings = load_settings(ForecastSettings, run.settings, task="forecast")
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
