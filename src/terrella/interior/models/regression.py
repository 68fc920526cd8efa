"""Regressions of temperature on what is seen: linear, quadratic, and linear about an adiabat."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from terrella.interior.tables.grid import Floats, Grid, Observed, adiabat

LINEAR, QUADRATIC, ADIABATIC = "linear", "quadratic", "adiabat + linear"


@dataclass(frozen=True, eq=False)
class Regression:
    """A least-squares fit with the standard deviation of its residuals in K, even at all pressures."""

    name: str
    coefficients: Floats  # (term,)
    deviation_k: float
    path: "Adiabat | None" = None

    def __call__(self, seen: Observed) -> Floats:
        """Return temperatures in K, (row,)."""
        start = 0.0 if self.path is None else self.path.at(seen.pressure_gpa)[:, 0]
        return np.asarray(start + terms(self.name, seen, self.path) @ self.coefficients)

    def cumulative(self, seen: Observed, edges: Floats) -> Floats:
        """Return cumulative probabilities at the edges, (row, edge): normal, cut off at the first and last."""
        found = ndtr((edges - self(seen)[:, None]) / self.deviation_k)
        found = found - found[:, :1]
        last = np.maximum(found[:, -1:], 1e-12)
        # All of a normal far outside lies at the nearer edge.
        return np.where(
            found[:, -1:] > 1e-12, found / last, np.where(self(seen)[:, None] < edges[0], 1.0, 0.0)
        )


@dataclass(frozen=True, eq=False)
class Adiabat:
    """Temperature in K and ln of vp, vs and density along an adiabat, (pressure, 4)."""

    pressure_gpa: Floats
    values: Floats

    def at(self, pressure_gpa: Floats) -> Floats:
        """Return the values (row, 4), linear between pressures."""
        return np.stack([np.interp(pressure_gpa, self.pressure_gpa, each) for each in self.values.T], 1)


def adiabat_of(grid: Grid) -> Adiabat | None:
    """Return the adiabat of the middle composition from the middle temperature on; None without entropy."""
    if grid.entropy is None:
        return None
    middle = len(grid.names) // 2
    temperature = adiabat(grid, float(np.mean(grid.temperature_k[[0, -1]])), middle)
    ln = [
        [np.interp(t, grid.temperature_k, grid.ln[middle, :, p, kind]) for kind in range(3)]
        for p, t in enumerate(temperature)
    ]
    return Adiabat(grid.pressure_gpa, np.column_stack([temperature, ln]))


def terms(name: str, seen: Observed, path: Adiabat | None) -> Floats:
    """Return the terms of a regression, (row, term)."""
    if path is not None:
        return np.column_stack([np.ones(len(seen)), seen.ln - path.at(seen.pressure_gpa)[:, 1:]])
    # About the upper mantle's values, so that squares are no larger than they must be.
    x = np.column_stack([seen.pressure_gpa / 10 - 1, 10 * (seen.ln - np.log([9000, 5000, 3600]))])
    columns = [np.ones(len(x)), *x.T]
    if name == QUADRATIC:
        columns += [x[:, i] * x[:, j] for i in range(4) for j in range(i, 4)]
    return np.stack(columns, 1)


def fit_regression(
    name: str, seen: Observed, temperature_k: Floats, path: Adiabat | None = None
) -> Regression:
    """Return the fit of temperatures (row,) in K to what is seen with its noise."""
    start = 0.0 if path is None else path.at(seen.pressure_gpa)[:, 0]
    matrix, target = terms(name, seen, path), temperature_k - start
    found = np.asarray(np.linalg.lstsq(matrix, target, rcond=None)[0], float)
    return Regression(name, found, float((target - matrix @ found).std()), path)


def fit_regressions(grid: Grid, seen: Observed, temperature_k: Floats) -> list[Regression]:
    """Return all regressions; that about an adiabat where the table has entropy."""
    path = adiabat_of(grid)
    found = [fit_regression(name, seen, temperature_k) for name in (LINEAR, QUADRATIC)]
    return found if path is None else [*found, fit_regression(ADIABATIC, seen, temperature_k, path)]
