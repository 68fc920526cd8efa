"""How strong the core field and its secular variation are at each degree, and how fast they forget."""

import numpy as np

from terrella.field.harmonics.schmidt import Floats, degrees_orders

# Non-dipole spectrum at the surface, nT² (Langel & Estes 1982); τ = years / n (Lhuillier et al. 2011).
_POWER, _RATIO, _YEARS = 1.349e9, 0.270, 415.0


def deviations(n_max: int) -> tuple[Floats, Floats, Floats]:
    """Return deviations of a coefficient (nT), of its rate (nT/yr), and their ratio τ (yr), (coefficient,) each.

    Lhuillier, Fournier, Hulot & Aubert (2011), equation 3.
    """
    n = degrees_orders(n_max)[0]
    of_field = np.sqrt(_POWER * _RATIO**n / ((n + 1) * (2 * n + 1)))
    tau = _YEARS / n
    return of_field, of_field / tau, tau


def yearly_change(n_max: int) -> Floats:
    """Return the deviation of a rate's change in a year, nT/yr, (coefficient,).

    A process whose covariance is (1 + t/τ) exp(−t/τ), twice differentiable nowhere (Gillet et al. 2013,
    equation 15), has a rate driven by white noise of variance 4 σ²/τ³ a year.
    """
    of_field, _, tau = deviations(n_max)
    return np.asarray(2 * of_field / tau**1.5)
