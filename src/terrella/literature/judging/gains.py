"""What the network gains over each baseline, as a table and in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from terrella.engine.judge.document import Shown, gain_of, signed
from terrella.engine.judge.report import Table, gain_tables
from terrella.literature.learning.finishing import NETWORK

_LEFT = {
    "test": "that no model saw",
    "dev": "that choices were made by",
    "train": "that all models saw",
}


def gains(pairs: Sequence[Mapping[str, Any]], scores: Shown) -> list[Table]:
    """Return the gains of the network, or of what stands in its place, over each other model."""
    first = pairs[0]["model"]
    return gain_tables(f"What {'the network' if first == NETWORK else first} gains", pairs, scores)


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
