"""Traces with all that a training and its judging need of them."""

from dataclasses import dataclass

import numpy as np
import torch

from terrella.engine.feed import Batch
from terrella.motion.single_station.folds import Pairs
from terrella.motion.single_station.traces import Floats, Traces

_CLIP = 6.0  # deviations: beyond them a scalar is as far out as it can be


@dataclass(frozen=True, eq=False)
class Scaling:
    """Means and deviations of scalars and targets; what does not vary counts as its mean."""

    scalar_mean: Floats  # (scalar,)
    scalar_deviation: Floats
    target_mean: Floats  # (2,)
    target_deviation: Floats

    def scalars(self, raw: Floats) -> Floats:
        """Return scaled scalars, 0 where they are unknown."""
        return np.nan_to_num(np.clip((raw - self.scalar_mean) / self.scalar_deviation, -_CLIP, _CLIP))


@dataclass(frozen=True, eq=False)
class Prepared:
    """Traces with their folds and scaling."""

    traces: Traces
    folds: Pairs
    scaling: Scaling
    mark: str


def scaling_of(traces: Traces) -> Scaling:
    """Return means and deviations over traces."""
    known = np.isfinite(traces.scalars)
    number = np.maximum(known.sum(0), 1)
    mean = np.where(known, traces.scalars, 0).sum(0) / number
    spread = np.sqrt(np.where(known, (traces.scalars - mean) ** 2, 0).sum(0) / number)
    target = traces.targets()
    return Scaling(
        mean, np.where(spread > 1e-6, spread, 1.0), target.mean(0), np.maximum(target.std(0), 1e-6)
    )


def samples_of(given: Prepared) -> Batch:
    """Return the tensors (trace, …) that a training reads."""
    traces, scaling = given.traces, given.scaling
    y = (traces.targets() - scaling.target_mean) / scaling.target_deviation
    return {
        "window": torch.from_numpy(traces.window),
        "scalars": torch.as_tensor(scaling.scalars(traces.scalars), dtype=torch.float32),
        "y": torch.as_tensor(y, dtype=torch.float32),
        "learned": torch.as_tensor(given.folds.learned(), dtype=torch.float32),
    }
