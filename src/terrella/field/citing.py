"""Which methods a run of `field` used, by the names of their references."""

from terrella.engine.run import Run


def cited(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    judged = ["main field", "CRPS"] if run.scores.exists() else []
    return ["core field prior", "Kalman filter", "frozen flux", "conformal prediction", *judged]
