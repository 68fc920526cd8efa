"""Standard deviations between and within events by maximum likelihood (Abrahamson & Youngs 1992)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from terrella.motion.flatfile.table import Floats

_RATIOS = np.concatenate([[0.0], np.geomspace(1e-3, 30, 90)])  # of τ² to φ²
KNOTS = (4.5, 5.5)  # magnitudes between which τ and φ change, as in Boore et al. (2014)
_LEAST = 0.05
TAILS = 3.0  # degrees of freedom of the stations' terms: a few stations are far from all others


@dataclass(frozen=True, eq=False)
class Sums:
    """What the likelihood needs of each event: records, sum and sum of squares of residuals, each (event,)."""

    number: Floats
    total: Floats
    squares: Floats


def sums_by_event(residual: Floats, event: npt.NDArray[np.int64]) -> Sums:
    """Return the sums of residuals (record,) for events numbered from 0 on; NaN is no record."""
    known = np.isfinite(residual)
    r, e, n = residual[known], event[known], int(event.max()) + 1
    parts = (np.bincount(e, weights, n).astype(float) for weights in (None, r, r**2))
    return Sums(*parts)


def tau_phi(sums: Sums, draws: Floats) -> tuple[Floats, Floats]:
    """Return τ and φ of each resample (resample,), of residuals about zero, where `draws` is (resample, event).

    The likelihood of a nested model is a sum over events once τ²/φ² is known, and φ² then follows: the ratio is
    searched on a grid, and a parabola through the three best.
    """
    n, s, q = sums.number, sums.total, sums.squares
    quadratic = q[:, None] - _RATIOS * (s**2)[:, None] / (1 + n[:, None] * _RATIOS)
    records = (draws @ n)[:, None]
    phi2 = (draws @ quadratic) / np.maximum(records, 1)
    minus2 = records * np.log(np.maximum(phi2, 1e-12)) + draws @ np.log1p(n[:, None] * _RATIOS)
    best = minus2.argmin(1)
    row, inner = np.arange(len(draws)), np.clip(best, 1, len(_RATIOS) - 2)
    before, here, after = (minus2[row, inner + step] for step in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.where(bend > 0, 0.5 * (before - after) / np.where(bend > 0, bend, 1), 0)
    at = np.where(best == 0, 0.0, np.clip(inner + shift, 0, len(_RATIOS) - 1))
    ratio = np.interp(at, np.arange(len(_RATIOS)), _RATIOS)
    whole = np.array(
        [np.interp(x, np.arange(len(_RATIOS)), values) for x, values in zip(at, phi2, strict=True)]
    )
    return np.sqrt(ratio * whole), np.sqrt(whole)


def by_magnitude(residual: Floats, event: npt.NDArray[np.int64], magnitude: Floats) -> Floats:
    """Return τ and φ at M 4.5 or less and at M 5.5 or more, (2, 2): [[τ₁, τ₂], [φ₁, φ₂]], by maximum likelihood.

    Between them both are linear in magnitude. Where few events lie beyond a knot, the two are alike: a prior
    of 0.2 on ln of their ratio, and of 0.5 on their level about 0.4 and 0.6, is worth an event or so.
    """
    sums = sums_by_event(residual, event)
    n_events = len(sums.number)
    known = np.isfinite(residual)
    m = np.bincount(event[known], magnitude[known], n_events) / np.maximum(sums.number, 1)
    share = np.clip((m - KNOTS[0]) / (KNOTS[1] - KNOTS[0]), 0, 1)
    used = sums.number > 0
    n, s, q, share = sums.number[used], sums.total[used], sums.squares[used], share[used]
    both = sums_only = tau_phi(Sums(n, s, q), np.ones((1, len(n))))
    begin = np.log(np.maximum([both[0][0], both[0][0], sums_only[1][0], sums_only[1][0]], _LEAST))

    def minus_log(given: Floats) -> float:
        t2 = np.exp(2 * (given[0] * (1 - share) + given[1] * share))
        f2 = np.exp(2 * (given[2] * (1 - share) + given[3] * share))
        value = ((n - 1) * np.log(f2) + np.log(f2 + n * t2) + (q - t2 * s**2 / (f2 + n * t2)) / f2).sum() / 2
        prior = ((given[[0, 2]] - given[[1, 3]]) ** 2).sum() / (2 * 0.2**2)
        return float(value + prior + ((given - np.log([0.4, 0.4, 0.6, 0.6])) ** 2).sum() / (2 * 0.5**2))

    found = minimize(minus_log, begin, method="L-BFGS-B", bounds=[(np.log(_LEAST), np.log(5))] * 4)
    return np.exp(found.x).reshape(2, 2)


def at_magnitude(knots: Floats, magnitude: Floats) -> tuple[Floats, Floats]:
    """Return τ and φ (n,) at magnitudes (n,), from those at the knots: ln of each is linear between."""
    share = np.clip((magnitude - KNOTS[0]) / (KNOTS[1] - KNOTS[0]), 0, 1)
    tau, phi = (np.exp(np.log(pair[0]) * (1 - share) + np.log(pair[1]) * share) for pair in knots)
    return tau, phi


def crossed(
    residual: Floats, event: npt.NDArray[np.int64], station: npt.NDArray[np.int64], rounds: int = 30
) -> tuple[Floats, Floats, Floats]:
    """Return terms of events and stations, and τ, φ_S2S, φ_SS (3,), of residuals (record,) less their mean.

    Expectation–maximisation, each term's variance taken as if the others were known; stations have Student's t.
    """
    known = np.isfinite(residual)
    r, e, s = residual[known] - residual[known].mean(), event[known], station[known]
    of_event, of_station = np.zeros(int(event.max()) + 1), np.zeros(int(station.max()) + 1)
    n_e, n_s = np.bincount(e, minlength=len(of_event)), np.bincount(s, minlength=len(of_station))
    spread, weight = max(float(r.var()), 1e-4), np.ones(len(of_station))
    tau2 = s2s2 = ss2 = spread / 3
    for _ in range(rounds):
        of_event = np.bincount(e, r - of_station[s], len(of_event)) / (n_e + ss2 / tau2)
        of_station = np.bincount(s, r - of_event[e], len(of_station)) / (n_s + weight * ss2 / s2s2)
        within = r - of_event[e] - of_station[s]
        var_e, var_s = ss2 / (n_e + ss2 / tau2), ss2 / (n_s + weight * ss2 / s2s2)
        ss2 = max(
            float((within**2 + var_e[e] / np.maximum(n_e[e], 1) + var_s[s] / np.maximum(n_s[s], 1)).mean()),
            1e-4,
        )
        tau2 = max(float((of_event**2 + var_e)[n_e > 0].mean()), 1e-4)
        weight = (TAILS + 1) / (TAILS + (of_station**2 + var_s) / s2s2)
        s2s2 = max(float((weight * (of_station**2 + var_s))[n_s > 0].mean()), 1e-4)
    return of_event, of_station, np.sqrt([tau2, s2s2, ss2])
