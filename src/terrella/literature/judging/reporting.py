"""What judging leaves for people: the sections of the report with its tables, and the main scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.document import interval_of, signed
from terrella.engine.judge.figures import training_section
from terrella.engine.judge.report import Section, Table, filled, score_tables
from terrella.engine.run import Run
from terrella.engine.task import Judging
from terrella.literature.corpus.spans import Sentence, spans_of
from terrella.literature.judging import pictures
from terrella.literature.learning.finishing import MODELS, NETWORK
from terrella.literature.model import LiteratureModel

Labels = Mapping[str, Sequence[Sequence[str]]]
_SCORES = [("f1", "F1", 3, 1.0), ("precision", "precision", 3, 1.0), ("recall", "recall", 3, 1.0),
           ("macro_f1", "macro-F1", 3, 1.0)]  # fmt: skip
_EXAMPLES = 12


def made_report(
    run: Run,
    model: LiteratureModel,
    sentences: Sequence[Sentence],
    labels: Labels,
    document: Mapping[str, Any],
) -> Judging:
    """Return what judging found, with the sections of its report."""
    kinds = sorted({span.kind for sentence in sentences for span in sentence.spans})
    of_kind = [(f"f1@{kind}", kind, 3, 1.0) for kind in kinds]
    models = document["models"]
    sections = [
        Section(
            "Entities",
            _ABOUT,
            score_tables("All kinds", models, _SCORES, "f1"),
            [pictures.by_kind(document, kinds)],
        ),
        Section("Gains", _ABOUT_GAINS, [gain_table(document)]),
        Section("Kind by kind", "", score_tables("F1 of each kind", models, of_kind)),
        Section(
            "Errors",
            _ABOUT_ERRORS,
            [error_table(sentences, labels), example_table(sentences, labels[NETWORK])],
        ),
        training_section(run),
    ]
    title = "Entities in geoscientific texts: network and baselines"
    shown = [*_SCORES, *of_kind[:3]]
    return Judging(document, title, _lead(document, model), filled(sections), shown)


def gain_table(document: Mapping[str, Any]) -> Table:
    """Return the network's gains over each other model."""
    found = {(p["score"], p["over"]): interval_of({**p, "value": p["gain"]}) for p in document["paired"]}
    rows = [(f"over {other}", [found[score, other] for score, *_ in _SCORES]) for other in MODELS[1:]]
    return Table("What the network gains", [head for _, head, *_ in _SCORES], rows, [3] * len(_SCORES))


def error_table(sentences: Sequence[Sentence], labels: Labels) -> Table:
    """Return how each model errs: which entities are missed, of a wrong kind, of wrong borders, or none at all."""
    heads = ["right", "wrong kind", "wrong borders", "missed", "no entity"]
    rows: list[tuple[str, Sequence[str | Interval]]] = []
    for name, given in labels.items():
        counted: Counter[str] = Counter()
        for sentence, own in zip(sentences, given, strict=True):
            true, found = set(sentence.spans), set(spans_of(own))
            counted["right"] += len(true & found)
            for span in true - found:
                touching = [each for each in found if each.start < span.end and span.start < each.end]
                same = any((each.start, each.end) == (span.start, span.end) for each in touching)
                counted["wrong kind" if same else "wrong borders" if touching else "missed"] += 1
            counted["no entity"] += sum(
                not any(each.start < span.end and span.start < each.end for each in true)
                for span in found - true
            )
        rows.append((name, [f"{counted[head]:,}" for head in heads]))
    return Table("Entities of the truth, and what is none", heads, rows, [0] * len(heads))


def example_table(sentences: Sequence[Sentence], labels: Sequence[Sequence[str]]) -> Table:
    """Return the first sentences in which the network errs, with what is true and what it gives."""
    rows: list[tuple[str, Sequence[str | Interval]]] = []
    for sentence, own in zip(sentences, labels, strict=True):
        true, found = set(sentence.spans), set(spans_of(own))
        if true != found and len(sentence.tokens) < 30:
            cells = [
                " ".join(sentence.tokens),
                _named(sentence, true - found),
                _named(sentence, found - true),
            ]
            rows.append((str(len(rows) + 1), cells))
        if len(rows) == _EXAMPLES:
            break
    return Table(
        "The network's first errors", ["sentence", "true, not given", "given, not true"], rows, [0, 0, 0]
    )


def _named(sentence: Sentence, spans: set[Any]) -> str:
    named = (f"{' '.join(sentence.tokens[s.start : s.end])} ({s.kind})" for s in sorted(spans))
    return "; ".join(named) or "–"


def _lead(document: Mapping[str, Any], model: LiteratureModel) -> str:
    """Return whether the network is better than each other model, in a sentence each."""
    said = []
    for pair in document["paired"]:
        if pair["score"] != "f1" or pair["gain"] is None:
            continue
        gain = signed(interval_of({**pair, "value": pair["gain"]}), " to ")
        better = pair["low"] is not None and pair["low"] > 0
        how = "is above" if better else "is not shown to be above"
        said.append(f"The network's F1 {how} that of the {pair['over']}: {gain}.")
    where = {"test": "sentences that no model saw", "dev": "sentences that choices were made by"}
    left = where.get(document["split"], "sentences that all models saw")
    return " ".join([f"On {document['sentences']:,} {left}.", *said, f"`predict` uses: {model.trusted}."])


_ABOUT = (
    "An entity counts as found where its first token, its last one and its kind are right. F1 is the harmonic mean "
    "of precision and recall over all entities; macro-F1 is the mean over kinds. Ranges are 95 % intervals, with "
    "whole sentences resampled. The gazetteer lists the names of the training. The CRF has the usual small set of "
    "features, the one beside it many more; the network's emissions are added to those of the latter."
)
_ABOUT_GAINS = "Positive gains are better; both models have the same sentences drawn."
_ABOUT_ERRORS = "An entity whose borders and kind are both wrong stands under wrong borders."
