"""Space–time ETAS: the model and its kernels (Ogata 1998), with a tapered Omori law (Mizrahi et al. 2021).

λ(t, x) = μ(x) + Σ k₀ e^{aΔm} · e^{−t/τ} (t + c)^{−(1+ω)} · (r² + d e^{γΔm})^{−(1+ρ)}

over the events before t, with Δm = m − mc: events per day and km², t in days, r in km. The parameters are
those of Mizrahi, Nandan & Wiemer (2021, doi 10.1785/0220200231).
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import exp1, gammaincc
from scipy.special import gamma as gamma_function

from terrella.forecast.etas.background import Background
from terrella.formats.catalogues.catalogue import Floats

EARTH_RADIUS_KM = 6378.1  # as in the parameters' published estimates


@dataclass(frozen=True, eq=False)
class ETAS:
    """An ETAS model; `background` is a map of events per day and km², or none where `mu` holds everywhere.

    λ(t, x) = μ(x) + Σ k₀ e^{aΔm} e^{−t/τ} (t + c)^{−(1+ω)} (r² + d e^{γΔm})^{−(1+ρ)}, the sum over the events
    before t, Δm their magnitude above `min_magnitude`: events per day and km² (Ogata 1998; Mizrahi, Nandan &
    Wiemer 2021).

    Parameters
    ----------
    mu : float
        Background, in events per day and km²; with a map, its mean over the region.
    k0, a : float
        Productivity, and its growth with magnitude.
    c_days, omega, tau_days : float
        Omori's law and its taper: c and τ in days.
    d_km2, gamma, rho : float
        Aftershock zone: d in km², its growth with magnitude, and how fast it thins out.
    min_magnitude : float
        Of the events that the model knows.
    beta : float
        b ln 10 of Gutenberg and Richter's law.
    background : Background, optional
        Map of the background, in events per day and km².
    """

    mu: float  # events per day and km²
    k0: float
    a: float
    c_days: float
    omega: float
    tau_days: float
    d_km2: float
    gamma: float
    rho: float
    min_magnitude: float
    beta: float
    background: Background | None = None

    def zone_km2(self, magnitude: npt.ArrayLike) -> Floats:
        """Return D = d e^{γΔm}, the square of the aftershock zone's size, in km²."""
        return np.asarray(self.d_km2 * np.exp(self.gamma * (np.asarray(magnitude) - self.min_magnitude)))

    def productivity(self, magnitude: npt.ArrayLike) -> Floats:
        """Return the expected number of direct aftershocks over all time and the whole plane."""
        number = self.k0 * np.exp(self.a * (np.asarray(magnitude) - self.min_magnitude))
        area = np.pi / self.rho * self.zone_km2(magnitude) ** -self.rho
        return np.asarray(number * area * self.time_integral())

    def time_integral(self, from_days: npt.ArrayLike = 0.0) -> Floats:
        """Return ∫ e^{−t/τ} (t + c)^{−(1+ω)} dt from given days to infinity."""
        c, tau, omega = self.c_days, self.tau_days, self.omega
        start = (np.asarray(from_days, float) + c) / tau
        return np.asarray(tau**-omega * np.exp(c / tau) * upper_gamma(-omega, start))

    def time_cdf(self, days: npt.ArrayLike) -> Floats:
        """Return the share of direct aftershocks within given days of their parent."""
        return 1 - self.time_integral(days) / self.time_integral()

    def branching_ratio(self, max_magnitude: float = 9.0) -> float:
        """Return the mean number of direct aftershocks per event, over all time and the whole plane.

        Magnitudes follow Gutenberg–Richter up to `max_magnitude`. Above 1 the process would explode in the
        long run; over a forecast's horizon it does not.
        """
        growth = self.beta - (self.a - self.rho * self.gamma)
        span = max_magnitude - self.min_magnitude
        # (1 − e^{−growth·span})/growth, also where productivity grows as fast as magnitudes thin out.
        mean = span if abs(growth) < 1e-9 else -np.expm1(-growth * span) / growth
        normal = -np.expm1(-self.beta * span)
        return float(self.productivity(self.min_magnitude) * self.beta * mean / normal)

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, for JSON; the background map goes its own way."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "background"}


def upper_gamma(a: float, x: npt.ArrayLike) -> Floats:
    """Return the upper incomplete gamma function Γ(a, x) for x > 0 and any a, negative ones by recurrence."""
    x = np.asarray(x, float)
    if abs(a) < 1e-8:
        return np.asarray(exp1(x))
    if a > 0:
        return np.asarray(gammaincc(a, x) * gamma_function(a))
    return np.asarray((upper_gamma(a + 1, x) - x**a * np.exp(-x)) / a)
