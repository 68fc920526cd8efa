"""What judging leaves for people: the sections of the report with its tables, and the main scores."""

from collections.abc import Mapping, Sequence
from typing import Any

from terrella.engine.judge.report import Section, filled, score_tables
from terrella.engine.task import Judging
from terrella.literature.corpus.spans import Sentence
from terrella.literature.judging import pictures
from terrella.literature.judging.errors import Labels, error_table, example_table
from terrella.literature.judging.gains import gains, told
from terrella.literature.learning.finishing import NETWORK

SCORES = (("f1", "F1", 3, 1.0), ("precision", "precision", 3, 1.0), ("recall", "recall", 3, 1.0),
          ("macro_f1", "macro-F1", 3, 1.0))  # fmt: skip


def made_report(sentences: Sequence[Sentence], labels: Labels, document: Mapping[str, Any]) -> Judging:
    """Return what judging found, with the sections of its report."""
    kinds = sorted({span.kind for sentence in sentences for span in sentence.spans})
    of_kind = [(f"f1@{kind}", kind, 3, 1.0) for kind in kinds]
    models, picture = document["models"], pictures.by_kind(document, kinds, "f1", "entities")
    errors = [error_table(sentences, labels), example_table(sentences, labels[NETWORK])]
    sections = [
        Section("Entities", _ABOUT, score_tables("All kinds", models, SCORES, "f1"), [picture]),
        Section(
            "Gains",
            "Positive is better; both have the same sentences drawn.",
            gains(document["paired"], SCORES),
        ),
        Section("Kind by kind", "", score_tables("F1 of each kind", models, of_kind)),
        Section("Errors", "Wrong borders and kind at once stand under wrong borders.", errors),
    ]
    title = "Entities in geoscientific texts: network and baselines"
    return Judging(
        document, title, told(document, "sentences", SCORES), filled(sections), [*SCORES, *of_kind[:3]]
    )


_ABOUT = (
    "An entity counts as found where its first token, its last one and its kind are right. F1 is the harmonic mean "
    "of precision and recall over all entities; macro-F1 is the mean over kinds. Ranges are 95 % intervals, with "
    "whole sentences resampled. The gazetteer lists the names of the training. The CRF has the usual small set of "
    "features, the one beside it many more; the network is heard together with both."
)
