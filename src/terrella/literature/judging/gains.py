"""What the network gains over each baseline, as a table and in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from terrella.engine.judge.document import gain_of, signed
from terrella.engine.judge.report import Table
from terrella.literature.learning.finishing import NETWORK

Shown = Sequence[tuple[str, str, int, float]]  # score, head of its column, decimals, factor
_LEFT = {
    "test": "that no model saw",
    "dev": "that choices were made by",
    "train": "that all models saw",
}


def gain_table(document: Mapping[str, Any], scores: Shown) -> Table:
    """Return the gains of the network, or of what stands in its place, over each other model."""
    found = {(p["score"], p["over"]): gain_of(p) for p in document["paired"]}
    others = dict.fromkeys(over for _, over in found)
    rows = [(f"over {other}", [found[score, other] for score, *_ in scores]) for other in others]
    first = document["paired"][0]["model"]
    caption = f"What {'the network' if first == NETWORK else first} gains"
    return Table(caption, [head for _, head, *_ in scores], rows, [3] * len(scores))


def told(document: Mapping[str, Any], judged: str, shown: Shown) -> str:
    """Return whether the network's first score is better than each other model's, in a sentence each."""
    score, head, *_ = shown[0]
    said = []
    for pair in document["paired"]:
        if pair["score"] != score or pair["gain"] is None:
            continue
        gain = signed(gain_of(pair), " to ")
        better = pair["low"] is not None and pair["low"] > 0
        how = "is above" if better else "is not shown to be above"
        said.append(f"The network's {head} {how} that of the {pair['over']}: {gain}.")
    number = f"On {document[judged]:,} {judged} {_LEFT[document['split']]}."
    return " ".join([number, *said, f"`predict` uses: {document['trusted']}."])
