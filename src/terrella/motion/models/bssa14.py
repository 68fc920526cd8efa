"""The ground-motion model of Boore, Stewart, Seyhan & Atkinson (2014) for shallow crust, global, no basin."""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from terrella.motion.flatfile.measures import period_of
from terrella.motion.flatfile.table import Flatfile, Floats

# Constants of the paper's tables that are the same at every period.
_M_REF, _R_REF, _V_REF = 4.5, 1.0, 760.0
_F1, _F3 = 0.0, 0.1
_V1, _V2 = 225.0, 300.0
RANGES = {"magnitude": (3.0, 8.5), "rjb_km": (0.0, 400.0), "vs30_m_s": (150.0, 1500.0)}  # of its data

Coefficients = dict[str, Any]


def covers(measure: str) -> bool:
    """Return whether a measure is one of the model's: SA of 0.01 to 10 s, PGA and PGV."""
    period = period_of(measure)
    return period is None or bool(
        _table()[1][2:, 0].min() - 1e-9 <= period <= _table()[1][2:, 0].max() + 1e-9
    )


def median(records: Flatfile, measures: tuple[str, ...]) -> Floats:
    """Return ln of the median motion in g, of PGV in cm/s, (record, measure): equation 1.

    Boore et al. (2014), equations 2–4 (source and path) and 5–8 (site), with the revised coefficients of July 2014.
    """
    reference = _source_and_path(records, coefficients("PGA"))
    found = [
        _source_and_path(records, c) + _site(records.vs30_m_s, reference, c)
        for c in map(coefficients, measures)
    ]
    return np.stack(found, 1)


def deviations(records: Flatfile, measures: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Return the standard deviations τ between and φ within events, each (record, measure): equations 13–17."""
    tau, phi = [], []
    m = np.clip(records.magnitude, 4.5, 5.5) - 4.5
    for c in map(coefficients, measures):
        tau.append(c["tau_1"] + (c["tau_2"] - c["tau_1"]) * m)
        far = np.log(np.maximum(records.rjb_km, 0.1) / c["R_1"]) / np.log(c["R_2"] / c["R_1"])
        soft = np.log(_V2 / records.vs30_m_s) / np.log(_V2 / _V1)
        own = c["phi_1"] + (c["phi_2"] - c["phi_1"]) * m
        phi.append(own + c["dphi_R"] * np.clip(far, 0, 1) - c["dphi_V"] * np.clip(soft, 0, 1))
    return np.stack(tau, 1), np.stack(phi, 1)


@cache
def coefficients(measure: str) -> Coefficients:
    """Return the coefficients of a measure; between tabled periods they are linear in ln T."""
    names, table = _table()
    period = period_of(measure)
    if period is None:
        row = table[0 if measure == "PGV" else 1]
    else:
        periods = np.log(table[2:, 0])
        row = np.array([np.interp(np.log(period), periods, column) for column in table[2:].T])
    return dict(zip(names, map(float, row), strict=True))


def _source_and_path(records: Flatfile, c: Coefficients) -> Floats:
    m = records.magnitude
    above = m - c["M_h"]
    source = np.array([c["e_0"], c["e_1"], c["e_2"], c["e_3"]])[records.mechanism]
    source = source + np.where(above <= 0, c["e_4"] * above + c["e_5"] * above**2, c["e_6"] * above)
    r = np.sqrt(records.rjb_km**2 + c["h"] ** 2)
    return np.asarray(
        source + (c["c_1"] + c["c_2"] * (m - _M_REF)) * np.log(r / _R_REF) + c["c_3"] * (r - _R_REF)
    )


def _site(vs30_m_s: Floats, ln_pga_reference: Floats, c: Coefficients) -> Floats:
    linear = c["c"] * np.log(np.minimum(vs30_m_s, c["V_c"]) / _V_REF)
    slow = np.exp(c["f_5"] * (np.minimum(vs30_m_s, 760) - 360)) - np.exp(c["f_5"] * (760 - 360))
    return np.asarray(linear + _F1 + c["f_4"] * slow * np.log((np.exp(ln_pga_reference) + _F3) / _F3))


@cache
def _table() -> tuple[list[str], Floats]:
    with (Path(__file__).parent / "bssa14.csv").open(encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    return names, np.array(rows, float)
