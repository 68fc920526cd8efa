"""The card of a model of temperatures: what it was trained on, what predicts, and where not to trust it."""

from collections.abc import Sequence
from pathlib import Path

from terrella.engine.judge.document import card_text
from terrella.interior.learning.samples import Prepared
from terrella.interior.settings import InteriorSettings


def make_card(settings: InteriorSettings, given: Prepared, said: Sequence[str], mark: str) -> str:
    """Return the card as Markdown, without scores, which judging writes."""
    grid, data = given.whole, settings.data
    p, t = grid.pressure_gpa, grid.temperature_k
    about = [
        "- task: interior; temperature (K) from pressure, vp, vs and density, with central intervals",
        f"- errors taken: {100 * data.velocity_noise:g} % of vp and vs, {100 * data.density_noise:g} % of density",
        f"- fingerprint {mark}",
        *(f"- {line}" for line in said),
    ]
    rocks = [
        f"- {', '.join(grid.names)}: {len(p)} pressures {p[0]:.2f}–{p[-1]:.2f} GPa, {len(t)} temperatures "
        f"{t[0]:.0f}–{t[-1]:.0f} K",
        f"- {len(given.grid.pressure_gpa)} pressures and {len(given.grid.temperature_k)} temperatures learned "
        "from; whole others held out",
    ]
    limits = [
        "Intervals hold for rocks of the table, seen with these errors; another composition, melt, water or",
        "anelasticity shifts velocities by more. All temperatures of the table are equally likely before anything",
        "is seen: an interval that reaches the table's first or last temperature is marked as extrapolated, as is",
        "a row that no rock of the table explains; outside its pressures there is no temperature.",
    ]
    return card_text(
        f"Temperature of the interior: {', '.join(Path(each).name for each in data.tables)}",
        {"": about, "Rocks": rocks, "Limits": limits},
    )  # fmt: skip
