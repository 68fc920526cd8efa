"""One model on all sections: thresholds from the dev split, then counts of the test split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from terrella.segment.data.labelled import LabelledSection
from terrella.segment.data.normalise import Floats
from terrella.segment.data.sections import Entry
from terrella.segment.judging.events import (
    Bools,
    Detections,
    Doubles,
    Ints,
    Matched,
    Truth,
    detect,
    earlier,
    match,
    nearest,
    truth_of,
)
from terrella.segment.judging.scorers import Scorer
from terrella.segment.judging.scores import (
    LevelCounts,
    Mask,
    best_threshold,
    count_levels,
    overlap_counts,
    value_of,
)
from terrella.segment.settings import JudgeSettings

_THRESHOLDS = 32  # at which detections are made
_RAREST = 1e-5  # share of samples above the highest of them
_WIDE = 4  # tolerances within which an onset counts when a model's constant delay is first found
_ROUNDS = 5  # in which the delay is found anew from onsets near it


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the dev split decided for one model; scores are the model's own."""

    threshold: float  # from which on a sample is called labelled
    levels: Doubles  # thresholds of detections, falling
    level: int  # the one that is used
    shifts: Doubles  # (level,) samples by which the model's onsets are late, in the median


@dataclass(frozen=True, eq=False)
class EventCounts:
    """What became of the events of all sections."""

    events: Doubles  # (section,)
    detected: Doubles  # (section, level)
    false: Doubles  # (section, level)
    empty: Bools  # (section,) without any label
    hours: Doubles  # (section,)
    event_section: Ints  # (event,) number of its section
    event_snr: Doubles
    event_detected: Bools  # at the chosen threshold
    onset_section: Ints  # (onset,)
    onset_snr: Doubles
    onset_error_s: Doubles  # NaN where none was found within the tolerance


@dataclass(frozen=True, eq=False)
class Judged:
    """One model's counts on the sections of a split."""

    name: str
    chosen: Chosen
    groups: list[str]  # (section,)
    snr: Doubles  # (section,) median of its onsets, NaN without any
    overlap: Doubles  # (section, 3): true and false positives, false negatives
    counts: LevelCounts
    events: EventCounts | None  # None where labels have no onsets


@dataclass(frozen=True, eq=False)
class _Row:
    """The events of one section."""

    truth: Truth
    each: list[Matched]  # at every level
    error: Doubles  # (onset,) samples, at the chosen level


def judge_scorer(
    scorer: Scorer, dev: Sequence[Entry], test: Sequence[Entry], settings: JudgeSettings
) -> Judged:
    """Return one model's counts on the test split, with thresholds of the dev split."""
    chosen = choose(scorer, dev, settings)
    overlaps: list[Doubles] = []
    snr: list[float] = []
    groups: list[str] = []
    rows: list[_Row] = []

    def sections() -> Iterator[tuple[str, Floats, Mask]]:
        for section, scores in _scored(scorer, test):
            overlaps.append(overlap_counts(scores, section.mask, chosen.threshold))
            groups.append(section.group)
            snr.append(_snr(section))
            if section.arrivals is not None:
                truth = truth_of(section, settings.tolerance, settings.traces)
                rows.append(_row(truth, _detections(scores, chosen.levels, settings), chosen, settings))
            yield section.group, scores, section.mask

    counts = count_levels(sections())
    events = _event_counts(rows, chosen.level) if len(rows) == len(groups) else None
    return Judged(scorer.name, chosen, groups, np.array(snr), np.stack(overlaps), counts, events)


def choose(scorer: Scorer, dev: Sequence[Entry], settings: JudgeSettings) -> Chosen:
    """Return a model's thresholds and delays, from the dev split alone.

    A sample is called labelled where Dice is best. Detections are made from the lowest threshold down to which no
    higher one gave more false alarms than are allowed.
    """
    counts = count_levels((section.group, scores, section.mask) for section, scores in _scored(scorer, dev))
    threshold, _ = best_threshold(counts)
    levels = _levels(counts)
    kept: list[tuple[Truth, list[Detections]]] = []
    for section, scores in _scored(scorer, dev):
        if section.arrivals is None:
            return Chosen(threshold, levels, 0, np.zeros(len(levels)))
        truth = truth_of(section, settings.tolerance, settings.traces)
        kept.append((truth, _detections(scores, levels, settings)))
    shifts = [
        _delay([(truth, found[level]) for truth, found in kept], settings.tolerance)
        for level in range(len(levels))
    ]
    before = Chosen(threshold, levels, 0, np.array(shifts))
    rows = [_row(truth, found, before, settings) for truth, found in kept]
    rates = alarm_rates(_event_counts(rows, 0), settings.per)
    within = np.logical_and.accumulate(rates <= settings.false_alarms)
    return replace(before, level=max(0, int(within.sum()) - 1))


def alarm_rates(events: EventCounts, per: str) -> Doubles:
    """Return false alarms per section, or per hour, at every level, (level,)."""
    total = events.hours.sum() if per == "hour" else len(events.hours)
    return np.asarray(events.false.sum(axis=0) / total)


def _levels(counts: LevelCounts) -> Doubles:
    """Return falling thresholds, closer to each other the fewer samples lie above them."""
    occupied = counts.occupied()
    above = (counts.labelled + counts.other).sum(axis=0)[occupied][::-1].cumsum()
    wanted = np.geomspace(_RAREST, 0.5, _THRESHOLDS) * above[-1]
    at = np.unique(np.minimum(np.searchsorted(above, wanted), len(above) - 1))
    return np.array([value_of(int(level)) for level in occupied[::-1][at]])


def _snr(section: LabelledSection) -> float:
    """Return the median signal-to-noise ratio of a section's onsets, NaN where there are none."""
    found = section.arrivals
    return float(np.median(found.snr)) if found is not None and len(found.snr) else np.nan


def _detections(scores: Floats, levels: Doubles, settings: JudgeSettings) -> list[Detections]:
    return [detect(scores, level, settings.traces, settings.tolerance) for level in levels.tolist()]


def _delay(pairs: Sequence[tuple[Truth, Detections]], tolerance: float) -> float:
    """Return the median delay of onsets that lie within the tolerance of it."""
    distance = _joined([nearest(found.trace, found.sample, truth) for truth, found in pairs])
    distance = distance[np.abs(distance) <= _WIDE * tolerance]
    delay = float(np.median(distance)) if len(distance) else 0.0
    # Onsets by chance are as often early as late, about nought and not about the delay.
    for _ in range(_ROUNDS):
        near = distance[np.abs(distance - delay) <= tolerance]
        delay = float(np.median(near)) if len(near) else delay
    return delay


def _row(truth: Truth, found: Sequence[Detections], chosen: Chosen, settings: JudgeSettings) -> _Row:
    found = [earlier(each, shift) for each, shift in zip(found, chosen.shifts, strict=True)]
    each = [match(truth, made, settings.tolerance, settings.traces) for made in found]
    used = found[chosen.level]
    error = nearest(used.trace, used.sample, truth)
    return _Row(truth, each, np.where(np.abs(error) <= settings.tolerance, error, np.nan))


def _event_counts(rows: Sequence[_Row], level: int) -> EventCounts:
    truths = [row.truth for row in rows]
    return EventCounts(
        events=np.array([len(truth.events) for truth in truths], float),
        detected=np.array([[made.detected.sum() for made in row.each] for row in rows], float),
        false=np.array([[made.false for made in row.each] for row in rows], float),
        empty=np.array([truth.empty for truth in truths]),
        hours=np.array([truth.duration_s / 3600 for truth in truths]),
        event_section=np.repeat(np.arange(len(rows)), [len(truth.events) for truth in truths]),
        event_snr=_joined([truth.event_snr for truth in truths]),
        event_detected=_joined([row.each[level].detected.astype(float) for row in rows]) > 0,
        onset_section=np.repeat(np.arange(len(rows)), [len(truth.trace) for truth in truths]),
        onset_snr=_joined([truth.snr for truth in truths]),
        onset_error_s=_joined([row.error * row.truth.interval_s for row in rows]),
    )


def _joined(parts: Sequence[Doubles]) -> Doubles:
    return np.concatenate(parts) if parts else np.zeros(0)


def _scored(scorer: Scorer, entries: Sequence[Entry]) -> Iterator[tuple[LabelledSection, Floats]]:
    """Yield sections with their scores, one at a time."""
    for entry in entries:
        section = entry.load()
        yield section, scorer.score(section)
