"""Scores of a judged model with groups resampled, and its gains over a baseline."""

from collections.abc import Mapping

import numpy as np

from terrella.engine.judge.bootstrap import Blocks, Interval, interval, label_blocks, ratio
from terrella.segment.judging.judged import Judged
from terrella.segment.judging.scores import Doubles, average_precision, dice, iou

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


def gains(own: Mapping[str, Doubles], other: Mapping[str, Doubles]) -> dict[str, Interval]:
    """Return by how much a model's resampled scores are better than a baseline's, of the same groups drawn."""
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
