"""Detections of events in a section: connected samples along the moveout, their onsets, and what they match."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from terrella.segment.data.labelled import LabelledSection
from terrella.segment.data.normalise import Floats
from terrella.segment.data.onsets import rising

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Detected samples of neighbouring traces belong together up to this moveout; a dead trace parts nothing.
_MOVEOUT = 3  # samples from trace to trace
_GAP = 1  # traces
_MATCHED = 0.25  # share of a wave's traces on which one detection must begin where the wave does


@dataclass(frozen=True, eq=False)
class Detections:
    """Onsets of detections, one per trace and run of samples; `number` says whose."""

    number: Ints
    trace: Ints
    sample: Doubles
    count: int


@dataclass(frozen=True, eq=False)
class Truth:
    """What a section holds, for matching: one row per onset of a wave on a trace."""

    trace: Ints
    sample: Doubles
    snr: Doubles
    wave: Ints  # number of the event's P or S wave
    event_of_wave: Ints
    events: Ints  # numbers of those that can be detected
    event_snr: Doubles  # median over traces, of the events
    quiet: Bools  # (trace, sample): without a label within the tolerance
    empty: bool  # no arrival at all
    duration_s: float
    interval_s: float


@dataclass(frozen=True, eq=False)
class Matched:
    """Detections beside the truth."""

    detected: Bools  # of each event
    false: int  # detections most of whose onsets lie where nothing is


def detect(scores: Floats, threshold: float, traces: int, apart: int) -> Detections:
    """Return detections in scores (trace, sample): connected samples at or above a threshold on enough traces.

    A detection has an onset where none of a trace's `apart` samples before belongs to a detection, so that one
    that comes in many bits has no more tries than others.
    """
    from scipy.ndimage import binary_dilation, label

    marked = scores >= threshold
    if not marked.any():
        nothing = np.zeros(0, np.int64)
        return Detections(nothing, nothing, np.zeros(0), 0)
    reach = np.ones((2 * _GAP + 1, 2 * _MOVEOUT + 1), bool)
    grown, count = label(binary_dilation(marked, reach))
    component = np.where(marked, grown, 0)
    covered = np.zeros((count + 1, len(marked)), bool)
    at, _ = np.nonzero(marked)
    covered[component[marked], at] = True
    enough = covered.sum(axis=1) >= traces
    enough[0] = False
    trace, sample = rising(enough[component], apart)
    kept = np.cumsum(enough) - 1
    number = kept[component[trace, sample]]
    return Detections(number.astype(np.int64), trace, sample.astype(float), int(enough.sum()))


def earlier(found: Detections, shift: float) -> Detections:
    """Return detections whose onsets lie `shift` samples earlier."""
    return replace(found, sample=found.sample - shift)


def truth_of(section: LabelledSection, tolerance: int, traces: int) -> Truth:
    """Return what is to be found in a section with arrivals; events seen on too few traces do not count."""
    from scipy.ndimage import binary_dilation

    arrivals = section.arrivals
    if arrivals is None:
        raise ValueError("a section without arrivals has no events")
    near = binary_dilation(section.mask != 0, np.ones((1, 2 * tolerance + 1), bool))
    names = np.char.add(arrivals.event.astype("U20"), np.char.add(" ", arrivals.phase.astype("U8")))
    waves, first, wave = np.unique(names, return_index=True, return_inverse=True)
    seen = np.array([len(np.unique(arrivals.trace[wave == each])) for each in range(len(waves))], int)
    event_of_wave = arrivals.event[first] if len(first) else np.zeros(0, np.int64)
    events = np.unique(event_of_wave[seen >= traces])
    return Truth(
        trace=arrivals.trace,
        sample=arrivals.time_s / section.interval_s,
        snr=arrivals.snr,
        wave=wave.astype(np.int64),
        event_of_wave=event_of_wave,
        events=events,
        event_snr=np.array([float(np.median(arrivals.snr[arrivals.event == each])) for each in events]),
        quiet=~near,
        empty=not len(arrivals.trace),
        duration_s=section.mask.shape[1] * section.interval_s,
        interval_s=section.interval_s,
    )


def match(truth: Truth, found: Detections, tolerance: int, traces: int) -> Matched:
    """Return which events are detected, and how many detections are false.

    An event is detected where one detection begins within the tolerance of its P or its S wave on a quarter of the
    traces on which the wave is seen, and on `traces` of them at least. A detection is false if more than half of
    its onsets lie where nothing is labelled; one within unlabelled samples is neither.
    """
    hits = np.zeros((len(truth.event_of_wave), found.count), int)
    for number in range(found.count):
        own = found.number == number
        distance = nearest(found.trace[own], found.sample[own], truth)
        hits[:, number] = np.bincount(truth.wave[np.abs(distance) <= tolerance], minlength=len(hits))
    seen = np.bincount(truth.wave, minlength=len(hits))
    caught = (hits >= np.maximum(_MATCHED * seen, traces)[:, None]).any(axis=1)
    detected = np.isin(truth.events, truth.event_of_wave[caught])
    sample = np.clip(np.rint(found.sample), 0, truth.quiet.shape[1] - 1).astype(int)
    quiet = truth.quiet[found.trace, sample]
    onsets = np.bincount(found.number, minlength=found.count)
    empty = np.bincount(found.number, quiet, minlength=found.count)
    return Matched(detected, int((empty > onsets / 2).sum()))


def nearest(trace: Ints, sample: Doubles, truth: Truth) -> Doubles:
    """Return the nearest detected onset minus every true one, on its trace, inf where there is none."""
    if not len(trace):
        return np.full(len(truth.trace), np.inf)
    apart = 4.0 * truth.quiet.shape[1]  # so that traces do not mix
    place = np.sort(trace * apart + sample)
    wanted = truth.trace * apart + truth.sample
    after = np.searchsorted(place, wanted)
    above = place[np.minimum(after, len(place) - 1)] - wanted
    below = place[np.maximum(after - 1, 0)] - wanted
    distance = np.where(np.abs(below) <= np.abs(above), below, above)
    return np.where(np.abs(distance) < apart / 2, distance, np.inf)
