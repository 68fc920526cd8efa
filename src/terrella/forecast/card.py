"""The card of a bundle: what it was trained on, what it gained, and where it must not be trusted."""

import math

from terrella.engine.judge.document import card_text, signed
from terrella.forecast.etas.fit import etas_remarks
from terrella.forecast.models import Models
from terrella.forecast.preparation import Cut


def gain_lines(models: Models) -> list[str]:
    """Return what the network gains over ETAS at each horizon, and what is used there."""
    return [
        f"{days:g} d: {signed(gain)}{'' if gain.certain else ', not certain'}; `predict` uses {models.used(at)}"
        for at, (days, gain) in enumerate(zip(models.horizons_days, models.gains, strict=True))
    ]


def make_card(models: Models, case: Cut, mark: str) -> str:
    """Return the card as Markdown."""
    windows, catalogue = case.windows, case.catalogue
    west, east, south, north = case.region.bounds
    training = catalogue.between(windows.date("train_start"), windows.date("validation_start"))
    about = [
        f"- task: forecast, horizons {', '.join(f'{h:g}' for h in models.horizons_days)} days",
        f"- region: {west:g} to {east:g}° E, {south:g} to {north:g}° N, cells of "
        f"{models.settings.data.cell_deg:g}°, {models.grid.shape[0]} depth layer(s)",
        f"- events: {len(training):,} in training, M ≥ {models.min_magnitude:g}; fingerprint {mark}",
    ]
    for name, start, end in (
        ("training", "train_start", "validation_start"),
        ("dev", "validation_start", "test_start"),
        ("test", "test_start", "test_end"),
    ):
        about.append(f"- {name}: {str(windows.date(start))[:10]} to {str(windows.date(end))[:10]}")
    etas = models.etas
    about += [
        f"- ETAS: branching ratio {etas.branching_ratio():.2f}, "
        f"{'smoothed' if etas.background is not None else 'uniform'} background"
        + "".join(f"; {remark}" for remark in etas_remarks(etas)),
        f"- b-value: {etas.beta / math.log(10):.3f}",
    ]
    gains = [f"- {line}" for line in gain_lines(models)]
    said = "Both recalibrated alike; nats per earthquake with 95 % intervals (block bootstrap)."
    parts = {"": about, "Gain of the network over ETAS on validation": [said, "", *gains], "Limits": _LIMITS}
    return card_text(f"Earthquake forecast model: {catalogue.name}", parts)


_LIMITS = (
    "Valid for the region, the smallest magnitude and the kind of catalogue above. Early aftershocks that a",
    "catalogue misses are missing in the forecast too. A probability of a cell is not a warning.",
)
