"""Small stores with known picks, for the tests of judging."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.pick.store import Store


def store_of(
    picks: npt.ArrayLike,
    lengths: npt.ArrayLike,
    phases: tuple[str, ...] = ("P", "S"),
    noise: np.ndarray | None = None,
    split: np.ndarray | None = None,
    rate_hz: float = 100.0,
    samples: np.ndarray | None = None,
    **columns: object,
) -> Store:
    """Return a store with these picks; without samples, of random noise."""
    lengths = np.asarray(lengths, np.int64)
    if samples is None:
        samples = np.random.default_rng(0).normal(size=3 * int(lengths.sum())).astype(np.float32)
    picks = np.asarray(picks, np.int32).reshape(len(lengths), len(phases))
    return Store(
        "made",
        samples,
        np.concatenate([[0], np.cumsum(3 * lengths)[:-1]]),
        lengths,
        np.ones((len(lengths), 3), bool),
        rate_hz,
        phases,
        picks,
        np.full(len(lengths), "test") if split is None else np.asarray(split),
        (picks < 0).all(1) if noise is None else noise,
        pd.DataFrame({"trace_name": [f"bucket0${i}" for i in range(len(lengths))], **columns}),
    )
