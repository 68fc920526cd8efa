"""A run's scores in the terminal."""

from pathlib import Path
from typing import Any

from terrella.engine.judge.document import gain_of, lines_of_scores, signed
from terrella.surface.learning.windows import FILL, REFINE


def lines_of(run: Path) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them.

    Raises:
        InputError: where its scores cannot be read.
    """
    return lines_of_scores(run, _lines)


def _lines(document: Any) -> list[str]:
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
