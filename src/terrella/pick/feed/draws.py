"""Random numbers that are a function of seed, epoch, sample and purpose alone, whatever the batch."""

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def draw(seed: int, epoch: int, indices: Indices, purpose: int, count: int) -> Floats:
    """Return numbers (sample, count), uniform in [0, 1): SplitMix64 (Steele et al. 2014) over a counter.

    Numbers of different `purpose` are independent; so are those of different seeds and epochs.
    """
    key = np.array([seed, epoch, purpose], np.int64).astype(np.uint64)
    state = np.zeros(1, np.uint64)
    for each in key:
        state = _mixed(state + _STEP + each)
    state = _mixed(state + (indices.astype(np.uint64) + np.uint64(1)) * _STEP)
    counters = np.arange(1, count + 1, dtype=np.uint64) * _STEP
    # The upper 53 bits are a float64's whole mantissa.
    return (_mixed(state[:, None] + counters) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
