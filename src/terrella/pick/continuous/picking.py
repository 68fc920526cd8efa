"""Picks from curves of probability, and from a whole station-day in blocks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from terrella.formats.waveforms.archive import Archive
from terrella.formats.waveforms.miniseed import Code, Found
from terrella.pick.continuous.annotate import Annotator, Curves, annotate, needed
from terrella.pick.continuous.peaks import FWHM, peaks, separated
from terrella.pick.continuous.policies import Policies
from terrella.pick.continuous.record import MARGIN_S, Record, assemble

BLOCK_S = 1800  # of an hour the samples and curves take 6 MiB more
# A run of probability above half its threshold that reaches further over a block's border is cut.
_AROUND_S = 10

_SECOND = 10**9
_AROUND_NS = _AROUND_S * _SECOND


@dataclass(frozen=True)
class Pick:
    """An onset in a record."""

    phase: str
    time_ns: int
    probability: float
    uncertainty_s: float  # standard deviation of a Gaussian as wide as the curve
    amplitude: float  # in the record's units


def pick_span(
    annotator: Annotator,
    archive: Archive,
    codes: tuple[Code, ...],
    first_ns: int,
    end_ns: int,
    policies: Policies,
    found: Found,
    block_s: int = BLOCK_S,
) -> list[Pick]:
    """Return the picks of one instrument between two times, in order of time.

    Blocks begin at multiples of `block_s` since 1970 and overlap, so that picks depend on neither blocks nor span;
    memory is that of one block.
    """
    picks: list[Pick] = []
    for begin_ns in range(first_ns // (block_s * _SECOND) * block_s * _SECOND, end_ns, block_s * _SECOND):
        # What lies a little outside may be likelier than what lies inside.
        low, high = (
            max(begin_ns, first_ns - _AROUND_NS),
            min(begin_ns + block_s * _SECOND, end_ns + _AROUND_NS),
        )
        picks += _pick_block(annotator, archive, codes, (low, high), policies, found)
    kept = []
    for phase in annotator.phases:
        of = [each for each in picks if each.phase == phase]
        times = np.array([(each.time_ns - first_ns) / 1e9 for each in of])
        stay = separated(times, np.array([each.probability for each in of]), policies.apart_s)
        kept += [each for each, stays in zip(of, stay, strict=True) if stays]
    kept = [each for each in kept if first_ns <= each.time_ns < end_ns]
    return sorted(kept, key=lambda each: (each.time_ns, each.phase))


def pick_curves(
    curves: Curves, record: Record, annotator: Annotator, policies: Policies, first: int, end: int
) -> Iterator[Pick]:
    """Yield the picks whose largest probability lies at the grid's samples [first, end), phase by phase.

    A pick is the largest probability of a run above half the threshold that reaches the threshold, as in SeisBench;
    its time is that of the parabola through it and its neighbours.
    """
    rate = record.rate_hz
    edge = round(policies.edge_s * rate)
    changes = None if record.whole else _changes(record)
    for phase, curve in zip(curves.phases, curves.values, strict=True):
        threshold = policies.threshold(phase, annotator.architecture)
        for top, width in zip(*peaks(curve, threshold), strict=True):
            sample = curves.first + int(top) * curves.stride
            at = sample - record.first
            low, high = max(at - edge, 0), min(at + edge, record.samples.shape[1] - 1)
            if not first <= sample < end or not record.recorded[:, at].any():
                continue
            if changes is not None and changes[low] != changes[high]:
                continue
            shift = _parabola(curve, int(top)) * curves.stride
            yield Pick(
                phase,
                _time_ns(sample, rate) + round((shift / rate + float(record.late_s[at])) * 1e9),
                float(curve[top]),
                float(width) * curves.stride / rate / FWHM,
                _amplitude(record, at, round(policies.amplitude_s * rate)),
            )


def _changes(record: Record) -> npt.NDArray[np.int64]:
    """Return how many times a component has begun or ended before each sample, (sample + 1,)."""
    changes = np.concatenate([[0], np.cumsum((np.diff(record.recorded, axis=1)).any(0)), [0]])
    changes[-1] = changes[-2]
    return changes


def _pick_block(
    annotator: Annotator,
    archive: Archive,
    codes: tuple[Code, ...],
    span_ns: tuple[int, int],
    policies: Policies,
    found: Found,
) -> list[Pick]:
    architecture = annotator.architecture
    rate = architecture.rate_hz
    first, end = (_sample(ns, rate) for ns in span_ns)
    around = round(_AROUND_S * rate)
    low, high = first - around, end + around
    begin, until = needed(architecture, low, high)
    margin_ns = round(MARGIN_S * 1e9)
    segments = archive.read(
        codes, _time_ns(begin, rate) - margin_ns, _time_ns(until, rate) + margin_ns, found
    )
    if not segments:
        return []
    record = assemble(segments, architecture.components, begin, until, rate, found, policies.shortest_s)
    del segments  # as large as the record
    if not record.recorded.any():
        return []
    curves = annotate(annotator, record, low, high)
    return sorted(pick_curves(curves, record, annotator, policies, first, end), key=lambda each: each.time_ns)


def _parabola(curve: npt.NDArray[np.float32], top: int) -> float:
    """Return where a parabola through a largest value and its neighbours is largest, from it, in points."""
    if not 0 < top < len(curve) - 1:
        return 0.0
    before, here, after = (float(value) for value in curve[top - 1 : top + 2])
    bend = before - 2 * here + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _amplitude(record: Record, at: int, length: int) -> float:
    """Return the largest sample after a pick less the mean before it, of the component where it is largest."""
    before, after = slice(max(at - length, 0), max(at, 1)), slice(at, at + length)
    # What is not recorded is zero and adds nothing.
    number = before.stop - before.start if record.whole else np.maximum(record.recorded[:, before].sum(1), 1)
    level = record.samples[:, before].sum(1, dtype=np.float64) / number
    away = np.abs(record.samples[:, after] - level[:, None].astype(record.samples.dtype))
    if not record.whole:
        away *= record.recorded[:, after]
    return float(away.max(initial=0.0)) * record.unit


def _sample(time_ns: int, rate_hz: float) -> int:
    """Return the first grid sample at a time or after it."""
    seconds, rest = divmod(time_ns, _SECOND)
    return math.ceil(Fraction(rate_hz) * (seconds + Fraction(rest, _SECOND)))


def _time_ns(sample: int, rate_hz: float) -> int:
    """Return the time of a grid sample, without a loss of digits where a sample is a whole number of ns."""
    step = 1e9 / rate_hz
    return sample * round(step) if step.is_integer() else round(sample / rate_hz * 1e9)
