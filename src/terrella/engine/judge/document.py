"""`scores.json` and what is made of it: the table in the terminal, `scores.csv`, the scores on a card."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import Interval
from terrella.errors import InputError
from terrella.files import write_text

Scores = Mapping[str, Mapping[str, Interval]]  # by model and score
Pair = tuple[str, str, str, Interval]  # score, model, the one it is compared to, gain
Shown = Sequence[tuple[str, str, int, float]]  # score, head of its column, decimals, factor

NOTHING = Interval(math.nan, math.nan, math.nan)
_HEADING = "## Scores"


def scores_document(
    data: str,
    split: str,
    scores: Scores,
    units: Mapping[str, str],
    paired: Iterable[Pair] = (),
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the document of scores.json: all models' scores with 95 % intervals, and paired gains.

    `units` are by score, or by what comes before @ in its name. `more` holds further parts, which a task documents.
    """
    models = {
        model: {
            name: {**plain(value), "unit": units[name if name in units else name.split("@")[0]]}
            for name, value in own.items()
        }
        for model, own in scores.items()
    }
    pairs = [
        {"score": score, "model": model, "over": over}
        | {("gain" if key == "value" else key): value for key, value in plain(gain).items()}
        for score, model, over, gain in paired
    ]
    return {"data": data, "split": split, "models": models, "paired": pairs, **(more or {})}


def plain(value: Interval) -> dict[str, float | None]:
    """Return numbers of eight digits for JSON, which knows no NaN."""
    return {name: float(f"{v:.8g}") if np.isfinite(v) else None for name, v in asdict(value).items()}


def interval_of(score: Mapping[str, Any] | None, times: float = 1.0) -> Interval:
    """Return a score of a document as an interval, in other units; NaN where there is none."""
    if score is None:
        return NOTHING
    values = (score.get(key) for key in ("value", "low", "high"))
    return Interval(*(math.nan if value is None else times * value for value in values))


def gain_of(pair: Mapping[str, Any], times: float = 1.0) -> Interval:
    """Return the gain of a pair of a document as an interval, in other units; NaN where there is none."""
    return interval_of({**pair, "value": pair.get("gain")}, times)


def lines_of_scores(run: Path, lines: Callable[[Any], list[str]]) -> list[str]:
    """Return the lines that a task makes of the document of a judged run, for the terminal.

    Raises:
        InputError: where the scores cannot be read, or lack what is made lines of.
    """
    path = run / "scores.json"
    try:
        return lines(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(f"{path} cannot be read ({error}); judge the run again") from None


def signed(gain: Interval, to: str = ", ") -> str:
    """Return a gain with its interval, such as "+0.012 [-0.003, +0.027]": as many decimals as its width needs."""
    width = (gain.high - gain.low) / 2
    digits = max(3, math.ceil(-math.log10(width))) if 0 < width < 1 else 3
    return f"{gain.value:+.{digits}f} [{gain.low:+.{digits}f}{to}{gain.high:+.{digits}f}]"


def beside(gain: Interval) -> str:
    """Return how an error lies beside another one that it is smaller by a gain than, in words."""
    if gain.low > 0:
        return "is lower than"
    return "is higher than" if gain.high < 0 else "is not shown to differ from"


def write_rows(path: Path, document: Mapping[str, Any]) -> None:
    """Write all scores and paired gains as one table; each row says of which data, split and marks it is."""
    origin = {key: value for key, value in document.items() if key.endswith("_mark")}
    rows: list[dict[str, Any]] = [
        {"model": model, "over": "", "score": score, **entry, **origin}
        for model, own in document["models"].items()
        for score, entry in own.items()
    ]
    units = {row["score"]: row["unit"] for row in rows}
    for pair in document["paired"]:
        entry = {"value": pair["gain"], "low": pair["low"], "high": pair["high"]}
        named = {"model": pair["model"], "over": pair["over"], "score": pair["score"]}
        rows.append({**named, **entry, "unit": units.get(pair["score"], ""), **origin})
    table = io.StringIO()
    writer = csv.DictWriter(table, ["model", "over", "score", "value", "low", "high", "unit", *origin])
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, table.getvalue())


def scores_event(document: Mapping[str, Any], shown: Shown) -> dict[str, Any]:
    """Return the main scores of all models as an event, which a terminal or a page shows as a table."""
    known = [each for each in shown if any(each[0] in own for own in document["models"].values())]
    rows = [
        [model, *(_number(own.get(name), digits, times) for name, _, digits, times in known)]
        for model, own in document["models"].items()
    ]
    title = _of(document)
    return {
        "kind": "table",
        "title": title,
        "columns": ["model", *(head for _, head, _, _ in known)],
        "rows": rows,
    }


def card_text(title: str, parts: Mapping[str, Sequence[str]]) -> str:
    """Return a card as Markdown: a title, and parts by their headings; the part of no heading comes first."""
    lines = [f"# {title}"]
    for heading, part in parts.items():
        lines += ["", *([f"## {heading}", ""] if heading else []), *part]
    return "\n".join(lines) + "\n"


def add_to_card(path: Path, document: Mapping[str, Any], shown: Shown) -> None:
    """Write the scores of a judged run into its card, in place of those that were there, before the last part."""
    text = path.read_text(encoding="utf-8")
    known = [each for each in shown if any(each[0] in own for own in document["models"].values())]
    lines = [_HEADING, "", f"On {_of(document)}, with 95 % intervals.", ""]
    lines.append("| model | " + " | ".join(head for _, head, _, _ in known) + " |")
    lines.append("|---" * (len(known) + 1) + "|")
    for model, own in document["models"].items():
        cells = (_ranged(own.get(name), digits, times) for name, _, digits, times in known)
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    write_text(path, _with_scores(text, lines))


def unjudged(card: str, task: str) -> str:
    """Return a card that says where its scores will stand that there are none yet."""
    lines = [_HEADING, "", f"Not judged yet: `terrella {task} judge --run RUN` does."]
    return card if _HEADING in card else _with_scores(card, lines)


def _with_scores(card: str, lines: list[str]) -> str:
    """Return a card with a part on scores in place of that which it has, or before its last part."""
    begin = card.find(_HEADING)
    if begin < 0:
        begin = end = card.rfind("\n## ") + 1 or len(card)
        lines = [*lines, ""]
    else:
        end = card.find("\n## ", begin)
        end = len(card) if end < 0 else end
    return card[:begin] + "\n".join(lines) + "\n" + card[end:]


def _of(document: Mapping[str, Any]) -> str:
    """Return of which data and split a document is; a split may be said with its dates."""
    split = document["split"]
    return f"{document['data']}, {split}" + ("" if " " in split else " split")


def _number(score: Mapping[str, Any] | None, digits: int, times: float) -> str:
    return "–" if score is None or score["value"] is None else f"{times * score['value']:.{digits}f}"


def _ranged(score: Mapping[str, Any] | None, digits: int, times: float) -> str:
    said = _number(score, digits, times)
    if score is None or score["value"] is None or score["low"] is None:
        return said
    return f"{said} [{times * score['low']:.{digits}f}, {times * score['high']:.{digits}f}]"
