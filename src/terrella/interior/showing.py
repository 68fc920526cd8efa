"""A run's scores in the terminal."""

from pathlib import Path
from typing import Any

from terrella.engine.judge.document import gain_of, lines_of_scores, signed

_SCORES = ("crps", "rmse", "cover50", "cover90", "width50", "width90", "composition")


def lines_of(run: Path) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them.

    Raises:
        InputError: where its scores cannot be read.
    """
    return lines_of_scores(run, _lines)


def _lines(document: Any) -> list[str]:
    models = document["models"]
    known = [name for name in _SCORES if any(name in own for own in models.values())]
    lines = [
        f"{document['data']}, split {document['split']}; predict uses {document['trusted']}",
        " " * 20 + "".join(f"{name:>12}" for name in known),
    ]
    for name, own in models.items():
        cells = (own.get(each, {}).get("value") for each in known)
        lines.append(f"  {name:18}" + "".join(f"{'–' if c is None else f'{c:.3f}':>12}" for c in cells))
    for pair in document["paired"]:
        if pair["score"] == "crps":
            gain = signed(gain_of(pair))
            lines.append(f"  the network's CRPS less than that of {pair['over']} by {gain} K")
    return lines
