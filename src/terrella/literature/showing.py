"""A run's scores in the terminal."""

from typing import Any

from terrella.engine.judge.document import gain_of, signed


def lines_of(document: Any) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them."""
    models = document["models"]
    scores = list(next(iter(models.values())))
    heads = [score.removeprefix("f1@") for score in scores]
    wide = [max(9, len(head) + 2) for head in heads]
    lines = [f"{document['data']}, split {document['split']}; predict uses: {document['trusted']}", ""]
    lines.append(" " * 32 + "".join(f"{head:>{w}}" for head, w in zip(heads, wide, strict=True)))
    for model, own in models.items():
        values = (own[score]["value"] for score in scores)
        cells = (f"{'–' if v is None else f'{v:.3f}':>{w}}" for v, w in zip(values, wide, strict=True))
        lines.append(f"  {model:30}" + "".join(cells))
    lines.append("")
    main, said = ("f1", "F1") if "f1" in scores else ("macro_f1", "macro-F1")
    lines += [
        f"  {said} above that of the {pair['over']} by {signed(gain_of(pair))}"
        for pair in document["paired"]
        if pair["score"] == main
    ]
    return lines
