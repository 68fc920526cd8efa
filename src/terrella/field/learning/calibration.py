"""Predictive distributions that keep what they say: widths from errors at places and times that were held out."""

from dataclasses import dataclass

import numpy as np

from terrella.field.harmonics.schmidt import Floats
from terrella.field.learning.network import ALIKE

LEVELS = (0.5, 0.9)


@dataclass(frozen=True, eq=False)
class Issued:
    """Forecasts of changes in nT: the middle, a deviation, and half the width of 50 % and 90 % intervals.

    All are (pair, 3), the half widths (level, pair, 3).
    """

    change: Floats
    deviation: Floats
    half: Floats

    def rows(self, chosen: np.ndarray) -> "Issued":
        """Return some of the pairs."""
        return Issued(self.change[chosen], self.deviation[chosen], self.half[:, chosen])


def spread_of(errors: Floats, deviation: Floats) -> Floats:
    """Return by what a deviation is multiplied: for the deviation itself, and for half of each interval, (3, 3).

    Split conformal prediction (Vovk et al. 2005; Lei et al. 2018, section 2.2): quantiles of |error| / deviation by
    component, with the finite-sample correction of as many errors as tell independently, one in 30; the root
    mean square for the deviation.
    """
    ratio = np.abs(errors) / deviation
    corrected = [min(level * (1 + ALIKE / len(ratio)), 1.0) for level in LEVELS]
    quantiles = [np.quantile(ratio, level, axis=0) for level in corrected]
    return np.stack([np.sqrt((ratio**2).mean(axis=0)), *quantiles])


def issue(change: Floats, deviation: Floats, spread: Floats) -> Issued:
    """Return forecasts with the widths that `spread_of` found."""
    return Issued(change, deviation * spread[0], deviation * spread[1:, None])
