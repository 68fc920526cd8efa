"""A run's scores in the terminal."""

from typing import Any

from terrella.engine.judge.document import gain_of, signed

_SCORES = ("crps", "rmse", "cover50", "cover90", "width50", "width90", "composition")


def lines_of(document: Any) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them."""
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
