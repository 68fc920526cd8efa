"""The ratio of a short-term to a long-term average, trace by trace."""

import numba
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.floating]
Scores = npt.NDArray[np.float32]

STA_SAMPLES, LTA_SAMPLES = 16, 256


def sta_lta(
    samples: Samples, interval_s: float, sta_s: float | None = None, lta_s: float | None = None
) -> Scores:
    """Return the classic ratio of average squares (Allen 1978; Withers et al. 1998), (trace, sample).

    The averages are over the last `sta_s` and `lta_s`, by default 16 and 256 samples, since intervals are chosen
    for the pulses that are expected. The long one takes what there is before it is full; before the short one is,
    and where a trace has been silent, the ratio is 0.

    Parameters
    ----------
    samples : array (trace, sample)
        In any unit.
    interval_s : float
        Between samples, in s.
    sta_s, lta_s : float, optional
        Lengths of the averages, in s.

    Returns
    -------
    array of float32 (trace, sample)
        The ratio, 0 and more.
    """
    sta = STA_SAMPLES if sta_s is None else max(round(sta_s / interval_s), 1)
    lta = LTA_SAMPLES if lta_s is None else max(round(lta_s / interval_s), sta + 1)
    return _ratios(np.ascontiguousarray(samples, np.float32), sta, lta)


@numba.njit(cache=True)
def _ratios(samples: Scores, sta: int, lta: int) -> Scores:
    out = np.zeros(samples.shape, np.float32)
    length = samples.shape[1]
    power = np.empty(length + 1)
    for j in range(samples.shape[0]):
        # One sum from the trace's start serves all windows; relative to the trace's power its error is 1e-13.
        power[0] = 0.0
        for i in range(length):
            power[i + 1] = power[i] + float(samples[j, i]) ** 2
        least = 1e-12 * power[length]
        for i in range(sta - 1, length):
            begin = max(i + 1 - lta, 0)
            long = power[i + 1] - power[begin]
            if long > least:
                short = power[i + 1] - power[i + 1 - sta]
                out[j, i] = short / sta / (long / (i + 1 - begin))
    return out
