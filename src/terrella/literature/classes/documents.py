"""Documents with a class each: rows of a table, or sentences by the kind of entity that they name most often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.errors import InputError
from terrella.literature.corpus.opening import SIMULATED, apart, judged_sentences, open_corpus
from terrella.literature.corpus.spans import Sentence
from terrella.literature.settings import DataSettings
from terrella.literature.texts.read import TABLES, read_texts
from terrella.literature.texts.tokens import sentences_of

KIND = "kind"  # the label of sentences that are labelled token by token
_ONE_OF, _FEWEST = 10, 20


@dataclass(frozen=True)
class Example:
    """A text's tokens, and its class."""

    tokens: tuple[str, ...]
    label: str


@dataclass(frozen=True, eq=False)
class ClassCorpus:
    """Texts to learn from, to choose by and to judge on."""

    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that are learned."""
        return tuple(sorted({each.label for each in (*self.train, *self.dev)}))


def open_classes(data: DataSettings, report: Report) -> ClassCorpus:
    """Return the texts of the settings; without files of their own, a tenth is for dev and a tenth for test.

    Documents are drawn one by one, sentences in blocks of neighbours; a text that comes again is left out.

    Raises:
        InputError: where a file is at fault, a split would be empty, or there is one class alone.
    """
    if not _is_table(data.train[0]):
        corpus = open_corpus(data, report)
        found = ClassCorpus(
            *(_by_kind(corpus.split(name), name, report) for name in ("train", "dev", "test"))
        )
    else:
        found = _documents(data, report)
    counted = Counter(each.label for each in found.train)
    if len(counted) < 2 or not found.dev or not found.test or len(found.train) < _FEWEST:
        raise InputError(
            f"{', '.join(data.train)}: {len(found.train)} texts to learn from, {len(found.dev)} to choose by, "
            f"{len(found.test)} to judge on, of {len(counted)} classes; at least {_FEWEST}, 1 and 1 of two classes "
            "are needed"
        )
    if len(counted) > len(found.train) / 2:
        raise InputError(
            f"{data.train[0]}: {data.label!r} has {len(counted):,} values in {len(found.train):,} texts: no classes"
        )
    return found


def judged_examples(
    data: DataSettings, other: str | None, split: str, classes: Sequence[str], report: Report
) -> tuple[tuple[Example, ...], str]:
    """Return the texts of a split, or of another file, and their name.

    Raises:
        InputError: where a file is at fault, or has none of the classes.
    """
    name = ", ".join(Path(each).name for each in ([other] if other else data.test or data.train))
    if other is None:
        found = getattr(open_classes(data, report), split)
    elif _is_table(other):
        found = tuple(_read(other, data, report))
    else:
        found = _by_kind(judged_sentences(data, other, split, classes, report)[0], name, report)
    given = sorted({each.label for each in found})
    if not set(given) & set(classes):
        raise InputError(
            f"{name} has the classes {', '.join(given[:8])}, the model {', '.join(classes[:8])}: none is the same"
        )
    return found, name


def mark_of(examples: Sequence[Example]) -> str:
    """Return the fingerprint of texts, wherever they lie."""
    return fingerprint(*("\n".join((*each.tokens, each.label)) for each in examples))


def commonest_kind(sentence: Sentence) -> str | None:
    """Return the kind of most of a sentence's entities; None where it has none, or two are as common."""
    ranked = Counter(span.kind for span in sentence.spans).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _is_table(name: str) -> bool:
    return name != SIMULATED and Path(name).suffix.lower() in TABLES


def _by_kind(sentences: Sequence[Sentence], name: str, report: Report) -> tuple[Example, ...]:
    kinds = [commonest_kind(sentence) for sentence in sentences]
    found = tuple(
        Example(sentence.tokens, kind) for sentence, kind in zip(sentences, kinds, strict=True) if kind
    )
    said = (
        f"{name}: {len(found):,} sentences have a commonest kind of entity, {kinds.count(None):,} have none"
    )
    report({"kind": "message", "message": said})
    return found


def _documents(data: DataSettings, report: Report) -> ClassCorpus:
    seen: set[tuple[str, ...]] = set()

    def files(names: Sequence[str]) -> list[Sequence[Example]]:
        return [_once(_read(name, data, report), name, seen, report) for name in names]

    # What is judged comes first: a text that comes again is never learned from.
    test = [each for own in files(data.test) for each in own]
    given_dev = files(data.dev)
    train: list[Sequence[Example]] = [_shuffled(own, data.seed) for own in files(data.train)]
    if not data.test:
        train, test = apart(train, _ONE_OF, 5, 1)
    if data.dev:
        return ClassCorpus(_joined(train), _joined(given_dev), tuple(test))
    train, dev = apart(train, _ONE_OF - 1, 0, 1)
    return ClassCorpus(_joined(train), tuple(dev), tuple(test))


def _joined(files: Sequence[Sequence[Example]]) -> tuple[Example, ...]:
    return tuple(each for own in files for each in own)


def _shuffled(examples: Sequence[Example], seed: int) -> list[Example]:
    return [examples[at] for at in np.random.default_rng(seed).permutation(len(examples))]


def _once(
    examples: Sequence[Example], name: str, seen: set[tuple[str, ...]], report: Report
) -> list[Example]:
    kept = []
    for each in examples:
        if each.tokens not in seen:
            seen.add(each.tokens)
            kept.append(each)
    if again := len(examples) - len(kept):
        said = f"{name}: {again:,} texts come again, and are left out where they do"
        report({"kind": "message", "message": said})
    return kept


def _read(name: str, data: DataSettings, report: Report) -> list[Example]:
    texts = read_texts(Path(name), data.encoding, data.column, data.label)
    for finding in texts.findings:
        report({"kind": "message", "message": f"{name}: {finding}"})
    return [Example(tokens_of(document.text), document.label) for document in texts.documents]


def tokens_of(text: str) -> tuple[str, ...]:
    """Return the tokens of a text; words keep their hyphens."""
    return tuple(token.text for sentence in sentences_of(text) for token in sentence)
