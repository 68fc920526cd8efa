"""The card of a model of entities: what it was trained on, what predicts, and where not to trust it."""

from pathlib import Path

from terrella.engine.judge.document import card_text
from terrella.literature.learning.finishing import Finished
from terrella.literature.learning.prepared import Prepared
from terrella.literature.settings import LiteratureSettings


def make_card(settings: LiteratureSettings, given: Prepared, found: Finished, mark: str) -> str:
    """Return the card as Markdown, without scores, which judging writes."""
    corpus = given.corpus
    kinds = [label[2:] for label in given.labels if label.startswith("B-")]
    about = [
        f"- task: literature; entities of the kinds {', '.join(kinds)}; fingerprint {mark}",
        "- words and letters, a bidirectional LSTM with attention, and a field over labels, which adds up with a "
        "conditional random field of discrete features",
        *(f"- {line}" for line in found.said()),
        f"- capitals {'count' if given.vocabulary.cased else 'do not count: the training has none'}",
    ]
    name = ", ".join(Path(each).name for each in settings.data.train)
    data = [
        f"- {name}: {len(corpus.train):,} sentences to learn from, {len(corpus.dev):,} to choose by",
        f"- {len(given.vocabulary.words):,} words; {sum(len(s.spans) for s in corpus.train):,} entities",
    ]
    limits = ["English texts of the kind it was trained on. Probabilities are not calibrated."]
    return card_text(f"Entities: {name}", {"": about, "Data": data, "Limits": limits})
