"""`scores.json` and `scores.csv`: all scores of a run, in the form that others may rely on."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.scores import UNITS, Scores


def scores_document(
    data: str, split: str, horizons: Mapping[str, Scores], more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the document of all horizons; a score's name ends in its horizon, as in `brier@7d`.

    `more` holds further parts, which a task names and documents.
    """
    models: dict[str, dict[str, Any]] = {}
    paired = []
    for horizon, scores in horizons.items():
        for name, values in scores.models.items():
            for score, value in values.items():
                entry = {**plain(value), "unit": UNITS[score]}
                models.setdefault(name, {})[f"{score}@{horizon}"] = entry
        paired += [
            {"score": f"{p.score}@{horizon}", "model": p.model, "over": p.over}
            | {("gain" if key == "value" else key): v for key, v in plain(p.gain).items()}
            for p in scores.paired
        ]
    return {"data": data, "split": split, "models": models, "paired": paired, **(more or {})}


def scores_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the scores and paired gains of a document as rows of one table, with the marks of its origin."""
    origin = {
        "model_mark": document.get("model_mark", ""),
        "catalogue_mark": document.get("catalogue_mark", ""),
    }
    rows = [
        {"model": model, "over": "", "score": score, **entry, **origin}
        for model, scores in document["models"].items()
        for score, entry in scores.items()
    ]
    for pair in document["paired"]:
        score = pair["score"]
        entry = {"value": pair["gain"], "low": pair["low"], "high": pair["high"]}
        unit = UNITS.get(score.split("@")[0], "")
        rows.append(
            {"model": pair["model"], "over": pair["over"], "score": score, **entry, "unit": unit, **origin}
        )
    return rows


def plain(value: Interval) -> dict[str, float | None]:
    """Return numbers of eight digits for JSON, which knows no NaN."""
    return {name: float(f"{v:.8g}") if np.isfinite(v) else None for name, v in asdict(value).items()}
