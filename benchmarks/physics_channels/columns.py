"""The columns of a grid as points, ordered so that those within reach of an event lie side by side."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.earth.sphere import EARTH_RADIUS_KM, unit_vectors
from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Floats


@dataclass(frozen=True, eq=False)
class Columns:
    """Centres of the cells inside a grid's mask, in the order of `np.flatnonzero(grid.mask)`: from south to north.

    `points_km` (column, 3) lie on the sphere, measured from the Earth's centre.
    """

    longitude: Floats
    latitude: Floats
    points_km: Floats
    area_km2: Floats

    def __len__(self) -> int:
        return len(self.longitude)


def make_columns(grid: Grid) -> Columns:
    """Return the columns of a grid."""
    row, column = np.nonzero(grid.mask)
    longitude, latitude = grid.longitudes[column], grid.latitudes[row]
    return Columns(
        longitude=longitude,
        latitude=latitude,
        points_km=points_km(longitude, latitude),
        area_km2=grid.area_km2[row, column],
    )


def points_km(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> Floats:
    """Return points on the sphere (n, 3) in km from the Earth's centre."""
    return np.ascontiguousarray(unit_vectors(longitude, latitude) * EARTH_RADIUS_KM)


def in_order(issue_days: npt.ArrayLike) -> Floats:
    """Return issue times as an array of days.

    Raises:
        InputError: where they are not one list of finite times in order.
    """
    days = np.asarray(issue_days, float)
    if days.ndim != 1 or not np.isfinite(days).all() or (np.diff(days) < 0).any():
        raise InputError("issue times must be one list of days in increasing order; sort them first")
    return days


@numba.njit(cache=True)
def band(points_km, height_km, reach_km):
    """Return the range of columns whose height above the equator's plane is within reach of a given one."""
    # The third coordinate of the columns grows with the row: a binary search in a strided column.
    return _first(points_km, height_km - reach_km), _first(points_km, height_km + reach_km + 1e-9)


@numba.njit(cache=True)
def _first(points_km, height_km):
    low, high = 0, len(points_km)
    while low < high:
        middle = (low + high) // 2
        if points_km[middle, 2] < height_km:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(cache=True, inline="always")
def squared_chord(points_km, column, point):
    """Return the squared straight distance in km² between a column and a point."""
    x, y, z = (
        points_km[column, 0] - point[0],
        points_km[column, 1] - point[1],
        points_km[column, 2] - point[2],
    )
    return x * x + y * y + z * z
