"""A run's scores in the terminal."""

import json
from pathlib import Path

from terrella.engine.judge.document import interval_of, signed
from terrella.errors import InputError
from terrella.surface.learning.windows import FILL, REFINE


def lines_of(run: Path) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them.

    Raises:
        InputError: where its scores cannot be read.
    """
    try:
        document = json.loads((run / "scores.json").read_text(encoding="utf-8"))
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
                f"  RMSE less than that of {pair['over']} by {signed(interval_of({**pair, 'value': pair['gain']}))}"
                for pair in document["paired"]
                if pair["score"] == f"rmse@{kind}"
            ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{run / 'scores.json'} cannot be read ({error}); judge the run again") from None
    return lines
