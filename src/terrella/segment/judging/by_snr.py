"""Scores in classes of the signal-to-noise ratio, with groups resampled."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from terrella.engine.judge.bootstrap import Interval, interval, label_blocks, ratio
from terrella.segment.judging.events import Bools, Doubles, Ints
from terrella.segment.judging.judged import Judged
from terrella.segment.judging.scores import dice

EDGES = (0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, np.inf)
_FEWEST = 5  # of anything in a class that is shown


@dataclass(frozen=True)
class Classes:
    """A score in each class."""

    labels: list[str] = field(default_factory=list)
    values: list[Interval] = field(default_factory=list)


def events_by_snr(of: Judged, resamples: int, seed: int = 0) -> Classes:
    """Return the share of events detected."""
    events = of.events
    if events is None:
        return Classes()
    found = events.event_detected.astype(float)
    return _shares(of, events.event_snr, events.event_section, found, resamples, seed)


def onsets_by_snr(of: Judged, resamples: int, seed: int = 0) -> Classes:
    """Return the share of onsets found within the tolerance."""
    events = of.events
    if events is None:
        return Classes()
    found = np.isfinite(events.onset_error_s).astype(float)
    return _shares(of, events.onset_snr, events.onset_section, found, resamples, seed)


def dice_by_snr(of: Judged, resamples: int, seed: int = 0) -> Classes:
    """Return the Dice of the samples of sections of each class."""
    blocks, result = label_blocks(of.groups, resamples, seed), Classes()
    for label, inside in _classes(of.snr):
        result.labels.append(label)
        result.values.append(interval(dice(*blocks.sums(of.overlap * inside[:, None]).T)))
    return result


def _shares(of: Judged, snr: Doubles, section: Ints, found: Doubles, resamples: int, seed: int) -> Classes:
    blocks, result = label_blocks(of.groups, resamples, seed), Classes()
    sections = len(of.groups)
    for label, inside in _classes(snr):
        total = np.bincount(section[inside], minlength=sections)
        hits = np.bincount(section[inside], found[inside], sections)
        result.labels.append(label)
        result.values.append(interval(ratio(blocks.sums(hits), blocks.sums(total))))
    return result


def _classes(snr: Doubles) -> list[tuple[str, Bools]]:
    """Return names and members of the classes that hold enough."""
    found = []
    for low, high in pairwise(EDGES):
        inside = (snr >= low) & (snr < high)
        if inside.sum() >= _FEWEST:
            name = f"> {low:g}" if np.isinf(high) else f"< {high:g}" if low == 0 else f"{low:g}–{high:g}"
            found.append((name, inside))
    return found
