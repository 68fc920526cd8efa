"""Which methods a run of `motion` used, by the names of their references."""

from terrella.engine.run import Run


def cited(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    judged = ["LLH"] if run.scores.exists() else []
    return ["BSSA14", "rupture length", "mixed effects", *judged]
