"""IBM floats as SEG-Y has them: a sign, seven bits of a power of 16, and a fraction of 24 bits."""

import numba
import numpy as np
import numpy.typing as npt

# (-1)^sign · 16^(exponent - 64) / 2^24, for each first byte.
_SCALES = np.array([(-1.0) ** (first >> 7) * 2.0 ** (4 * (first & 127) - 280) for first in range(256)])


def from_ibm(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """Return the numbers of words (trace, sample), normalised or not.

    What float32 cannot hold becomes infinite, or 0.
    """
    return _from_ibm(words, _SCALES)


@numba.njit(cache=True)
def _from_ibm(words: npt.NDArray[np.uint32], scales: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    out = np.empty(words.shape, np.float32)
    for row in range(words.shape[0]):
        for at in range(words.shape[1]):
            word = words[row, at]
            out[row, at] = np.float32(float(word & np.uint32(0xFFFFFF)) * scales[word >> np.uint32(24)])
    return out
