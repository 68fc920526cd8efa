"""`scores.json`: all scores of a run, in the form that others may rely on."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.scores import UNITS, Scores


def scores_document(data: str, split: str, horizons: Mapping[str, Scores]) -> dict[str, Any]:
    """Return the document of all horizons; a score's name ends in its horizon, as in `brier@7d`."""
    models: dict[str, dict[str, Any]] = {}
    paired = []
    for horizon, scores in horizons.items():
        for name, values in scores.models.items():
            for score, value in values.items():
                entry = {**_plain(value), "unit": UNITS[score]}
                models.setdefault(name, {})[f"{score}@{horizon}"] = entry
        paired += [
            {"score": f"{p.score}@{horizon}", "model": p.model, "over": p.over}
            | {("gain" if key == "value" else key): v for key, v in _plain(p.gain).items()}
            for p in scores.paired
        ]
    return {"data": data, "split": split, "models": models, "paired": paired}


def _plain(value: Interval) -> dict[str, float | None]:
    """Return numbers of eight digits for JSON, which knows no NaN."""
    return {name: float(f"{v:.8g}") if np.isfinite(v) else None for name, v in asdict(value).items()}
