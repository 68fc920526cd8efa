"""What judging leaves for people: the sections of the report with its figures, and the main scores."""

from collections.abc import Mapping
from typing import Any

from terrella.engine.judge.report import Section, filled
from terrella.engine.task import Judging
from terrella.field.judging import explained, pictures, tables
from terrella.field.judging.held import Held

_SHOWN = [
    ("rms", "RMS (nT)", 1, 1.0), ("crps", "CRPS (nT)", 1, 1.0), ("coverage90", "in 90 % (%)", 0, 100.0),
    ("width90", "width of 90 % (nT)", 0, 1.0),
]  # fmt: skip


def made_report(held: Held, document: Mapping[str, Any], about: str) -> Judging:
    """Return what judging found, with the sections of its report."""
    widths = [pictures.coverage(held, document), pictures.examples(held, document)]
    sections = [
        Section("Scores", about, tables.all_scores(document), [pictures.components(document)]),
        Section("Gains", explained.GAINS, tables.gain_tables(document), [pictures.gain_map(held)]),
        Section("Issue years", "", [tables.year_table(held)], [pictures.issue_years(held, document)]),
        Section("Intervals", explained.INTERVALS, [], widths),
        Section("The IGRF at its time", explained.GENERATIONS, tables.generation_tables(document)),
    ]
    title = "The main field: network and classical forecasts"
    return Judging(document, title, explained.lead(document), filled(sections), _SHOWN)
