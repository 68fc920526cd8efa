"""A trained model of classes judged beside the regression and the commonest class, and the report of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.comparing import intervals, larger_by
from terrella.engine.judge.document import scores_document
from terrella.engine.judge.report import Section, Table, filled, score_tables
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.literature.classes.documents import Example, judged_examples
from terrella.literature.classes.model import MODELS, NETWORK, classifier_of
from terrella.literature.classes.scores import UNITS, resampled
from terrella.literature.judging.gains import gains, told
from terrella.literature.judging.pictures import by_kind
from terrella.literature.settings import LiteratureSettings

SCORES = (("macro_f1", "macro-F1", 3, 1.0), ("accuracy", "accuracy", 3, 1.0))
_EXAMPLES, _SHOWN = 12, 160
_MOST = 16  # classes that are shown one by one: the commonest


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge the network and its baselines on the same texts.

    Raises:
        InputError: where the bundle or the texts are at fault.
    """
    model = classifier_of(asked.bundle)
    settings = asked.settings(LiteratureSettings)
    examples, name = judged_examples(settings.data, asked.data, asked.split, model.classes, report)
    texts, truth = [each.tokens for each in examples], [each.label for each in examples]
    given = {each: model.classes_for(texts, each) for each in MODELS}
    found = resampled(truth, given, settings.judge.resamples)
    more = {"trusted": model.trusted, "texts": len(examples)}
    pairs = larger_by(found, NETWORK)
    document = scores_document(name, asked.split, intervals(found), UNITS, pairs, more)
    return _made(examples, given, document)


def _made(
    examples: Sequence[Example], given: Mapping[str, Sequence[str]], document: Mapping[str, Any]
) -> Judging:
    counted = Counter(each.label for each in examples)
    classes = sorted(name for name, _ in counted.most_common(_MOST))
    of_class = [(f"f1@{each}", each, 3, 1.0) for each in classes]
    models, picture = document["models"], by_kind(document, classes, "macro_f1", "classes")
    trusted = document["trusted"]
    errors = [_confusion(examples, given[trusted], trusted), _first_errors(examples, given[trusted], trusted)]
    sections = [
        Section("Classes", _ABOUT, score_tables("All classes", models, SCORES, "macro_f1"), [picture]),
        Section(
            "Gains", "Positive is better; both have the same texts drawn.", gains(document["paired"], SCORES)
        ),
        Section(
            "Class by class",
            f"The {len(classes)} commonest.",
            score_tables("F1 of each class", models, of_class),
        ),
        Section("Errors", "Of the model that predicts.", errors),
    ]
    title = "Classes of geoscientific texts: network and baselines"
    return Judging(document, title, told(document, "texts", SCORES), filled(sections), SCORES)


def _confusion(examples: Sequence[Example], given: Sequence[str], model: str) -> Table:
    """Return how often texts of each class were given each class."""
    counted = Counter((each.label, own) for each, own in zip(examples, given, strict=True))
    heads = sorted({name for pair in counted for name in pair})
    rows: list[tuple[str, Sequence[str | Interval]]] = [
        (true, [f"{counted[true, own]:,}" for own in heads])
        for true in sorted({each.label for each in examples})
    ]
    return Table(f"True classes (rows), and what the {model} gives (columns)", heads, rows, [0] * len(heads))


def _first_errors(examples: Sequence[Example], given: Sequence[str], model: str) -> Table:
    wrong = [(each, own) for each, own in zip(examples, given, strict=True) if each.label != own]
    rows: list[tuple[str, Sequence[str | Interval]]] = [
        (str(number), [" ".join(each.tokens)[:_SHOWN], each.label, own])
        for number, (each, own) in enumerate(wrong[:_EXAMPLES], 1)
    ]
    return Table(f"The {model}'s first errors", ["text", "true", "given"], rows, [0, 0, 0])


_ABOUT = (
    "Accuracy is the share of texts whose class is right; macro-F1 the mean over classes of the harmonic mean of "
    "precision and recall. Ranges are 95 % intervals, with whole texts resampled. The regression sees TF–IDF of "
    "words and pairs of words; the network is heard together with it. The commonest class of the training is "
    "what one who has read nothing would say."
)
