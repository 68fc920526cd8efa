"""Detectors side by side at one rate of false alarms, for each alone is at the one that its dev split led to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import label_blocks, ratio
from terrella.segment.judging.judged import Judged, alarm_rates
from terrella.segment.judging.scores import Doubles
from terrella.segment.settings import JudgeSettings

SCORE = "detection_rate_at_equal_false_alarms"


def equal_rate(judged: Sequence[Judged], settings: JudgeSettings) -> float | None:
    """Return the largest rate, up to the one allowed, that all models reach; None where no events are judged."""
    reached = [float(alarm_rates(e.events, settings.per).max()) for e in judged if e.events is not None]
    return min(settings.false_alarms, *reached) if reached else None


def detected_at(of: Judged, rate: float, settings: JudgeSettings, seed: int = 0) -> Doubles:
    """Return the share of events detected at a rate, of the data and of resampled groups, (1 + resample,).

    It lies on the line between the two thresholds of the model whose rates enclose the one asked for.
    """
    events = of.events
    assert events is not None
    blocks = label_blocks(of.groups, settings.resamples, seed)
    total = blocks.sums(events.hours if settings.per == "hour" else np.ones(len(events.hours)))
    alarms = blocks.sums(events.false) / total[:, None]
    found = ratio(blocks.sums(events.detected), blocks.sums(events.events)[:, None])
    # At the lowest thresholds detections merge: a curve goes on with the best that it had.
    alarms, found = np.maximum.accumulate(alarms, axis=1), np.maximum.accumulate(found, axis=1)
    return np.array([np.interp(rate, [0.0, *x], [0.0, *y]) for x, y in zip(alarms, found, strict=True)])


def verdict(document: Mapping[str, Any]) -> str:
    """Return which model finds more events at equal false alarms, in a sentence; empty where none are judged."""
    at, pairs = document.get("equal_false_alarms"), document["paired"]
    pairs = [each for each in pairs if each["score"] == SCORE and each["gain"] is not None]
    if at is None or not pairs:
        return ""
    nearest = min(pairs, key=lambda each: float(each["gain"]))
    network, other = nearest["model"], nearest["over"]
    own, its = (document["models"][name][SCORE]["value"] for name in (network, other))
    gain, low, high = (nearest[key] for key in ("gain", "low", "high"))
    said = f"At {at['rate']:.3g} false alarms per {at['per']}, {network} finds {own:.3f} of the events "
    said += f"and {other}, the best classical detector, {its:.3f}: "
    if low is None:
        return said + "with a single group, nobody can say which of them finds more."
    if low <= 0 <= high:
        return said + f"a difference of {gain:+.3f} [{low:+.3f}, {high:+.3f}] decides for neither."
    winner = "the network" if gain > 0 else "the classical detector"
    few, many = sorted((abs(low), abs(high)))
    return said + f"{winner} finds more, by {abs(gain):.3f} [{few:.3f}, {many:.3f}]."
