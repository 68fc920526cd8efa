"""What the network gains over each baseline, as a table and in words."""

from collections.abc import Mapping
from typing import Any

from terrella.engine.judge.document import gain_of, signed
from terrella.engine.judge.report import Table
from terrella.literature.learning.finishing import MODELS

SCORES = (("f1", "F1", 3, 1.0), ("precision", "precision", 3, 1.0), ("recall", "recall", 3, 1.0),
          ("macro_f1", "macro-F1", 3, 1.0))  # fmt: skip


def gain_table(document: Mapping[str, Any]) -> Table:
    """Return the network's gains over each other model."""
    found = {(p["score"], p["over"]): gain_of(p) for p in document["paired"]}
    rows = [(f"over {other}", [found[score, other] for score, *_ in SCORES]) for other in MODELS[1:]]
    return Table("What the network gains", [head for _, head, *_ in SCORES], rows, [3] * len(SCORES))


def told(document: Mapping[str, Any]) -> str:
    """Return whether the network is better than each other model, in a sentence each."""
    said = []
    for pair in document["paired"]:
        if pair["score"] != "f1" or pair["gain"] is None:
            continue
        gain = signed(gain_of(pair), " to ")
        better = pair["low"] is not None and pair["low"] > 0
        how = "is above" if better else "is not shown to be above"
        said.append(f"The network's F1 {how} that of the {pair['over']}: {gain}.")
    where = {"test": "sentences that no model saw", "dev": "sentences that choices were made by"}
    left = where.get(document["split"], "sentences that all models saw")
    return " ".join(
        [f"On {document['sentences']:,} {left}.", *said, f"`predict` uses: {document['trusted']}."]
    )
