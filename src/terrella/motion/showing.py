"""A run's scores in the terminal."""

from pathlib import Path
from typing import Any

from terrella.engine.judge.document import gain_of, lines_of_scores, signed

_SCORES = ("sigma", "tau", "phi", "rms", "llh")


def lines_of(run: Path) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them.

    Raises:
        InputError: where its scores cannot be read.
    """
    return lines_of_scores(run, _lines)


def _lines(document: Any) -> list[str]:
    lines = [f"{document['data']}, split {document['split']}"]
    for measure, trusted in document["trusted"].items():
        lines += [
            "",
            f"{measure}: predict uses {trusted}",
            " " * 24 + "".join(f"{each:>8}" for each in _SCORES),
        ]
        for model, own in document["models"].items():
            values = (own[f"{score}@{measure}"]["value"] for score in _SCORES)
            lines.append(f"  {model:22}" + "".join("       –" if v is None else f"{v:8.3f}" for v in values))
        for pair in document["paired"]:
            if pair["score"] == f"sigma@{measure}":
                gain = signed(gain_of(pair))
                lines.append(f"  σ less than that of {pair['over']} by {gain}")
    return lines
