"""A run's scores in the terminal."""

from typing import Any

from terrella.engine.judge.document import gain_of, signed
from terrella.surface.learning.windows import FILL, REFINE


def lines_of(document: Any) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them."""
    lines = [f"{document['data']}, {document['split']} blocks"]
    for kind, said in ((REFINE, "block means refined"), (FILL, "gaps filled")):
        lines.append(f"{said}; predict uses: {document['trusted'][kind]}")
        for model, own in document["models"].items():
            if f"rmse@{kind}" in own:
                numbers = (
                    f"{score.upper()} {own[f'{score}@{kind}']['value']:.2f}" for score in ("rmse", "crps")
                )
                lines.append(f"  {model:24}" + ", ".join(numbers))
        lines += [
            f"  RMSE less than that of {pair['over']} by {signed(gain_of(pair))}"
            for pair in document["paired"]
            if pair["score"] == f"rmse@{kind}"
        ]
    return lines
