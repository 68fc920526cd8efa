"""Events smoothed over the cells of a grid by Gaussians, at the cost of the cells that a kernel reaches."""

import math

import numba
import numpy as np

from terrella.earth.grid import Grid
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_KM_PER_DEGREE = math.radians(1) * EARTH_RADIUS_KM
_PARTS = 8  # of the events, each summed by itself: how many threads there are changes nothing
_REACH = 6.0  # standard deviations at which a kernel ends: 2e-9 of it lie beyond


def smoothed_counts(events: Catalogue, grid: Grid, width_km: Floats, weight: Floats) -> Floats:
    """Return the events' weights smoothed over the columns of a grid (column,).

    Each Gaussian of standard deviation `width_km` (event,) is integrated over the cells exactly on the plane
    that keeps north–south distances and, in each row, the row's own east–west distances. On a grid that wraps
    a kernel goes on across its edge.
    """
    total = _sums(
        np.asarray(events.longitude, float),
        np.asarray(events.latitude, float),
        np.asarray(width_km, float),
        np.asarray(weight, float),
        grid.longitude_edges,
        grid.latitude_edges,
        grid.wraps,
    )
    return np.asarray(total[grid.mask])


@numba.njit(cache=True, parallel=True)
def _sums(longitude, latitude, width, weight, longitude_edges, latitude_edges, wraps):
    n_lat, n_lon = len(latitude_edges) - 1, len(longitude_edges) - 1
    total = np.zeros((_PARTS, n_lat, n_lon))
    for part in numba.prange(_PARTS):
        for event in range(part, len(longitude), _PARTS):
            _add(
                total[part], longitude[event], latitude[event], width[event], weight[event],
                longitude_edges, latitude_edges, wraps,
            )  # fmt: skip
    return total.sum(0)


@numba.njit(cache=True)
def _add(total, longitude, latitude, width, weight, longitude_edges, latitude_edges, wraps):
    """Add one event's kernel to the map (latitude, longitude)."""
    n_lat, n_lon = total.shape
    height = (latitude_edges[-1] - latitude_edges[0]) / n_lat
    cell = (longitude_edges[-1] - longitude_edges[0]) / n_lon
    reach = _REACH * width / _KM_PER_DEGREE
    first = max(math.floor((latitude - reach - latitude_edges[0]) / height), 0)
    last = min(math.floor((latitude + reach - latitude_edges[0]) / height) + 1, n_lat)
    for row in range(first, last):
        south = (latitude_edges[row] - latitude) * _KM_PER_DEGREE / width
        north = (latitude_edges[row + 1] - latitude) * _KM_PER_DEGREE / width
        amount = weight * (_normal(north) - _normal(south))
        centre = (latitude_edges[row] + latitude_edges[row + 1]) / 2
        scale = _KM_PER_DEGREE * math.cos(math.radians(centre)) / width
        start = math.floor((longitude - _REACH / scale - longitude_edges[0]) / cell)
        stop = math.floor((longitude + _REACH / scale - longitude_edges[0]) / cell) + 1
        if not wraps:
            start, stop = max(start, 0), min(stop, n_lon)
        left = _normal((longitude_edges[0] + start * cell - longitude) * scale)
        for place in range(start, stop):
            right = _normal((longitude_edges[0] + (place + 1) * cell - longitude) * scale)
            # A kernel wider than the parallel is long meets itself: turns add up.
            total[row, place % n_lon] += amount * (right - left)
            left = right


@numba.njit(cache=True, inline="always")
def _normal(x):
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
