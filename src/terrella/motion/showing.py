"""A run's scores in the terminal."""

from pathlib import Path
from typing import Any

from terrella.engine.judge.document import gain_of, lines_of_scores, signed

_SCORES = ("sigma", "tau", "phi", "rms", "llh", "rmse", "crps", "bias", "cover50", "cover90")  # of both kinds


def lines_of(run: Path) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them.

    Raises:
        InputError: where its scores cannot be read.
    """
    return lines_of_scores(run, _lines)


def _lines(document: Any) -> list[str]:
    lines = [f"{document['data']}, split {document['split']}"]
    first = next(iter(document["models"].values()))
    for measure, trusted in document["trusted"].items():
        scores = [each for each in _SCORES if f"{each}@{measure}" in first]
        lines += [
            "",
            f"{measure}: predict uses {trusted}",
            " " * 24 + "".join(f"{each:>8}" for each in scores),
        ]
        for model, own in document["models"].items():
            if f"{scores[0]}@{measure}" not in own:
                continue
            values = (own[f"{score}@{measure}"]["value"] for score in scores)
            lines.append(f"  {model:22}" + "".join("       –" if v is None else f"{v:8.3f}" for v in values))
        for pair in document["paired"]:
            if pair["score"] in (f"sigma@{measure}", f"crps@{measure}"):
                what = "σ" if pair["score"].startswith("sigma") else "CRPS"
                lines.append(f"  {what} less than that of {pair['over']} by {signed(gain_of(pair))}")
    return lines
