"""Which methods a run of `segment` used, by the names of their references."""

from terrella.engine.run import Run
from terrella.engine.settings import load_settings
from terrella.segment.data.sections import SYNTHETIC
from terrella.segment.settings import SegmentSettings


def cited(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    settings = load_settings(SegmentSettings, run.settings)
    loss = {"focal": ["focal loss"], "dice": ["Dice loss"]}.get(settings.loss.name, [])
    baselines = ["STA/LTA", "semblance"] if settings.data.onsets else ["discontinuity"]
    made = ["modelled sections"] if settings.data.sections == SYNTHETIC else []
    return ["segmentation", *loss, *baselines, *made]
