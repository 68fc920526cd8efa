"""The classes of the user's own texts, as a table."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from terrella.engine.use.bundle import Bundle
from terrella.files import replace_folder
from terrella.literature.classes.documents import tokens_of
from terrella.literature.classes.model import classifier_of
from terrella.literature.texts.read import Document


def predict_classes(bundle: Bundle, documents: Sequence[Document], output: Path) -> list[str]:
    """Write classes.csv, the class of each document and every class's probability, and documents.csv."""
    model = classifier_of(bundle)
    texts = [tokens_of(document.text) for document in documents]
    probability = model.probabilities(texts)
    best = probability.argmax(1)
    table = pd.DataFrame(
        {
            "document": [document.name for document in documents],
            "class": [model.classes[at] for at in best],
            "probability": probability.max(1),
        }
        | {f"p({name})": probability[:, at] for at, name in enumerate(model.classes)}
    )
    replace_folder(output, partial(_write, table=table, documents=documents))
    counted = ", ".join(f"{n:,} {name}" for name, n in Counter(table["class"]).most_common())
    return [
        f"classes of {len(table):,} documents, by the {model.trusted}: {counted}",
        f"in {output}: classes.csv",
    ]


def _write(folder: Path, *, table: pd.DataFrame, documents: Sequence[Document]) -> None:
    table.to_csv(folder / "classes.csv", index=False, float_format="%.4g")
    texts = [(document.name, document.text) for document in documents]
    pd.DataFrame(texts, columns=["document", "text"]).to_csv(folder / "documents.csv", index=False)
