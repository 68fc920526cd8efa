"""A run's scores in the terminal."""

import json
from pathlib import Path

from terrella.engine.judge.document import interval_of, signed
from terrella.errors import InputError


def lines_of(run: Path) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them.

    Raises:
        InputError: where its scores cannot be read.
    """
    try:
        document = json.loads((run / "scores.json").read_text(encoding="utf-8"))
        models = document["models"]
        scores = list(next(iter(models.values())))
        heads = [score.removeprefix("f1@") for score in scores]
        wide = [max(9, len(head) + 2) for head in heads]
        lines = [f"{document['data']}, split {document['split']}; predict uses: {document['trusted']}", ""]
        lines.append(" " * 24 + "".join(f"{head:>{w}}" for head, w in zip(heads, wide, strict=True)))
        for model, own in models.items():
            values = (own[score]["value"] for score in scores)
            cells = (f"{'–' if v is None else f'{v:.3f}':>{w}}" for v, w in zip(values, wide, strict=True))
            lines.append(f"  {model:22}" + "".join(cells))
        lines.append("")
        lines += [
            f"  F1 above that of the {pair['over']} by {signed(interval_of({**pair, 'value': pair['gain']}))}"
            for pair in document["paired"]
            if pair["score"] == "f1"
        ]
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(f"{run / 'scores.json'} cannot be read ({error}); judge the run again") from None
    return lines
