"""Semblance of neighbouring traces along the local moveout that aligns them best."""

import numba
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.floating]
Scores = npt.NDArray[np.float32]

TRACES = 25  # of a window
SAMPLES = 17
MOVEOUTS = 21
SLOWEST_M_S = 1500.0  # apparent velocity along the line of the slowest waves that are looked for


def semblance(
    samples: Samples,
    interval_s: float,
    spacing_m: float,
    traces: int = TRACES,
    window: int = SAMPLES,
    slowness: npt.NDArray[np.float64] | None = None,
) -> Scores:
    """Return the largest semblance over slownesses along the line, (trace, sample) between 0 and 1.

    The ratio of the energy of the windows' mean trace to the mean energy of their traces (Taner and Koehler 1969;
    Neidell and Taner 1971): 1 for a plane wave of one of the slownesses, about 1 over the number of traces for
    noise. Windows hold `traces` and `window` samples, both odd, around the sample; at the edges there are fewer.
    Slownesses, in s/m, are by default 21 between those of waves of 1500 m/s along the line, up and down it.

    Parameters
    ----------
    samples : array (trace, sample)
        In any unit.
    interval_s : float
        Between samples, in s.
    spacing_m : float
        Between traces, in m.
    traces, window : int
        Of the window.
    slowness : array (slowness,), optional
        In s/m.

    Returns
    -------
    array of float32 (trace, sample)
        Between 0 and 1.
    """
    if slowness is None:
        slowness = np.linspace(-1, 1, MOVEOUTS) / SLOWEST_M_S
    steps = np.asarray(slowness, float) * spacing_m / interval_s
    values = np.ascontiguousarray(samples, np.float32)
    out = np.zeros(values.shape, np.float32)
    _best(values, steps, traces // 2, window // 2, out)
    return out


@numba.njit(cache=True, fastmath={"contract", "reassoc"})
def _best(samples: Scores, steps: npt.NDArray[np.float64], aside: int, around: int, out: Scores) -> None:
    """Keep the largest semblance; `steps` are samples of moveout per trace."""
    traces, length = samples.shape
    total, energy = np.empty(length, np.float32), np.empty(length, np.float32)
    for j in range(traces):
        first, end = max(j - aside, 0), min(j + aside + 1, traces)
        for step in steps:
            total[:] = 0.0
            energy[:] = 0.0
            for k in range(first, end):
                shift = step * (k - j)
                whole = int(np.floor(shift))
                share = np.float32(shift - whole)
                rest = np.float32(1.0) - share
                row = samples[k]
                # Outside the section samples count as zeros.
                for i in range(max(-whole, 0), min(length - whole - 1, length)):
                    value = row[i + whole] * rest + row[i + whole + 1] * share
                    total[i] += value
                    energy[i] += value * value
                edge = length - whole - 1
                if 0 <= edge < length:
                    value = row[length - 1] * rest
                    total[edge] += value
                    energy[edge] += value * value
            _keep_larger(total, energy, end - first, around, out[j])


@numba.njit(cache=True)
def _keep_larger(total: Scores, energy: Scores, number: int, around: int, out: Scores) -> None:
    length = len(total)
    above, below = 0.0, 0.0
    for i in range(-around, length):
        entering, leaving = i + around, i - around - 1
        if entering < length:
            above += float(total[entering]) ** 2
            below += float(energy[entering])
        if leaving >= 0:
            above -= float(total[leaving]) ** 2
            below -= float(energy[leaving])
        if i >= 0 and below > 1e-20:
            out[i] = max(out[i], np.float32(min(above / (number * below), 1.0)))
