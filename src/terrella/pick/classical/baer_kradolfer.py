"""Baer & Kradolfer's onset picker of P, the classical baseline of Münchmeyer et al. (2022)."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from terrella.pick.classical.segments import VERTICAL, Floats, band_pass, batches, cut
from terrella.pick.picker import Answers, Samples, Windows
from terrella.pick.store import Store

# The record around a window that is tried, as multiples of the window: the study's 60, 20 and 10 s for 10 s.
_SPANS = (6, 2, 1)
_PRESET_S = 1.0  # from which the first variance is estimated
_POLARITY_S = 1.0  # in which the first motion's amplitude is sought
_LEAD_S = 30.0  # of record before the longest span, in which the filter settles


@dataclass(frozen=True)
class BaerKradolferParameters:
    """What the picker is tuned by; the second threshold is twice the first, as in the study."""

    min_hz: float = 1.0  # of the band-pass
    max_hz: float = 20.0
    tdownmax_s: float = 3.0  # the characteristic function may stay so long below the threshold in an event
    tupevent_s: float = 1.5  # it must stay so long above the threshold for a pick
    threshold: float = 10.0  # of the characteristic function, in its standard deviations


@dataclass(frozen=True)
class BaerKradolfer:
    """Baer & Kradolfer's picker, which looks for onsets of P on the vertical component.

    The detection follows Baer & Kradolfer (1987, doi 10.1785/BSSA0770041437) in ObsPy's implementation. As in
    Münchmeyer et al. (2022), the record around a window is searched first over six times the window's length,
    then twice and once, until the first pick lies inside the window. Where there is none the answer is the
    window's first sample, so that a missed onset counts as an error.
    """

    parameters: BaerKradolferParameters = BaerKradolferParameters()
    name: str = "Baer–Kradolfer"

    def answer(self, store: Store, windows: Windows) -> Answers:
        """Return onsets of P; detection, phase and S are NaN."""
        p = np.full(len(windows), np.nan, np.float32)
        for of in batches(windows, longest_record(windows, store.rate_hz)):
            record = cut_record(store, windows, of)
            p[of] = windows.start[of] + onsets(record, self.parameters, store.rate_hz)
        none = np.full(len(windows), np.nan, np.float32)
        return Answers(none, none.copy(), p, none.copy())


@dataclass(frozen=True, eq=False)
class Record:
    """Vertical records around windows of one length."""

    values: npt.NDArray[np.float32]  # (window, sample), unfiltered, with a lead before the longest span
    first: Samples  # (window,) first sample that lies in the trace
    end: Samples  # (window,) and the one after the last
    start: int  # of every window in its record
    window: int  # samples of a window


def longest_record(windows: Windows, rate_hz: float) -> int:
    """Return the samples of the longest record around one of the windows."""
    return _SPANS[0] * int((windows.end - windows.start).max(initial=0)) + round(_LEAD_S * rate_hz)


def cut_record(store: Store, windows: Windows, of: npt.NDArray[np.int64]) -> Record:
    """Return the records around chosen windows, all of one length; each is scaled to unit variance."""
    length = int(windows.end[of[0]] - windows.start[of[0]])
    before = _before(_SPANS[0], length) + round(_LEAD_S * store.rate_hz)
    size = before + _SPANS[0] * length - _before(_SPANS[0], length)
    values, inside = cut(store, windows.trace[of], windows.start[of] - before, size, VERTICAL[0])
    count = inside.sum(1)
    # The method takes fourth powers in float32, which counts or metres per second would overflow.
    scale = np.sqrt((values**2).sum(1) / np.maximum(count, 1))
    values /= np.where(scale > 0, scale, 1.0)[:, None]
    first = inside.argmax(1)
    return Record(values.astype(np.float32), first, first + count, before, length)


def onsets(record: Record, parameters: BaerKradolferParameters, rate_hz: float) -> Floats:
    """Return the onset in each window, in samples from the window's start, 0 where there is none."""
    values = band_pass(record.values, (parameters.min_hz, parameters.max_hz), rate_hz).astype(np.float32)
    found = np.zeros(len(values))
    for span in _SPANS:
        low = record.start - _before(span, record.window)
        start = np.clip(record.first, low, low + span * record.window)
        end = np.clip(record.end, start, low + span * record.window)
        for row in np.flatnonzero(found == 0):
            pick = start[row] + first_onset(values[row, start[row] : end[row]], parameters, rate_hz)
            if record.start < pick < record.start + record.window:
                found[row] = pick - record.start
    return found


def first_onset(values: npt.NDArray[np.float32], parameters: BaerKradolferParameters, rate_hz: float) -> int:
    """Return the sample of the first onset in a filtered record, 0 where there is none."""
    preset = round(_PRESET_S * rate_hz)
    # Fewer samples than the first variance is estimated from are not enough to pick in.
    if len(values) <= preset + 2:
        return 0
    pick, _ = _pk_baer()(
        values,
        round(rate_hz),
        int(parameters.tdownmax_s * rate_hz),
        int(parameters.tupevent_s * rate_hz),
        parameters.threshold,
        2 * parameters.threshold,
        preset,
        round(_POLARITY_S * rate_hz),
    )
    return int(pick) if pick > 1 else 0  # ObsPy answers 1 for none


@cache
def _pk_baer() -> Callable[..., tuple[int, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy.signal.trigger import pk_baer
    found: Callable[..., tuple[int, str]] = pk_baer
    return found


def _before(span: int, window: int) -> int:
    """Return how many samples of a span lie before its window."""
    return (span - 1) * window // 2
