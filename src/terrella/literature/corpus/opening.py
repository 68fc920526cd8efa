"""The sentences of a task's settings, and how they are split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.errors import InputError
from terrella.literature.corpus.labelled import read_labelled
from terrella.literature.corpus.spans import Sentence
from terrella.literature.corpus.synthetic import simulate
from terrella.literature.settings import DataSettings

SIMULATED = "simulated"
Text = TypeVar("Text")
_BLOCK = 25  # neighbouring sentences, often of one text, that stay together
_ONE_OF = 10  # blocks, one is held out
_ONE_OF_DEV = 3


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sentences to learn from, to choose by and to judge on."""

    train: tuple[Sentence, ...]
    dev: tuple[Sentence, ...]
    test: tuple[Sentence, ...]

    def split(self, name: str) -> tuple[Sentence, ...]:
        """Return a split's sentences."""
        return {"train": self.train, "dev": self.dev, "test": self.test}[name]


def open_corpus(data: DataSettings, report: Report) -> Corpus:
    """Return the sentences of the settings; what is held out is whole blocks of 25 neighbouring ones.

    Raises:
        InputError: where a file is at fault, or a split would be empty.
    """
    train: list[Sequence[Sentence]] = [_read(name, data, report) for name in data.train]
    dev: list[Sentence] = []
    test = [s for name in data.test for s in _read(name, data, report)]
    if not data.test and data.train == (SIMULATED,):
        test = simulate(max(data.sentences // 3, 20), data.seed, held_out=True)
    elif not data.test:
        train, test = apart(train, _ONE_OF, 5)
    if data.dev:
        learned, dev = apart([_read(name, data, report) for name in data.dev], _ONE_OF_DEV, 0)
        train += learned
    else:
        train, dev = apart(train, _ONE_OF, 0)
    found = Corpus(tuple(s for own in train for s in own), tuple(dev), tuple(test))
    for name in ("train", "dev", "test"):
        if not any(sentence.spans for sentence in found.split(name)):
            raise InputError(
                f"{', '.join(data.train)}: the split {name} would hold no entity; give more labelled sentences"
            )
    return found


def judged_sentences(
    data: DataSettings, other: str | None, split: str, kinds: Sequence[str], report: Report
) -> tuple[tuple[Sentence, ...], str]:
    """Return the sentences of a split, or of another file, and their name.

    Raises:
        InputError: where a file is at fault, or has none of the kinds.
    """
    sentences = _read(other, data, report) if other else open_corpus(data, report).split(split)
    name = ", ".join(Path(each).name for each in ([other] if other else data.test or data.train))
    found = sorted({span.kind for sentence in sentences for span in sentence.spans})
    if not set(found) & set(kinds):
        raise InputError(
            f"{name} has the kinds {', '.join(found)}, the model {', '.join(kinds)}: none is the same"
        )
    return sentences, name


def mark_of(sentences: Sequence[Sentence]) -> str:
    """Return the fingerprint of sentences, wherever they lie."""
    return fingerprint(*("\n".join((*s.tokens, *s.labels)) for s in sentences))


def _read(name: str, data: DataSettings, report: Report) -> tuple[Sentence, ...]:
    if name == SIMULATED:
        return tuple(simulate(data.sentences, data.seed))
    found = read_labelled(Path(name), data.encoding)
    for finding in found.findings:
        report({"kind": "message", "message": f"{name}: {finding}"})
    return found.sentences


def apart(
    files: Sequence[Sequence[Text]], one_of: int, place: int, together: int = _BLOCK
) -> tuple[list[Sequence[Text]], list[Text]]:
    """Return files without one of so many blocks of neighbours, and the sentences or documents of these blocks."""
    kept: list[Sequence[Text]] = []
    held: list[Text] = []
    for sentences in files:
        block = min(together, max(1, len(sentences) // (2 * one_of)))
        own = [at // block % one_of == place % one_of for at in range(len(sentences))]
        kept.append([s for s, out in zip(sentences, own, strict=True) if not out])
        held += [s for s, out in zip(sentences, own, strict=True) if out]
    return kept, held
