"""Masks and lists of arrivals."""

import numba
import numpy as np
import numpy.typing as npt

from terrella.segment.data.labelled import Arrivals
from terrella.segment.synthetic.arriving import Arriving
from terrella.segment.synthetic.rays import Floats

Mask = npt.NDArray[np.uint8]

UNLABELLED = 255
STACKED = 5.0  # signal to noise in a stack of neighbours from which on an arrival is labelled
HIDDEN = 1.5  # below which nothing can be said to be there
NEIGHBOURS = 32  # on either side of a trace


def label(
    mask: Mask,
    events: list[list[Arriving]],
    deviation: Floats,
    dead: npt.NDArray[np.bool_],
    interval_s: float,
) -> Arrivals:
    """Write labels into zeros (trace, sample) and return the onsets that they start at.

    `deviation` (trace,) is the noise's. What counts is whether a stack of a trace and `NEIGHBOURS` on either side
    would show a wave: the root of the sum of squared signal to noise ratios, which is what the best weights reach.
    From `STACKED` on a wave is labelled 1, from `HIDDEN` on and on dead traces it is unlabelled, below that it is
    background. A phase's onset is that of its first labelled wave, direct or head.
    """
    columns: list[list[npt.NDArray[np.generic]]] = [[], [], [], [], []]
    for number, waves in enumerate(events):
        for phase in ("P", "S"):
            onset, snr = np.full((2, len(mask)), np.nan)
            for wave in waves:
                if wave.phase == phase:
                    labelled = _label_wave(mask, wave, deviation, dead, interval_s)
                    onset = np.fmin(onset, np.where(labelled, wave.onset_s, np.nan))
                    snr = np.fmax(snr, np.where(labelled, wave.peak / deviation, np.nan))
            trace = np.flatnonzero(onset >= 0)  # others began before the section, or are not labelled
            each = (np.full(len(trace), number), trace, np.full(len(trace), phase), onset[trace], snr[trace])
            for column, values in zip(columns, each, strict=True):
                column.append(values)
    joined = [np.concatenate(column) if column else np.empty(0) for column in columns]
    return Arrivals(
        event=joined[0].astype(np.int64),
        trace=joined[1].astype(np.int64),
        phase=joined[2].astype(np.str_),
        time_s=joined[3].astype(float),
        snr=joined[4].astype(float),
    )


def _label_wave(
    mask: Mask, wave: Arriving, deviation: Floats, dead: npt.NDArray[np.bool_], interval_s: float
) -> npt.NDArray[np.bool_]:
    """Write a wave's label; return on which traces it is labelled 1."""
    begin, end = np.ceil(wave.onset_s / interval_s), np.ceil((wave.onset_s + wave.duration_s) / interval_s)
    here = (end > 0) & (begin < mask.shape[1])  # false where NaN
    begin = np.where(here, np.clip(begin, 0, mask.shape[1]), 0).astype(np.int64)
    end = np.where(here, np.clip(end, 0, mask.shape[1]), 0).astype(np.int64)
    stacked = _stacked(np.where(here, wave.peak / deviation, 0.0))
    labelled = here & (stacked >= STACKED) & ~dead
    _write(mask, here & (stacked >= HIDDEN), begin, end, labelled)
    return np.asarray(labelled)


def _stacked(snr: Floats) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(snr**2)])
    at = np.arange(len(snr))
    upper = np.minimum(at + NEIGHBOURS + 1, len(snr))
    return np.sqrt(np.maximum(total[upper] - total[np.maximum(at - NEIGHBOURS, 0)], 0.0))


@numba.njit(cache=True)
def _write(
    mask: Mask, here: npt.NDArray[np.bool_], begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64],
    labelled: npt.NDArray[np.bool_],
) -> None:  # fmt: skip
    """Write 1 or 255 from begin to end; a label is never taken back."""
    for j in range(mask.shape[0]):
        if here[j]:
            for i in range(begin[j], end[j]):
                if labelled[j]:
                    mask[j, i] = 1
                elif mask[j, i] == 0:
                    mask[j, i] = UNLABELLED
