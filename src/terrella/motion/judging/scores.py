"""Scores of held-out residuals: RMS, τ, φ and σ by maximum likelihood, LLH, with intervals over whole events."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.engine.judge.bootstrap import Blocks, Interval, interval, label_blocks
from terrella.motion.flatfile.table import Flatfile, Floats, numbered
from terrella.motion.models.variance import at_magnitude, by_magnitude, sums_by_event, tau_phi

Numbers = npt.NDArray[np.int64]
UNITS = {
    "sigma": "ln units",
    "tau": "ln units",
    "phi": "ln units",
    "rms": "ln units",
    "bias": "ln units",
    "llh": "bits",
}


@dataclass(frozen=True, eq=False)
class Resampled:
    """Scores of one model and measure, for the data (first) and every resample, (1 + resample,) each."""

    sigma: Floats
    tau: Floats
    phi: Floats
    rms: Floats
    bias: Floats
    llh: Floats

    def intervals(self) -> dict[str, Interval]:
        """Return each score with its interval."""
        return {name: interval(getattr(self, name)) for name in UNITS}


def resampled(residual: Floats, llh: Floats, event: Numbers, blocks: Blocks) -> Resampled:
    """Return the scores of residuals (record,), with minus log₂ likelihoods (record,); NaN does not count.

    τ² + φ² = σ² are of residuals about zero: a model's bias counts as its error.
    """
    known = np.isfinite(residual)
    sums = sums_by_event(residual, event)
    tau, phi = tau_phi(sums, blocks.draws)
    number = np.maximum(blocks.draws @ sums.number, 1)
    of_event = np.bincount(event[known], llh[known], blocks.draws.shape[1])
    rms, bias = np.sqrt(blocks.draws @ sums.squares / number), blocks.draws @ sums.total / number
    return Resampled(np.hypot(tau, phi), tau, phi, rms, bias, blocks.draws @ of_event / number)


def blocks_of(records: Flatfile, resamples: int) -> Blocks:
    """Return draws of whole events."""
    return label_blocks(numbered(records.event), resamples, 0)


def minus_log2(residual: Floats, records: Flatfile, fold: Numbers) -> Floats:
    """Return minus log₂ of each residual's likelihood, (record,), with σ(M) by maximum likelihood of other folds.

    Scherbaum, Delavaud & Riggelsen (2009), equation 9: the mean is the LLH.
    """
    event = numbered(records.event)
    found = np.full(len(residual), np.nan)
    for number in np.unique(fold):
        own, others = fold == number, (fold != number) & np.isfinite(residual)
        if not others.any():
            others = np.isfinite(residual)
        knots = by_magnitude(residual[others], event[others], records.magnitude[others])
        sigma = np.hypot(*at_magnitude(knots, records.magnitude[own]))
        found[own] = (0.5 * (residual[own] / sigma) ** 2 + np.log(sigma * np.sqrt(2 * np.pi))) / np.log(2)
    return found


def sigma_by_fold(residual: Floats, records: Flatfile, fold: Numbers) -> Floats:
    """Return σ of the records of each fold of events, (fold,)."""
    event = numbered(records.event)
    found = []
    for number in np.unique(fold):
        own = np.where(fold == number, residual, np.nan)
        tau, phi = tau_phi(sums_by_event(own, event), np.ones((1, int(event.max()) + 1)))
        found.append(np.hypot(tau, phi)[0])
    return np.array(found)


def residuals(records: Flatfile, medians: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return ln motion less each model's median, (record, measure)."""
    return {name: records.ln_motion - each for name, each in medians.items()}
