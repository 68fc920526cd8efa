"""What the network stands beside: a local-magnitude relation, the time from P to S, a regression, the mean.

Each is fitted for every member, to the traces that member learned from, and gives a mean and a deviation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terrella.motion.single_station.prepared import Prepared, Scaling
from terrella.motion.single_station.traces import NEAREST_KM, SCALARS, Floats, Traces

NETWORK, REGRESSION, CLASSICAL, MEAN = "network", "linear regression", "S−P and ML", "mean"
KNOWN = "ML with known distance"  # knows what the others must tell: no choice of `predict`
CHOICE = (NETWORK, REGRESSION, CLASSICAL, MEAN)
MODELS = (*CHOICE, KNOWN)
CASES = ("with S picked", "without S")  # that choose a model each
_WOOD_ANDERSON = SCALARS.index("wood_anderson")


@dataclass(frozen=True, eq=False)
class Fitted:
    """Coefficients of all members.

    Parameters
    ----------
    regression : array (member, 1 + scalar, 2)
        Of magnitude and log₁₀ distance on the scaled scalars.
    relation : array (member, 4)
        s, a, b and c of M = s log₁₀ A + a log₁₀ R + b R + c, with R in km (Richter 1935; Hutton & Boore 1987); s is
        1 of local magnitudes, and less of moment magnitudes of small earthquakes.
    sp : array (member,)
        log₁₀ of the km that a second from P to S stands for.
    mean : array (member, 2)
        Mean targets.
    deviation : array (member, model, 2)
        Standard deviations of the residuals, by `MODELS` without the network; those of S−P where S is picked.
    """

    regression: Floats
    relation: Floats
    sp: Floats
    mean: Floats
    deviation: Floats


def fit_classical(given: Prepared) -> Fitted:
    """Fit all members' relations by least squares."""
    parts = []
    x = _design(given.traces, given.scaling)
    for own in given.folds.learned().T:
        traces, target = given.traces.rows(own), given.traces.targets()[own]
        # What does not vary has no slope: a ridge that nothing else feels.
        square = x[own].T @ x[own] + 1e-6 * own.sum() * np.eye(x.shape[1])
        regression = np.linalg.solve(square, x[own].T @ target)
        terms = _terms(traces, traces.distance_km)
        relation = np.asarray(np.linalg.lstsq(terms, traces.magnitude, rcond=None)[0], float)
        timed = np.isfinite(traces.sp_s)
        sp = (target[:, 1] - np.log10(np.where(timed, traces.sp_s, 1)))[timed].mean() if timed.any() else 0.0
        parts.append((regression, relation, np.asarray(sp), target.mean(0)))
    regression, relation, sp, mean = (np.stack(each) for each in zip(*parts, strict=True))
    blank = Fitted(regression, relation, sp, mean, np.ones((len(sp), len(MODELS) - 1, 2)))
    deviation = np.ones_like(blank.deviation)
    for member, own in enumerate(given.folds.learned().T):
        traces, target = given.traces.rows(own), given.traces.targets()[own]
        for k, name in enumerate(MODELS[1:]):
            found = means(name, blank, member, traces, given.scaling)
            used = np.isfinite(traces.sp_s) if name == CLASSICAL else np.ones(len(traces), bool)
            if used.any():
                deviation[member, k] = np.sqrt(np.maximum(((target - found)[used] ** 2).mean(0), 1e-8))
    return Fitted(regression, relation, sp, mean, deviation)


def means(name: str, fitted: Fitted, member: int, traces: Traces, scaling: Scaling) -> Floats:
    """Return a classical model's magnitudes and log₁₀ distances, (trace, 2).

    Traces without a pick of S have those of the regression in place of what S−P tells. With the distance known
    there is a magnitude alone: its distances are the given ones.
    """
    if name == MEAN:
        return np.broadcast_to(fitted.mean[member], (len(traces), 2)).copy()
    regressed = np.asarray(_design(traces, scaling) @ fitted.regression[member])
    if name == REGRESSION:
        return regressed
    if name == KNOWN:
        return _local(fitted, member, traces, traces.distance_km)
    km = 10 ** fitted.sp[member] * traces.sp_s
    return np.where(np.isfinite(traces.sp_s)[:, None], _local(fitted, member, traces, km), regressed)


def gaussians(
    names: Sequence[str], fitted: Fitted, member: int, traces: Traces, scaling: Scaling
) -> dict[str, Floats]:
    """Return means and deviations of classical models, (trace, 2, 2) each: quantity, and mean or deviation."""
    found = {}
    for name in names:
        mean = means(name, fitted, member, traces, scaling)
        own, regressed = (fitted.deviation[member, MODELS.index(each) - 1] for each in (name, REGRESSION))
        unpicked = ~np.isfinite(traces.sp_s)[:, None] & (name == CLASSICAL)
        found[name] = np.stack([mean, np.where(unpicked, regressed, np.broadcast_to(own, mean.shape))], -1)
    return found


def _design(traces: Traces, scaling: Scaling) -> Floats:
    return np.column_stack([np.ones(len(traces)), scaling.scalars(traces.scalars)])


def _terms(traces: Traces, km: Floats) -> Floats:
    return np.stack([traces.scalars[:, _WOOD_ANDERSON], np.log10(km), km, np.ones(len(km))], 1)


def _local(fitted: Fitted, member: int, traces: Traces, km: Floats) -> Floats:
    r = np.maximum(km, NEAREST_KM)
    return np.stack([_terms(traces, r) @ fitted.relation[member], np.log10(r)], 1)
