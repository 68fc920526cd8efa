"""What a known process expects on the cells of a grid, given the past: the ceiling for any forecast."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.errors import InputError
from terrella.forecast.etas.aligned_footprint import aligned_shares
from terrella.forecast.etas.progeny import background_weight, horizon_weight
from terrella.forecast.simulation.process import Process
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_AGES: Floats = np.geomspace(1e-5, 1e5, 400)
_LEVELS = 8  # branching ratios at which the weights are tabulated; linear between
_CHUNK = 1000  # events whose footprints are held at once


def expected_counts(
    process: Process,
    issue_days: Floats,
    horizon_days: float,
    catalogue: Catalogue,
    grid: Grid,
    epoch: np.datetime64,
) -> npt.NDArray[np.float32]:
    """Return the process's expected counts (issue time, cell) in the horizon after each issue time.

    `issue_days` are days since `epoch`; cells are those in the grid's mask, in order of depth, latitude and
    longitude. Events before an issue time trigger by their ellipses; so does the background, at its constant
    rate. Aftershocks of aftershocks are counted in the mean and in the cell of their first ancestor after the
    issue time, with that cell's branching ratio. Simulated depths are unknown, so all counts lie in the
    shallowest layer.

    Raises:
        InputError: where the issue times are no list of numbers.
    """
    issue = np.asarray(issue_days, float)
    if issue.ndim != 1 or not np.isfinite(issue).all():
        raise InputError(f"issue times must be a list of finite days; got an array of shape {issue.shape}")
    to_cells = _overlap(process.lattice, grid)
    map_branching = process.branching_ratio() * process.productivity_factor
    background = to_cells(process.background_per_day * _background_days(process, map_branching, horizon_days))
    branching = to_cells(map_branching) / np.maximum(to_cells(np.ones_like(map_branching)), 1e-12)
    # Outside the lattice the nearest of its cells holds.
    lon, lat = (x[grid.mask] for x in np.meshgrid(grid.longitudes, grid.latitudes))
    outside = to_cells(np.ones_like(map_branching)) < 1e-9
    branching[outside] = process.at(map_branching, lon, lat)[outside]
    counts = np.zeros((len(issue), grid.shape[0] * len(lon)), np.float32)
    counts[:, : len(lon)] = background
    if len(issue):
        _add_triggered(counts[:, : len(lon)], process, catalogue, grid, epoch, issue, horizon_days, branching)
    return counts


def _add_triggered(
    counts: npt.NDArray[np.float32],
    process: Process,
    catalogue: Catalogue,
    grid: Grid,
    epoch: np.datetime64,
    issue: Floats,
    horizon_days: float,
    branching: Floats,
) -> None:
    """Add the aftershocks of the catalogue's events to counts (issue time, column), in place."""
    levels, tables = _weight_tables(process, branching, horizon_days)
    # Each column mixes the two levels around its branching ratio.
    mixing = np.stack([np.interp(branching, levels, unit) for unit in np.eye(len(levels))]).astype(np.float32)
    days = catalogue.days_since(epoch)
    for start in range(0, int(np.searchsorted(days, issue.max())), _CHUNK):
        events = slice(start, start + _CHUNK)
        chosen = catalogue[events]
        lon, lat, magnitude = chosen.longitude, chosen.latitude, chosen.magnitude
        shares = aligned_shares(
            grid,
            lon,
            lat,
            process.etas.zone_km2(magnitude),
            process.at(process.strike_deg, lon, lat),
            process.aspect,
            process.etas.rho,
        )[:, grid.mask]
        shares *= process.productivity(magnitude, lon, lat)[:, None].astype(np.float32)
        age = issue[:, None] - days[events]
        position = np.log(np.clip(age, _AGES[0], _AGES[-1]) / _AGES[0]) / np.log(_AGES[1] / _AGES[0])
        left = np.minimum(position.astype(np.intp), len(_AGES) - 2)
        part = (position - left).astype(np.float32)
        seen = age > 0
        for table, mix in zip(tables, mixing, strict=True):
            columns = np.flatnonzero(mix)
            weights = np.where(seen, table[left] + part * (table[left + 1] - table[left]), np.float32(0))
            counts[:, columns] += (weights @ shares[:, columns]) * mix[columns]


def _weight_tables(
    process: Process, branching: Floats, horizon_days: float
) -> tuple[Floats, list[npt.NDArray[np.float32]]]:
    """Return branching ratios (level,) and the horizon's weights at the ages of the table for each."""
    low, high = branching.min(), branching.max()
    levels = np.linspace(low, high, _LEVELS) if high > low * (1 + 1e-9) else np.array([low])
    law = process.etas.time_cdf
    return levels, [horizon_weight(law, n, horizon_days, _AGES).astype(np.float32) for n in levels]


def _background_days(process: Process, branching: Floats, horizon_days: float) -> Floats:
    """Return the days' worth of background in a horizon, descendants included, for each branching ratio."""
    levels = np.linspace(branching.min(), branching.max(), _LEVELS)
    days = [background_weight(process.etas.time_cdf, n, horizon_days) for n in levels]
    return np.interp(branching, levels, days)


def _overlap(lattice: Grid, grid: Grid) -> Callable[[Floats], Floats]:
    """Return a function that adds up a map of the lattice over the columns of a grid, by overlap."""

    def shares(coarse: Floats, fine: Floats) -> Floats:
        low = np.maximum(coarse[:-1, None], fine[:-1])
        high = np.minimum(coarse[1:, None], fine[1:])
        return np.asarray(np.clip(high - low, 0, None) / np.diff(fine))

    rows = shares(grid.latitude_edges, lattice.latitude_edges)
    columns = shares(grid.longitude_edges, lattice.longitude_edges)

    def add_up(values: Floats) -> Floats:
        return np.asarray((rows @ values @ columns.T)[grid.mask])

    return add_up
