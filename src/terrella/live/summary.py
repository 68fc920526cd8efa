"""The record in numbers: each model's likelihood, Brier score and expected events beside what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import Interval, interval, make_blocks, ratio
from terrella.forecast.models import CLIMATOLOGY
from terrella.live.issuing import MODELS
from terrella.live.store import Record
from terrella.live.times import DAY, microseconds

_BLOCK_DAYS = 30.0
_RESAMPLES = 1000


@dataclass(frozen=True)
class Row:
    """A model at a horizon, over windows that do not overlap."""

    model: str
    horizon_days: float
    windows: int
    observed: int
    expected: float
    gain: Interval  # over climatology, nats per earthquake
    ratio: Interval  # expected over observed
    brier: float


def apart(scores: Sequence[Record], horizon_days: float) -> list[dict[str, Any]]:
    """Return the scores of a horizon whose windows do not overlap, in order: the earliest, and each next one."""
    chosen: list[dict[str, Any]] = []
    free = -np.inf
    found = [record.values for record in scores]
    timed = [
        {**each, "start_us": microseconds(each["issue_time"].rstrip("Z"))}
        for each in found
        if each["horizon_days"] == horizon_days
    ]
    for values in sorted(timed, key=lambda each: each["start_us"]):
        if values["start_us"] >= free:
            chosen.append(values)
            free = values["start_us"] + horizon_days * DAY
    return chosen


def summarise(scores: Sequence[Record]) -> list[Row]:
    """Return a row for each horizon and model, with 95 % intervals by blocks of 30 days (Künsch 1989)."""
    rows = []
    for days in sorted({record.values["horizon_days"] for record in scores}):
        windows = apart(scores, days)
        blocks = make_blocks([each["start_us"] / DAY for each in windows], _BLOCK_DAYS, _RESAMPLES)
        observed = blocks.sums([each["observed"] for each in windows])

        def sums(
            model: str, name: str, windows: Sequence[Mapping[str, Any]] = windows, blocks: Any = blocks
        ) -> Any:
            return blocks.sums([each["models"][model][name] for each in windows])

        base = sums(CLIMATOLOGY, "log_likelihood")
        for model in MODELS:
            expected = sums(model, "expected")
            rows.append(
                Row(
                    model,
                    days,
                    len(windows),
                    int(observed[0]),
                    float(expected[0]),
                    interval(ratio(sums(model, "log_likelihood") - base, observed)),
                    interval(ratio(expected, observed)),
                    float(np.mean([each["models"][model]["brier"] for each in windows])),
                )
            )
    return rows


COLUMNS = ("", "windows", "expected", "observed", "expected/observed", "gain, nats per earthquake")


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Return the rows as text, for the terminal; the gain is that over climatology."""
    return [
        [
            f"{row.horizon_days:g} d {row.model}",
            f"{row.windows:,}",
            f"{row.expected:,.1f}",
            f"{row.observed:,}",
            _interval(row.ratio, 2),
            "0" if row.model == CLIMATOLOGY else _interval(row.gain, 3, "+"),
        ]
        for row in rows
    ]


def _interval(found: Interval, digits: int, sign: str = "") -> str:
    if not np.isfinite(found.value):
        return "–"
    if not np.isfinite(found.low):
        return f"{found.value:{sign}.{digits}f}"
    return f"{found.value:{sign}.{digits}f} [{found.low:{sign}.{digits}f}, {found.high:{sign}.{digits}f}]"
