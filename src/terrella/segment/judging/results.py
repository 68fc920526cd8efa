"""Scores of a judged model with 95 % intervals, and its gains over a baseline, with groups resampled."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from terrella.engine.judge import document
from terrella.engine.judge.bootstrap import Blocks, Interval, interval, label_blocks, ratio
from terrella.segment.judging.equal_alarms import SCORE, detected_at, equal_rate
from terrella.segment.judging.judged import Judged
from terrella.segment.judging.scores import Doubles, average_precision, dice, iou
from terrella.segment.settings import JudgeSettings, SegmentSettings

UNITS = {
    "average_precision": "",
    "iou": "",
    "dice": "",
    "precision": "",
    "recall": "",
    "detection_rate": "",
    "false_alarms_per_section": "per section",
    "false_alarms_per_empty_section": "per section without an event",
    "false_alarms_per_hour": "per hour",
    "onsets_found": "",
    "onset_median_s": "s",
    "onset_mae_s": "s",
}
SMALLER_IS_BETTER = frozenset(
    name for name in UNITS if name.startswith("false_alarms") or name == "onset_mae_s"
)
_NO_GAIN = frozenset({"onset_median_s"})  # the nearer to zero the better
_SEED = 0  # of resamples


def scores_document(
    judged: Sequence[Judged], trained: SegmentSettings, split: str, settings: JudgeSettings
) -> dict[str, Any]:
    """Return the document of scores.json: all models, and the gains of the first over the others."""
    first, *others = judged
    scores = {each.name: intervals(each, settings.resamples, _SEED) for each in judged}
    paired = [
        (score, first.name, other.name, gain)
        for other in others
        for score, gain in gains(first, other, settings.resamples, _SEED).items()
    ]
    rate = equal_rate(judged, settings)
    if rate is not None:
        found = {each.name: detected_at(each, rate, settings, _SEED) for each in judged}
        for name, values in found.items():
            scores[name][SCORE] = interval(values)
        own = found[first.name]
        paired += [(SCORE, first.name, o.name, interval(own - found[o.name])) for o in others]
    groups = len(set(first.groups))
    n = len(first.groups)
    counts = f"{n:,} section{'s' * (n != 1)} of {groups:,} group{'s' * (groups != 1)}"
    data = f"{trained.data.sections}, {counts}"
    thresholds = {
        each.name: {
            "sample": each.chosen.threshold,
            "detection": float(each.chosen.levels[each.chosen.level]),
            "delay_samples": float(each.chosen.shifts[each.chosen.level]),
        }
        for each in judged
    }
    more: dict[str, Any] = {"judge": settings.model_dump(mode="json"), "thresholds": thresholds}
    if rate is not None:
        more["equal_false_alarms"] = {"rate": rate, "per": settings.per}
    return document.scores_document(data, split, scores, UNITS | {SCORE: ""}, paired, more)


def resampled_scores(of: Judged, resamples: int, seed: int = 0) -> dict[str, Doubles]:
    """Return all scores of the data (first) and of resampled groups (the rest), (1 + resample,) each, by name."""
    blocks = label_blocks(of.groups, resamples, seed)
    true, false = of.counts.at_or_above(blocks.draws)
    at = blocks.sums(of.overlap).T
    found = {
        "average_precision": average_precision(true, false),
        "iou": iou(*at),
        "dice": dice(*at),
        "precision": ratio(at[0], at[0] + at[1]),
        "recall": ratio(at[0], at[0] + at[2]),
    }
    return found | _event_scores(of, blocks) | _onset_scores(of, blocks)


def intervals(of: Judged, resamples: int, seed: int = 0) -> dict[str, Interval]:
    """Return all scores by name with 95 % intervals."""
    return {name: interval(values) for name, values in resampled_scores(of, resamples, seed).items()}


def gains(model: Judged, baseline: Judged, resamples: int, seed: int = 0) -> dict[str, Interval]:
    """Return by how much a model is better than a baseline, with the same groups drawn for both."""
    own, other = (resampled_scores(each, resamples, seed) for each in (model, baseline))
    return {
        name: interval(other[name] - own[name] if name in SMALLER_IS_BETTER else own[name] - other[name])
        for name in own
        if name in other and name not in _NO_GAIN
    }


def _event_scores(of: Judged, blocks: Blocks) -> dict[str, Doubles]:
    events = of.events
    if events is None:
        return {}
    level = of.chosen.level
    false, sections = blocks.sums(events.false[:, level]), np.ones(len(events.hours))
    empty = blocks.sums(np.where(events.empty, events.false[:, level], 0.0))
    return {
        "detection_rate": ratio(blocks.sums(events.detected[:, level]), blocks.sums(events.events)),
        "false_alarms_per_section": ratio(false, blocks.sums(sections)),
        "false_alarms_per_empty_section": ratio(empty, blocks.sums(events.empty.astype(float))),
        "false_alarms_per_hour": ratio(false, blocks.sums(events.hours)),
    }


def _onset_scores(of: Judged, blocks: Blocks) -> dict[str, Doubles]:
    events = of.events
    if events is None:
        return {}
    found = np.isfinite(events.onset_error_s)
    error, section = events.onset_error_s[found], events.onset_section[found]
    sections = len(of.groups)
    all_onsets = blocks.sums(np.bincount(events.onset_section, minlength=sections))
    number = blocks.sums(np.bincount(section, minlength=sections))
    absolute = blocks.sums(np.bincount(section, np.abs(error), sections))
    return {
        "onsets_found": ratio(number, all_onsets),
        "onset_median_s": _median(error, blocks.draws[:, blocks.of_time[section]]),
        "onset_mae_s": ratio(absolute, number),
    }


def _median(values: Doubles, weights: Doubles) -> Doubles:
    """Return the weighted median of each resample, NaN where nothing counts; weights are (resample, value)."""
    if not len(values):
        return np.full(len(weights), np.nan)
    order = np.argsort(values)
    passed, ordered = np.cumsum(weights[:, order], axis=1), values[order]
    half = passed[:, -1:] / 2
    middle = (ordered[(passed >= half).argmax(axis=1)] + ordered[(passed > half).argmax(axis=1)]) / 2
    return np.asarray(np.where(half[:, 0] > 0, middle, np.nan))
