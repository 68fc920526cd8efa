"""Which methods a run of `literature` used, by the names of their references."""

from terrella.engine.run import Run
from terrella.engine.settings import load_settings
from terrella.literature.settings import LiteratureSettings


def cited(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    settings = load_settings(LiteratureSettings, run.settings, task="literature")
    encoder = ["encoder's features"] if settings.network.encoder else []
    if settings.data.label is not None:
        return ["BiLSTM-CRF", "attention over texts", *encoder]
    return ["CRF", "BiLSTM-CRF", *encoder, "C-value", "LexRank"]
