"""The number of events in a cell: a negative binomial distribution, and its calibration.

Earthquakes cluster, so counts vary more than a Poisson distribution allows (Kagan 2010). With mean μ and
dispersion α the variance is μ + αμ²; α → 0 is Poisson.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def negative_log_likelihood(counts: Tensor, log_mean: Tensor, dispersion: Tensor) -> Tensor:
    """Return −log P(N = count) per cell; the three tensors broadcast, to one axis at least, α > 0."""
    mean = torch.exp(log_mean)
    growth = torch.log1p(dispersion * mean)
    loss = growth / dispersion
    # Γ functions only where something happened: few cells, and in double precision, since they nearly cancel.
    loss, counts, log_mean, dispersion, growth = torch.broadcast_tensors(
        loss, counts, log_mean, dispersion, growth
    )
    hit = counts.nonzero(as_tuple=True)
    n, size = counts[hit].double(), 1 / dispersion[hit].double()
    occurred = (
        n * (growth[hit] - log_mean[hit] + torch.log(size))
        - torch.lgamma(n + size)
        + torch.lgamma(size)
        + torch.lgamma(n + 1)
    )
    return loss.index_put(hit, occurred.to(loss.dtype), accumulate=True)


def occurrence_probability(mean: Tensor, dispersion: Tensor) -> Tensor:
    """Return P(N ≥ 1) = 1 − (1 + αμ)^(−1/α)."""
    return -torch.expm1(-torch.log1p(dispersion * mean) / dispersion)


@dataclass(frozen=True)
class Calibration:
    """What recalibration learned of a model's expected counts μ₀.

    log μ = intercept + slope · log μ₀, and log α = log_dispersion + dispersion_slope · log μ: a quiet cell's
    counts vary because they come in clusters (α ∝ 1/μ), an active one's because productivity does (α constant).
    """

    intercept: float = 0.0
    slope: float = 1.0
    log_dispersion: float = -7.0
    dispersion_slope: float = 0.0

    def log_mean(self, log_mean: Tensor) -> Tensor:
        """Return the recalibrated logarithm of the expected count."""
        return self.intercept + self.slope * log_mean

    def dispersion(self, log_mean: Tensor, log_spread: Tensor | float = 0.0) -> Tensor:
        """Return α for recalibrated logarithms of the expected count; `log_spread` adds to its logarithm."""
        return dispersion_of(log_mean, self.log_dispersion, self.dispersion_slope, log_spread)


def dispersion_of(
    log_mean: Tensor,
    log_dispersion: Tensor | float,
    slope: Tensor | float,
    log_spread: Tensor | float = 0.0,
) -> Tensor:
    """Return α = exp(log_dispersion + slope · log μ + log_spread), kept where the distribution is defined."""
    return torch.exp((log_dispersion + slope * log_mean + log_spread).clamp(-7, 7))


@torch.enable_grad()
def calibrate(
    log_mean: Tensor, counts: Tensor, weight: Tensor | None = None, log_spread: Tensor | None = None
) -> Calibration:
    """Return the calibration of largest likelihood for forecasts and what happened (any equal shapes).

    `weight` says for how many cells each stands; `log_spread` is a model's own change of the log dispersion.

    The same four numbers are fitted for every model, so that none gains from calibration alone. Few events
    cannot carry them all: with fewer than 20 the means stay and only a constant dispersion is fitted.
    """
    from scipy.optimize import minimize  # a forecast, which needs no fit, does not wait for its import

    n = counts.double().flatten()
    w = torch.ones_like(n) if weight is None else weight.double().flatten()
    spread = torch.zeros_like(n) if log_spread is None else log_spread.double().flatten()
    total = float((w * n).sum())
    # Centring separates intercepts from slopes, which a quasi-Newton search needs to converge.
    centre = float((log_mean.double().flatten() * n * w).sum() / total) if total else 0.0
    x = log_mean.double().flatten() - centre
    start = np.array([0.0, 1.0, 0.0, -0.3]) if total >= 20 else np.array([0.0, 1.0, 0.0, 0.0])
    free = np.ones(4) if total >= 20 else np.array([0.0, 0.0, 1.0, 0.0])

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = torch.tensor(start + free * (values - start), dtype=torch.float64, requires_grad=True)
        shift, slope, log_dispersion, dispersion_slope = parameters
        change = shift + slope * x
        dispersion = dispersion_of(change, log_dispersion, dispersion_slope, spread)
        loss = (w * negative_log_likelihood(n, centre + change, dispersion)).sum() / max(total, 1.0)
        loss.backward()
        assert parameters.grad is not None
        return float(loss.detach()), parameters.grad.numpy() * free

    bounds = [(-5.0, 5.0), (0.1, 3.0), (-7.0, 7.0), (-1.2, 0.5)]
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-10})
    shift, slope, log_dispersion, dispersion_slope = start + free * (found.x - start)
    return Calibration(
        intercept=float(centre + shift - slope * centre),
        slope=float(slope),
        log_dispersion=float(log_dispersion - dispersion_slope * centre),
        dispersion_slope=float(dispersion_slope),
    )
