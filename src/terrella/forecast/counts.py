"""The number of events in a cell: a negative binomial distribution.

Earthquakes cluster, so counts vary more than a Poisson distribution allows (Kagan 2010). With mean μ and
dispersion α the variance is μ + αμ²; α → 0 is Poisson.
"""

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


def dispersion_of(
    log_mean: Tensor,
    log_dispersion: Tensor | float,
    slope: Tensor | float,
    log_spread: Tensor | float = 0.0,
) -> Tensor:
    """Return α = exp(log_dispersion + slope · log μ + log_spread), kept where the distribution is defined."""
    return torch.exp((log_dispersion + slope * log_mean + log_spread).clamp(-7, 7))
