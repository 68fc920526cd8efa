"""Weights and windows by a formula, the same in any Python, with which two versions of a network are compared."""

import numpy as np
import torch
from torch import Tensor


def uniform(count: int, stream: int) -> np.ndarray:
    """Return numbers in [0, 1) by hashing a counter (SplitMix64)."""
    with np.errstate(over="ignore"):
        state = (np.arange(count, dtype=np.uint64) + np.uint64(stream << 32)) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state >> np.uint64(40)).astype(np.float64) / 2.0**24


def filled(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors of the same names and shapes, weights scaled by what enters them, statistics not 0 and 1."""
    made = {}
    for stream, name in enumerate(
        sorted(name for name in state if not name.endswith("num_batches_tracked")), 1
    ):
        shape = state[name].shape
        values = uniform(state[name].numel(), stream).reshape(tuple(shape))
        if name.endswith(("running_var", "gamma")) or (len(shape) == 1 and name.endswith("weight")):
            values = 0.5 + values
        elif len(shape) == 1 or name.endswith("beta"):
            values = 0.4 * (values - 0.5)
        else:
            # What enters one output of a convolution or dense layer; for the rest any size will do.
            values = 2.5 * (values - 0.5) * np.sqrt(3 / (state[name].numel() / max(shape[0], 2)))
            values = values * 4 if name[-3:] in (".Wx", ".Wt", ".Wa") else values
        made[name] = torch.from_numpy(values.astype(np.float32))
    return made


def filled_windows(components: int, samples: int) -> Tensor:
    """Return three windows (3, component, sample) of at most 1: noise, and two with a wave that sets in."""
    noise = uniform(3 * components * samples, 1000).reshape(3, components, samples) - 0.5
    time = np.arange(samples)
    for window, onset in ((1, samples // 3), (2, samples // 2)):
        wave = np.where(time > onset, np.sin(0.3 * time) * np.exp(-(time - onset) / samples * 4), 0)
        noise[window] = 0.1 * noise[window] + wave
    return torch.from_numpy((noise / np.abs(noise).max((1, 2), keepdims=True)).astype(np.float32))
