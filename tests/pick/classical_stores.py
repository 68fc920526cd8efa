"""Stores with onsets that are known, for tests of classical methods."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.pick.picker import Windows
from terrella.pick.store import Store

RATE_HZ = 100.0


def store_of(traces: list[npt.NDArray[np.float64]], onsets: list[int] | None = None) -> Store:
    """Return a store of traces (3, sample), each with a P pick."""
    n = len(traces)
    length = np.array([t.shape[1] for t in traces], np.int64)
    picks = np.full(n, -1) if onsets is None else np.array(onsets)
    return Store(
        "made",
        np.concatenate([t.astype(np.float32).ravel() for t in traces]),
        np.concatenate([[0], np.cumsum(3 * length)[:-1]]).astype(np.int64),
        length,
        np.array([[bool(c.any()) for c in t] for t in traces]),
        RATE_HZ,
        ("P",),
        picks[:, None].astype(np.int32),
        np.full(n, "dev"),
        np.zeros(n, bool),
        pd.DataFrame({"trace_name": [str(i) for i in range(n)]}),
    )


def with_onsets(n: int, gain: float, seed: int, length: int = 9000) -> tuple[Store, npt.NDArray[np.int64]]:
    """Return traces whose noise grows by `gain` at a sample, on all components, and that sample."""
    random = np.random.default_rng(seed)
    onset = random.integers(3500, 5500, n)
    traces = []
    for at in onset:
        growth = 1 + (gain - 1) * (np.arange(length) >= at)
        traces.append(random.normal(size=(3, length)) * growth)
    return store_of(traces, list(onset)), onset


def windows_around(onset: npt.NDArray[np.int64], seed: int, length: int = 1000) -> Windows:
    """Return a window per trace that holds its onset somewhere."""
    start = onset - np.random.default_rng(seed).integers(200, length - 200, len(onset))
    return Windows(np.arange(len(onset)), start, start + length)
