"""Scores with intervals, and what the network gains over each baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import interval, limits, make_blocks
from terrella.engine.judge.comparing import intervals
from terrella.engine.judge.document import Pair, scores_document
from terrella.weather.data.store import Store
from terrella.weather.data.variables import known
from terrella.weather.judging.judged import Judged
from terrella.weather.judging.sums import SPREAD, Floats
from terrella.weather.settings import JudgeSettings


@dataclass(frozen=True, eq=False)
class Scores:
    """The document of scores.json, and the same numbers as arrays for tables and figures."""

    document: dict[str, Any]
    values: Mapping[str, Mapping[str, Floats]]  # of each model and score, (lead, channel)
    gains: Mapping[str, tuple[Floats, Floats, Floats]]  # over each baseline: share of the RMSE, low, high
    leads_hours: tuple[int, ...]
    channels: tuple[str, ...]


def scores_of(judged: Judged, store: Store, split: str, settings: JudgeSettings) -> Scores:
    """Return all scores; a gain is the share of a baseline's RMSE that the network avoids, 1 − RMSE / RMSE."""
    days = (store.times[judged.starts] - store.times[0]) / np.timedelta64(1, "D")
    blocks = make_blocks(days, settings.block_days, settings.resamples)
    leads = tuple(step * store.step_hours for step in judged.steps)
    channels = tuple(channel.short for channel in store.channels)
    names = [[f"@{short}@{lead}h" for short in channels] for lead in leads]
    units: dict[str, str] = {}
    for row in names:
        for name, channel in zip(row, store.channels, strict=True):
            variable = known(channel.variable)
            unit = variable.unit if variable else ""
            units |= {f"{score}{name}": unit for score in ("rmse", "bias", "crps")}
            units |= {f"acc{name}": "", f"{SPREAD}{name}": ""}
    resampled = {
        model: {score: own.resampled(score, blocks) for score in own.scores}
        for model, own in judged.sums.items()
    }
    each = {
        model: {
            f"{score}{name}": values[:, lead, at]
            for score, values in own.items()
            if (score, model) != ("acc", "climatology")  # it has no anomaly to correlate
            for lead, row in enumerate(names)
            for at, name in enumerate(row)
        }
        for model, own in resampled.items()
    }
    first, *others = resampled
    gains, pairs = {}, list[Pair]()
    for other in others:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = 1 - resampled[first]["rmse"] / resampled[other]["rmse"]
        low, high = limits(share)
        gains[other] = (share[0], low, high)
        pairs += [
            (f"rmse{name}", first, other, interval(share[:, lead, at]))
            for lead, row in enumerate(names)
            for at, name in enumerate(row)
        ]
    data = "a simulated planet" if store.simulated else store.path.name
    more = {
        "forecasts": len(judged.starts), "blocks": blocks.draws.shape[1], "grid": store.grid,
        "data_mark": store.mark,
    }  # fmt: skip
    document = scores_document(data, split, intervals(each), units, pairs, more)
    values = {model: {score: each[0] for score, each in own.items()} for model, own in resampled.items()}
    return Scores(document, values, gains, leads, channels)


def beaten(scores: Scores, over: Sequence[str], leads_hours: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """Return for each baseline how many channels at some leads are beaten for certain, and of how many."""
    rows = [number for number, lead in enumerate(scores.leads_hours) if lead in leads_hours]
    return {
        name: (int((scores.gains[name][1][rows] > 0).sum()), scores.gains[name][1][rows].size)
        for name in over
        if name in scores.gains
    }
