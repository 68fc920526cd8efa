"""A run's scores in the terminal."""

from typing import Any

from terrella.engine.judge.document import gain_of, signed

_SCORES = ("sigma", "tau", "phi", "rms", "llh", "rmse", "crps", "bias", "cover50", "cover90")  # of both kinds


def lines_of(document: Any) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them."""
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
