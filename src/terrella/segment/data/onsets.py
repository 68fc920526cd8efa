"""Onsets of labels that someone drew: where each labelled patch begins on each trace."""

import numpy as np
import numpy.typing as npt

from terrella.segment.data.labelled import LABELLED, Arrivals, LabelledSection

Ints = npt.NDArray[np.int64]

_TOUCHING = np.ones((3, 3), int)  # corners too


def rising(marked: npt.NDArray[np.bool_], apart: int = 1) -> tuple[Ints, Ints]:
    """Return trace and sample of the first of every run of marked samples (trace, sample).

    Runs with fewer than `apart` unmarked samples between them are one.
    """
    position = np.where(marked, np.arange(marked.shape[1]), -apart - 1)
    before = np.full_like(position, -apart - 1)
    before[:, 1:] = np.maximum.accumulate(position, axis=1)[:, :-1]
    trace, sample = np.nonzero(marked & (position - before > apart))
    return trace, sample


def run_ends(marked: npt.NDArray[np.bool_], trace: Ints, sample: Ints) -> Ints:
    """Return for each marked sample the first one after its run, on its trace."""
    padded = np.concatenate([marked, np.zeros((len(marked), 1), bool)], axis=1)
    # The next unmarked sample at or after each one, found from the back.
    position = np.where(padded, padded.shape[1], np.arange(padded.shape[1]))
    following = np.minimum.accumulate(position[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(following[trace, sample], np.int64)


def arrivals_of_mask(section: LabelledSection) -> Arrivals:
    """Return the onsets of a mask (trace, sample): each connected patch of labels is one event, of no named phase.

    A signal-to-noise ratio is the largest amplitude of a run over the standard deviation of its trace's samples
    without a label.
    """
    from scipy.ndimage import label

    marked = section.mask == LABELLED
    component, _ = label(marked, _TOUCHING)
    trace, sample = rising(marked)
    end = run_ends(marked, trace, sample)
    quiet = np.where(section.mask == 0, section.samples, np.nan)
    noise = np.array([np.nanstd(row) if np.isfinite(row).any() else np.nan for row in quiet])
    peak = np.array(
        [
            np.abs(section.samples[t, a:b]).max(initial=0.0)
            for t, a, b in zip(trace.tolist(), sample.tolist(), end.tolist(), strict=True)
        ]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        snr = peak / noise[trace] if len(trace) else np.zeros(0)
    return Arrivals(
        event=component[trace, sample].astype(np.int64) - 1,
        trace=trace.astype(np.int64),
        phase=np.full(len(trace), "", "U1"),
        time_s=sample.astype(np.float64) * section.interval_s,
        snr=snr,
    )
