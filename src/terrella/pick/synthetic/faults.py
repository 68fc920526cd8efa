"""What goes wrong at stations: gaps, spikes, clipping and dead channels."""

import numpy as np
import numpy.typing as npt

# Shares of the traces.
GAP, SPIKE, CLIPPED, DEAD = 0.02, 0.02, 0.015, 0.015
LARGEST_COUNT = 2.0**23  # of a digitiser of 24 bits
_LONGEST_GAP_S = 5.0


def spoil(counts: npt.NDArray[np.float32], rate_hz: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Spoil traces (trace, Z N E, sample) in place; return first and end of each trace's gap, (trace, 2)."""
    n, _, samples = counts.shape
    np.clip(counts, -LARGEST_COUNT, LARGEST_COUNT, out=counts)
    for trace in np.flatnonzero(rng.random(n) < CLIPPED):
        middle = np.median(counts[trace], axis=1, keepdims=True)
        limit = rng.uniform(0.1, 0.6) * np.abs(counts[trace] - middle).max()
        np.clip(counts[trace], middle - limit, middle + limit, out=counts[trace])
    for trace in np.flatnonzero(rng.random(n) < SPIKE):
        at = rng.integers(0, samples, rng.integers(1, 6))
        counts[trace, rng.integers(3), at] += rng.choice([-1, 1]) * 3 * np.abs(counts[trace]).max()
    for trace in np.flatnonzero(rng.random(n) < DEAD):
        counts[trace, rng.integers(1, 3)] = rng.integers(-50, 50)
    gaps = np.zeros((n, 2), np.int64)
    for trace in np.flatnonzero(rng.random(n) < GAP):
        first = rng.integers(0, samples)
        gaps[trace] = first, min(first + int(rng.uniform(0.2, _LONGEST_GAP_S) * rate_hz), samples)
        counts[trace, :, gaps[trace, 0] : gaps[trace, 1]] = 0
    return gaps
