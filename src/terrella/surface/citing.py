"""Which methods a run of `surface` used, by the names of their references."""

from terrella.engine.run import Run


def cited(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    judged = ["kriging", "conditional simulation", "CRPS"] if run.scores.exists() else []
    return ["histospline", "thin plate", "segmentation", "diffusion", *judged]
