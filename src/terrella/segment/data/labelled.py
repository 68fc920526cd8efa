"""A section with its labels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LABELLED, UNLABELLED = 1, 255  # of a mask; 0 where there is nothing


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Onsets of waves: one entry per event, trace and phase.

    Parameters
    ----------
    event, trace : array of int64 (onset,)
        Number of the event in its section, and of the trace.
    phase : array of str (onset,)
        P or S.
    time_s : array (onset,)
        In s after the section's first sample.
    snr : array (onset,)
        Largest amplitude over the noise's standard deviation, of that trace.
    """

    event: npt.NDArray[np.int64]  # number of the event in its section
    trace: npt.NDArray[np.int64]
    phase: npt.NDArray[np.str_]  # "P" or "S"
    time_s: npt.NDArray[np.float64]  # after the section's first sample
    snr: npt.NDArray[np.float64]  # largest amplitude over the noise's standard deviation, of that trace


@dataclass(frozen=True, eq=False)
class LabelledSection:
    """Samples and, for each, whether it belongs to an arrival; sections of a group are split together.

    Parameters
    ----------
    samples : array of float32 (trace, sample) or (inline, crossline, sample)
        In any unit.
    mask : array of uint8, like samples
        1 from an onset to the end of its wavelet, 0 elsewhere, 255 where unlabelled.
    interval_s : float
        Between samples, in s.
    spacing_m : float
        Between traces, in m.
    arrivals : Arrivals, optional
        None for faults and horizons, which have no onsets.
    group : str
        The survey, or the event that the section holds.
    """

    samples: npt.NDArray[np.float32]  # (trace, sample), or (inline, crossline, sample)
    mask: npt.NDArray[np.uint8]  # like samples: 1 from an onset to the end of its wavelet; 255 unlabelled
    interval_s: float
    spacing_m: float
    arrivals: Arrivals | None  # None for faults and horizons, which have no onsets
    group: str  # the survey, or the event that the section holds
