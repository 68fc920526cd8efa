"""What each word adds to an entity."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from terrella.engine.explain.question import Axis, Explanation, Question, classical
from terrella.engine.judge.report import Picture
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.literature.asked import Asked
from terrella.literature.corpus.spans import Span, spans_of
from terrella.literature.learning.finishing import NETWORK
from terrella.literature.model import LiteratureModel, load_model
from terrella.literature.texts.read import Document, read_texts
from terrella.literature.texts.tokens import Token, sentences_of
from terrella.literature.use.gated import Gated, gated

_LINE = 88  # letters of a line of the figure


@dataclass(frozen=True, eq=False)
class Split:
    """The sentences of all documents, each with its document and its number there."""

    documents: Sequence[Document]
    sentences: Sequence[Sequence[Token]]
    document: Sequence[int]
    number: Sequence[int]

    @property
    def tokens(self) -> list[tuple[str, ...]]:
        """The words alone."""
        return [tuple(token.text for token in each) for each in self.sentences]


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what words are to the log odds of an entity.

    Raises:
        InputError: where bundle or texts are at fault, or there is no such document, sentence, word or kind.
    """
    model = load_model(bundle)
    if model.joint.vocabulary.encoder is not None:
        raise InputError(
            f"{bundle} reads what an encoder says of words, of which one cannot be taken away alone; explain a run "
            "without --network.encoder"
        )
    if asked.kind is not None and asked.kind not in model.kinds:
        raise InputError(f"--kind {asked.kind}: {bundle} knows {', '.join(model.kinds)}")
    texts = read_texts(Path(given), asked.encoding, asked.column)
    for finding in texts.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    split = _split(texts.documents, model.hyphens)
    number, field, span = _entity(model, split, asked, given)
    inputs = torch.ones(len(field.token)).double()
    document = split.documents[split.document[number]].name
    words = " ".join(split.tokens[number][span.start : span.end])
    with torch.no_grad():
        probability = float(torch.sigmoid(field.answer(model.joint.network, inputs[None], span)))
    a, b, c = model.joint.weights
    return Question(
        title=f"{words} as {span.kind}, sentence {split.number[number]} of {document}, probability "
        f"{probability:.2f}",
        unit="log odds",
        network=model.joint.network,
        answer=lambda network, x: field.answer(network, x, span),
        learned=lambda network, x: field.answer(network, x, span, alone=True),
        inputs=inputs,
        baseline=torch.zeros_like(inputs),
        baseline_means="unknown words without letters",
        axes=(_axis(split, field),),
        parts=torch.arange(len(inputs)),
        names=_names(split, field, number),
        scale=torch.ones(1).double(),
        pictures=lambda found: [_picture(found, split, field, number, span)],
        lowest=0.0,
        said=[
            *classical(model.trusted, NETWORK),
            f"of the field that is used: {c:.2f} × the network, {a:.2f} × the wider CRF, {b:.2f} × the other",
        ],
        cites=("CRF", "BiLSTM-CRF"),
    )


def _split(documents: Sequence[Document], hyphens: bool) -> Split:
    rows = [
        (at, number, sentence)
        for at, document in enumerate(documents)
        for number, sentence in enumerate(sentences_of(document.text, hyphens))
    ]
    return Split(documents, [row[2] for row in rows], [row[0] for row in rows], [row[1] for row in rows])


def _entity(model: LiteratureModel, split: Split, asked: Asked, given: str) -> tuple[int, Gated, Span]:
    """Return the sentence, its field, and the span that is asked of."""
    chosen = _sentences(split, asked, given)
    if asked.words is None:
        labels = model.joint.labels_for(split.tokens)
        for number in chosen:
            for span in spans_of(labels[number]):
                if asked.kind in (None, span.kind):
                    return number, gated(model.joint, split.tokens, number), span
        raise InputError(
            f"{given}: the network finds no {asked.kind or 'entity'} there; say which words by --words"
        )
    words = [token.text for each in sentences_of(asked.words, model.hyphens) for token in each]
    for number in chosen:
        tokens = list(split.tokens[number])
        starts = [at for at in range(len(tokens)) if tokens[at : at + len(words)] == words]
        if words and starts:
            field = gated(model.joint, split.tokens, number)
            spans = [Span(starts[0], starts[0] + len(words), kind) for kind in model.kinds]
            spans = [span for span in spans if asked.kind in (None, span.kind)]
            whole = torch.ones(1, len(field.token)).double()
            with torch.no_grad():
                return (
                    number,
                    field,
                    max(spans, key=lambda span: float(field.answer(model.joint.network, whole, span))),
                )
    raise InputError(
        f"--words {asked.words!r}: no sentence asked of has these words, one after the other, in {given}"
    )


def _sentences(split: Split, asked: Asked, given: str) -> list[int]:
    names = [each.name for each in split.documents]
    if asked.document is not None and asked.document not in names:
        has = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise InputError(f"--document {asked.document}: {given} has {has}")
    document = None if asked.document is None else names.index(asked.document)
    if document is None and asked.sentence is not None:
        document = 0
    found = [at for at, own in enumerate(split.document) if document in (None, own)]
    if asked.sentence is None:
        return found
    if asked.sentence >= len(found):
        raise InputError(
            f"--sentence {asked.sentence}: {names[document or 0]} has {len(found)} sentences, from 0 on"
        )
    return [found[asked.sentence]]


def _names(split: Split, field: Gated, number: int) -> list[str]:
    tokens = split.tokens
    return [
        f"“{tokens[sentence][token]}”, word {token + 1}"
        + ("" if sentence == number else " of another sentence")
        for sentence, token in zip(field.sentence, field.token, strict=True)
    ]


def _axis(split: Split, field: Gated) -> Axis:
    tokens = [split.sentences[a][b] for a, b in zip(field.sentence, field.token, strict=True)]
    names = [split.documents[split.document[at]].name for at in field.sentence]
    more = {
        "token": np.array([token.text for token in tokens]), "document": np.array(names),
        "sentence": np.array([split.number[at] for at in field.sentence]),
        "start": np.array([token.start for token in tokens]), "end": np.array([token.end for token in tokens]),
    }  # fmt: skip
    return Axis("word", np.arange(len(tokens)), more=more)


def _picture(found: Explanation, split: Split, field: Gated, number: int, span: Span) -> Picture:
    """Return the words that the network reads together, coloured by what they add."""
    tokens = [split.sentences[a][b].text for a, b in zip(field.sentence, field.token, strict=True)]
    places, line, column = [], 0, 0
    for at, text in enumerate(tokens):
        fresh = at > 0 and field.sentence[at] != field.sentence[at - 1]
        if column and (fresh or column + len(text) > _LINE):
            line, column = line + 1, 0
        places.append((line, column))
        column += len(text) + 1
    adds = found.values
    most = float(np.abs(adds).max()) or 1.0
    figure = Figure(figsize=(10, 1.4 + 0.3 * line), layout="constrained")
    axes = figure.add_subplot()
    norm = TwoSlopeNorm(0, -most, most)
    image = axes.scatter([], [], c=[], cmap="RdBu_r", norm=norm)
    for (row, first), text, sentence, token, value in zip(
        places, tokens, field.sentence, field.token, adds, strict=True
    ):
        own = sentence == number and span.start <= token < span.end
        dark = abs(value) > 0.6 * most
        axes.add_patch(
            Rectangle(
                (first - 0.3, row - 0.42), len(text) + 0.6, 0.84, facecolor=image.cmap(norm(value)),
                edgecolor="black" if own else "none", linewidth=1.5,
            )
        )  # fmt: skip
        axes.text(
            first + len(text) / 2, row, text, ha="center", va="center", family="monospace", parse_math=False,
            fontsize=8, color="white" if dark else "black" if sentence == number else "0.35",
        )  # fmt: skip
    axes.set(xlim=(-1, _LINE + 1), ylim=(line + 0.7, -0.7))
    axes.set_axis_off()
    axes.set_title(found.question.title, fontsize=9)
    label = "change" if found.method == "ascent" else "adds to the log odds"
    figure.colorbar(image, ax=axes, label=label, shrink=0.9)
    return Picture(
        "words", figure,
        "The words that are read together, coloured by what they add; frame: the entity; grey: other sentences.",
        "Lines of words on coloured ground.",
    )  # fmt: skip
