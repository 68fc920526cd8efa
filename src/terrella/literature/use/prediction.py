"""What a model finds in the user's own texts, as a folder of tables and a graph."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

from terrella.engine.run import Report
from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import load_bundle
from terrella.errors import InputError
from terrella.files import replace_folder, write_json
from terrella.literature.classes.prediction import predict_classes
from terrella.literature.model import TASK, model_of
from terrella.literature.settings import LiteratureSettings
from terrella.literature.texts.read import read_texts
from terrella.literature.use.entities import Read, read_entities
from terrella.literature.use.graph import as_json, entity_graph, without_lists
from terrella.literature.use.phrases import key_phrases
from terrella.literature.use.summary import summary

_WRITTEN = (
    "entities.csv",
    "phrases.csv",
    "summaries.csv",
    "graph.graphml",
    "graph.json",
    "documents.csv",
    "classes.csv",
)


def predict_file(
    given: Path | str,
    bundle: str,
    output: Path,
    report: Report,
    *,
    encoding: str | None = None,
    column: str | None = None,
    phrases: int = 10,
    sentences: int = 3,
) -> list[str]:
    """Write entities, key phrases, summaries and a graph of the documents of a file, or classes; say what was done.

    The bundle says which.

    Raises:
        InputError: where the bundle, the texts or the output are at fault.
    """
    _refuse_others(output)
    opened = load_bundle(Path(bundle), TASK)
    settings = parse_settings(LiteratureSettings, opened.settings, opened.where)
    texts = read_texts(Path(given), encoding, column)
    for finding in texts.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    if settings.data.label is not None:
        return predict_classes(opened, texts.documents, output)
    model = model_of(opened)
    read = read_entities(model, texts.documents)
    graph = entity_graph(read)
    tables = {
        "entities.csv": entity_table(read),
        "phrases.csv": _phrase_table(read, phrases),
        "summaries.csv": _summary_table(read, sentences),
    }
    replace_folder(output, partial(_write, tables=tables, graph=graph, read=read))
    kinds = Counter(entity.kind for own in read for entity in own.entities)
    found = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common()) or "none"
    return [
        f"{sum(kinds.values()):,} entities in {len(read):,} documents, by the {model.trusted}: {found}",
        f"a graph of {len(graph):,} entities and {graph.number_of_edges():,} relations",
        f"in {output}: {', '.join((*tables, 'graph.graphml', 'graph.json', 'documents.csv'))}",
    ]


def _refuse_others(output: Path) -> None:
    """Refuse an output that is a file, or a folder with files that no prediction wrote."""
    if output.suffix or output.is_file():
        raise InputError(f"{output}: expected the name of a folder, which will hold tables and a graph")
    if output.is_dir() and (others := sorted({each.name for each in output.iterdir()} - set(_WRITTEN))):
        raise InputError(f"{output} holds other files, such as {others[0]}; give the name of a new folder")


def entity_table(read: Sequence[Read]) -> pd.DataFrame:
    """Return a row for each entity: document, sentence, characters of the document's text, kind, probability."""
    rows = [
        (
            own.document.name,
            entity.sentence,
            entity.start,
            entity.end,
            entity.text,
            entity.kind,
            entity.probability,
        )
        for own in read
        for entity in own.entities
    ]
    return pd.DataFrame(rows, columns=["document", "sentence", "start", "end", "text", "kind", "probability"])


def _phrase_table(read: Sequence[Read], number: int) -> pd.DataFrame:
    found = key_phrases(read, number)
    rows = [
        (own.document.name, rank, *phrase)
        for own, phrases in zip(read, found, strict=True)
        for rank, phrase in enumerate(phrases, 1)
    ]
    return pd.DataFrame(rows, columns=["document", "rank", "phrase", "score", "times"])


def _summary_table(read: Sequence[Read], number: int) -> pd.DataFrame:
    rows = []
    for own in read:
        written = [own.sentence_text(at) for at in range(len(own.sentences))]
        rows += [(own.document.name, at, written[at]) for at in summary(written, number)]
    return pd.DataFrame(rows, columns=["document", "sentence", "text"])


def _write(folder: Path, *, tables: dict[str, pd.DataFrame], graph: Any, read: Sequence[Read]) -> None:
    for name, table in tables.items():
        table.to_csv(folder / name, index=False, float_format="%.4g")
    texts = [(own.document.name, own.document.text) for own in read]
    pd.DataFrame(texts, columns=["document", "text"]).to_csv(folder / "documents.csv", index=False)
    nx.write_graphml(without_lists(graph), folder / "graph.graphml")
    write_json(folder / "graph.json", as_json(graph))
