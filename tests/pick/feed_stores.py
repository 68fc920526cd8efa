"""Small stores with known samples and picks."""

import numpy as np
import pandas as pd

from terrella.pick.store import Store

PHASES = ("P", "Pn", "S", "Lg")


def make_small_store(
    lengths, picks=None, seed=0, dtype=np.float32, name="small", split=None, rate_hz=100.0
) -> Store:
    """Noise of some traces; `picks` is (trace, 4) in the order of PHASES."""
    draws = np.random.default_rng(seed)
    lengths = np.asarray(lengths, np.int64)
    offset = np.concatenate([[0], np.cumsum(3 * lengths)])
    samples = draws.normal(3, 2, int(offset[-1])).astype(dtype)
    picks = np.full((len(lengths), 4), -1) if picks is None else np.asarray(picks)
    return Store(
        name=name,
        samples=samples,
        offset=offset[:-1],
        length=lengths,
        recorded=np.ones((len(lengths), 3), bool),
        rate_hz=rate_hz,
        phases=PHASES,
        picks=picks.astype(np.int32),
        split=np.full(len(lengths), "train") if split is None else np.asarray(split),
        noise=(picks < 0).all(1),
        table=pd.DataFrame({"trace_name": [f"t{k}" for k in range(len(lengths))]}),
    )


def make_events(number=24, length=4000, seed=0, amplitude=10.0, dev=4) -> Store:
    """Traces with bursts that begin at P (on Z) and S (on N and E), loud enough to be learned in a moment."""
    draws = np.random.default_rng(seed)
    p = draws.integers(length // 4, length // 2, number)
    s = p + draws.integers(150, 400, number)
    picks = np.stack([p, np.full(number, -1), s, np.full(number, -1)], 1)
    split = np.where(np.arange(number) < number - dev, "train", "dev")
    store = make_small_store([length] * number, picks, seed, split=split)
    waves = store.samples.reshape(number, 3, length)
    waves -= 3
    age = np.arange(length) - np.stack([p, s, s], 1)[:, :, None]
    burst = np.where(age >= 0, np.exp(-np.maximum(age, 0) / 300), 0) * np.sin(age / 4)
    waves += (2 * amplitude * burst).astype(np.float32)
    return store
