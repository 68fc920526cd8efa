"""Which methods a run of `interior` used, by the names of their references."""

from terrella.engine.run import Run
from terrella.engine.settings import load_settings
from terrella.interior.opening import SIMULATED
from terrella.interior.settings import InteriorSettings


def cited(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    settings = load_settings(InteriorSettings, run.settings, task="interior")
    minerals = ["mantle minerals"] if SIMULATED in settings.data.tables else ["mineral-physics tables"]
    judged = ["CRPS", "geotherms"] if run.scores.exists() else []
    return [
        *minerals,
        "reference Earth",
        "network of coordinates",
        "table inversion",
        "distributional conformal prediction",
        *judged,
    ]
