"""Classical detectors in sections: they score every sample, and a threshold chosen elsewhere decides."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.floating]
Scores = npt.NDArray[np.float32]
Baseline = Callable[[Samples, float, float], Scores]


def _sta_lta(samples: Samples, interval_s: float, spacing_m: float) -> Scores:
    from terrella.segment.baselines.sta_lta import sta_lta

    # First differences take away noise of low frequency, as a high-pass filter does.
    return sta_lta(np.diff(samples, axis=-1, prepend=samples[..., :1]), interval_s)


def _semblance(samples: Samples, interval_s: float, spacing_m: float) -> Scores:
    from terrella.segment.baselines.semblance import semblance

    return semblance(samples, interval_s, spacing_m)


def _discontinuity(samples: Samples, interval_s: float, spacing_m: float) -> Scores:
    from terrella.segment.baselines.coherence import discontinuity

    return discontinuity(samples)


# Samples (trace, sample), the sampling interval and the spacing of the traces give scores of 0 and more of the same
# shape: the larger, the likelier an arrival.
BASELINES: Mapping[str, Baseline] = {"STA/LTA": _sta_lta, "semblance": _semblance}

# The same for faults, in images and volumes (inline, crossline, sample).
FAULT_BASELINES: Mapping[str, Baseline] = {"discontinuity": _discontinuity}
