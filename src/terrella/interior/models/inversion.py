"""Inversion of a table: every temperature and composition weighed by how well it explains what is seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.interior.tables.grid import Floats, Grid, Observed, between, steps_at

_AT_ONCE = 1024
# Where between two of its pressures a table's minerals change is not known: half a step to both sides is tried.
_SHIFTS = (-0.5, -0.25, 0.0, 0.25, 0.5)
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Inverted:
    """Weights of the steps (row, step), of the compositions (row, composition), and the least misfit, χ² (row,)."""

    steps: Singles
    compositions: Singles
    misfit: Singles


def invert(grid: Grid, edges: Floats, noise: Floats, seen: Observed) -> Inverted:
    """Return the posterior of temperature and composition, all of a table's alike before.

    Bayes's rule on a grid search (Tarantola 2005, section 1.5), with Gaussian errors of ln vp, ln vs and ln density
    of standard deviations `noise` (3,), the table linear between its pressures and temperatures, and each pressure
    known to half a step of the table.
    """
    t, share = between(grid.temperature_k, edges)
    share = share[:, None, None]
    fine = (1 - share) * grid.ln[:, t] + share * grid.ln[:, t + 1]
    origin = fine.mean((0, 1, 2))
    # In standard errors, of which single precision is a thousandth: (pressure, 3, composition · edge).
    scaled = np.moveaxis((fine - origin) / noise, 2, 0).reshape(len(grid.pressure_gpa), -1, 3)
    table = np.ascontiguousarray(np.moveaxis(scaled, 2, 1), np.float32)
    data = ((seen.ln - origin) / noise).astype(np.float32)
    shifts = np.multiply.outer(_SHIFTS, steps_at(grid.pressure_gpa, seen.pressure_gpa))
    shape = (len(grid.names), len(edges))
    parts = []
    for n in range(0, len(seen), _AT_ONCE):
        rows = slice(n, n + _AT_ONCE)
        tried = [
            _misfit(table, grid.pressure_gpa, seen.pressure_gpa[rows] + shift[rows], data[rows])
            for shift in shifts
        ]
        parts.append(_weights(tried, shape))
    return Inverted(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _misfit(table: Singles, axis: Floats, pressure: Floats, data: Singles) -> Singles:
    """Return χ² of every composition and edge, (row, composition · edge)."""
    left, way = between(axis, pressure)
    share = way.astype(np.float32)[:, None]
    misfit: Singles = np.zeros((len(data), table.shape[2]), np.float32)
    for kind in range(3):
        low = table[left, kind]
        misfit += (data[:, kind, None] - low - share * (table[left + 1, kind] - low)) ** 2
    return misfit


def _weights(tried: list[Singles], shape: tuple[int, int]) -> tuple[Singles, Singles, Singles]:
    least = np.min([misfit.min(1) for misfit in tried], axis=0)
    summed = sum(np.exp((least[:, None] - misfit) / 2) for misfit in tried)
    density = np.asarray(summed, np.float32).reshape(-1, *shape)
    steps = (density[..., 1:] + density[..., :-1]) / 2
    return steps.sum(1), steps.sum(2) / steps.sum((1, 2))[:, None], least
