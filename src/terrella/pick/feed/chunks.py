"""Windows of neighbouring traces as chunks, which are read at once where traces are streamed from disk.

The order of the windows follows the chunks wherever the traces lie, so that it is the same everywhere.
"""

import numba
import numpy as np
import numpy.typing as npt

from terrella.pick.feed.windows import Samples, Traces
from terrella.pick.networks.architecture import Architecture

CHUNK_BYTES = 1 << 20  # of the traces of a chunk, and of the windows cut from them
MIXED_CHUNKS = 128  # open at a time: they, and as many read ahead, fill the engine's 256 MiB


def window_borders(traces: Traces, per_trace: int, architecture: Architecture) -> Samples:
    """Return the first window of each chunk, and the number of windows, (chunk + 1,)."""
    item = np.array([store.samples.itemsize for store in traces.stores])
    stored = 3 * traces.length * item[traces.store]
    # Beside each window there is room for one of a second event.
    cut = 2 * 4 * len(architecture.components) * architecture.window
    each = np.maximum(stored / per_trace, cut)
    return _borders(np.repeat(each, per_trace), np.repeat(traces.store, per_trace), CHUNK_BYTES)


@numba.njit(cache=True)
def _borders(taken: npt.NDArray[np.float64], store: Samples, most: float) -> Samples:
    """Fill chunk after chunk with windows of one store."""
    borders = np.empty(len(taken) + 1, np.int64)
    chunks, filled = 0, 0.0
    for i in range(len(taken)):
        if i == 0 or store[i] != store[i - 1] or filled + taken[i] > most:
            borders[chunks] = i
            chunks, filled = chunks + 1, 0.0
        filled += taken[i]
    borders[chunks] = len(taken)
    return borders[: chunks + 1].copy()
