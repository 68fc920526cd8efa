"""A linear mixed-effects model: what one fits to a flatfile before anything else."""

from dataclasses import dataclass

import numpy as np

from terrella.motion.flatfile.table import Flatfile, Floats, numbered
from terrella.motion.models.variance import crossed

_H_KM = 5.0
_ROUNDS = 5


@dataclass(frozen=True, eq=False)
class Linear:
    """ln motion as a linear function of terms of magnitude, distance and site: coefficients (term, measure)."""

    coefficients: Floats

    def __call__(self, records: Flatfile) -> Floats:
        """Return ln motion (record, measure)."""
        return np.asarray(linear_terms(records) @ self.coefficients)


def linear_terms(records: Flatfile) -> Floats:
    """Return 1, M, M², ln R, M ln R, R, ln Vs30, normal, reverse, (record, term), with R = √(Rjb² + 5² km²)."""
    m = records.magnitude - 5
    r = np.sqrt(records.rjb_km**2 + _H_KM**2)
    columns = (
        np.ones_like(m), m, m**2, np.log(r), m * np.log(r), r / 100, np.log(records.vs30_m_s / 760),
        records.mechanism == 2, records.mechanism == 3,
    )  # fmt: skip
    return np.stack([np.asarray(each, float) for each in columns], 1)


def fit_linear(records: Flatfile, mixed: bool = True) -> Linear:
    """Return the fit by least squares; `mixed` takes out events' and stations' terms (Abrahamson & Youngs 1992)."""
    terms = linear_terms(records)
    event, station = numbered(records.event), numbered(records.station)
    found = np.zeros((terms.shape[1], len(records.measures)))
    for at, motion in enumerate(records.ln_motion.T):
        known = np.isfinite(motion)
        x, y, e, s = terms[known], motion[known], event[known], station[known]
        taken = np.zeros(len(y))
        for _ in range(_ROUNDS if mixed else 1):
            found[:, at] = np.linalg.lstsq(x, y - taken, rcond=None)[0]
            of_event, of_station, _ = crossed(y - x @ found[:, at], e, s)
            taken = of_event[e] + of_station[s]
    return Linear(found)
