"""The entities of documents, with their places and the sentences that they stand in."""

from collections.abc import Sequence
from dataclasses import dataclass

from terrella.literature.corpus.spans import spans_of
from terrella.literature.model import LiteratureModel
from terrella.literature.texts.read import Document
from terrella.literature.texts.tokens import Token, sentences_of


@dataclass(frozen=True)
class Entity:
    """An entity: characters `start` to `end` of a document's text, in a sentence of a number."""

    document: int
    sentence: int
    start: int
    end: int
    text: str
    kind: str
    probability: float | None  # the smallest one among its tokens' labels


@dataclass(frozen=True, eq=False)
class Read:
    """A document's sentences of tokens, and its entities."""

    document: Document
    sentences: list[list[Token]]
    entities: list[Entity]

    def sentence_text(self, number: int) -> str:
        """Return a sentence as it is written, in one line."""
        tokens = self.sentences[number]
        return " ".join(self.document.text[tokens[0].start : tokens[-1].end].split())


def read_entities(model: LiteratureModel, documents: Sequence[Document]) -> list[Read]:
    """Return the sentences and entities of documents."""
    split = [sentences_of(document.text, model.hyphens) for document in documents]
    tokens = [tuple(token.text for token in sentence) for own in split for sentence in own]
    labels, probabilities = model.labels_for(tokens), model.probabilities(tokens)
    known = {label: at for at, label in enumerate(model.joint.wide.labels)}
    found, at = [], 0
    for number, (document, sentences) in enumerate(zip(documents, split, strict=True)):
        entities = []
        for row, sentence in enumerate(sentences):
            for start, end, kind in spans_of(labels[at]):
                sure = None
                if probabilities is not None:
                    sure = min(float(probabilities[at][k, known[labels[at][k]]]) for k in range(start, end))
                first, last = sentence[start].start, sentence[end - 1].end
                text = " ".join(document.text[first:last].split())
                entities.append(Entity(number, row, first, last, text, kind, sure))
            at += 1
        found.append(Read(document, sentences, entities))
    return found
