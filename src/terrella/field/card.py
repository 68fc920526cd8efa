"""The card of a forecast of the main field: what it was trained on, what predicts, and where not to trust it."""

from pathlib import Path

import numpy as np

from terrella.engine.judge.document import card_text
from terrella.field.learning.finishing import Finished
from terrella.field.learning.prepared import Prepared
from terrella.field.settings import FieldSettings


def make_card(settings: FieldSettings, given: Prepared, found: Finished, mark: str) -> str:
    """Return the card as Markdown, without scores, which judging writes."""
    sites, data = given.observatories, settings.data
    about = [
        f"- task: field; changes of B_r, B_θ, B_φ {data.horizon_years} years ahead, nT, with 50 % and 90 % "
        "intervals",
        f"- a filtered secular variation to degree {data.degree}, a learned rotation that carries it, a "
        f"small perceptron; fingerprint {mark}",
        f"- judged with one of {data.regions} regions and all years after its block's begin left out, "
        f"{data.blocks} blocks",
        *(f"- {line}" for line in found.said()),
    ]
    held = [
        f"- annual means {sites.years[0]:g} to {sites.years[-1]:g} at {len(np.unique(given.pairs.site))} of "
        f"{len(sites.sites)} series, {len(given.pairs):,} pairs; {data.virtual} virtual observatories "
        "besides",
        *([f"- {data.note}"] if data.note else []),
        *(f"- {each}" for each in sites.findings),
    ]
    limits = [
        "Jerks are not foreseen. The filter needs observatories all over the globe: with fewer than a "
        "third of those of the training, `predict` uses the last secular variation. Intervals are as wide "
        "as past errors: decades with faster",
        "changes than those of the training will fall outside more often.",
    ]
    return card_text(
        f"The main field: {Path(data.observatories).name}",
        {"": about, "Data": held, "Limits": limits},
    )
