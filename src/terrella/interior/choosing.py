"""All models of one table with their calibration, and the choice between them on the dev split."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from terrella.engine.judge.bootstrap import Interval, label_blocks
from terrella.engine.judge.comparing import choose as choose_by
from terrella.interior.learning.features import Scaling, features
from terrella.interior.learning.network import probabilities
from terrella.interior.learning.samples import Rocks
from terrella.interior.models.distribution import calibrated, calibration, crps, cumulated, share_below
from terrella.interior.models.inversion import invert
from terrella.interior.models.regression import Regression
from terrella.interior.tables.grid import Floats, Grid, Observed

NETWORK, INVERSION = "network", "table inversion"
_AT_ONCE = 16384
_RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Models:
    """What gives a distribution of temperature: the network, the table's inversion, regressions."""

    network: nn.Module
    scaling: Scaling
    grid: Grid
    edges: Floats
    regressions: tuple[Regression, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The network first."""
        return (NETWORK, INVERSION, *(each.name for each in self.regressions))

    def raw(self, name: str, seen: Observed) -> Floats:
        """Return cumulative probabilities at the edges before calibration, (row, edge)."""
        if name == NETWORK:
            return cumulated(self._probabilities(seen).sum(2))
        if name == INVERSION:
            return cumulated(invert(self.grid, self.edges, self.scaling.noise, seen).steps.astype(float))
        regression = next(each for each in self.regressions if each.name == name)
        return regression.cumulative(seen, self.edges)

    def compositions(self, name: str, seen: Observed) -> Floats | None:
        """Return probabilities of compositions (row, composition); None of a model that tells of none."""
        if name == NETWORK:
            return self._probabilities(seen).sum(1)
        if name == INVERSION:
            return invert(self.grid, self.edges, self.scaling.noise, seen).compositions.astype(float)
        return None

    @torch.no_grad()
    def _probabilities(self, seen: Observed) -> Floats:
        parts = []
        for n in range(0, len(seen), _AT_ONCE):
            x = features(seen.rows(slice(n, n + _AT_ONCE)), self.scaling)
            given = torch.as_tensor(x, dtype=torch.float32)
            parts.append(probabilities(self.network, given, len(self.grid.names)).numpy())
        return np.concatenate(parts).astype(float)


@dataclass(frozen=True, eq=False)
class Choice:
    """Which model predicts, its calibration and all others', and the network's gain over the best classical one."""

    trusted: str
    best: str  # of the classical ones
    gain_k: Interval
    stated: Mapping[str, Floats]  # of each model, see `distribution.calibration`


def choose(models: Models, dev: Rocks) -> Choice:
    """Return the choice by the CRPS on dev: the network where the interval of its gain lies above zero.

    Whole pressures are resampled.
    """
    blocks = label_blocks(dev.pressure, _RESAMPLES)
    rows = blocks.sums(np.ones(len(dev.seen)))
    stated, scores = {}, {}
    for name in models.names:
        raw = models.raw(name, dev.seen)
        stated[name] = calibration(share_below(raw, models.edges, dev.temperature_k))
        each = crps(calibrated(raw, stated[name]), models.edges, dev.temperature_k)
        scores[name] = blocks.sums(each) / rows
    return Choice(*choose_by(scores, NETWORK), stated)
