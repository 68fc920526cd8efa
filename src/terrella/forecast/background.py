"""The background of ETAS as a map: events weighted by how likely they were not aftershocks.

Zhuang, Ogata & Vere-Jones (2002): each event counts with its background probability μ/λ and is smoothed by a
Gaussian kernel. A small uniform share keeps the map positive where nothing has happened yet.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from terrella.earth.sphere import EARTH_RADIUS_KM, unit_vectors
from terrella.formats.catalogue import Floats

_REACH = 5.0  # standard deviations at which a Gaussian kernel ends


@dataclass(frozen=True, eq=False)
class Background:
    """Smoothed events, as a density in events per day and km².

    density = uniform_rate + smoothed_rate · Σ wᵢ K(x − xᵢ) / Σ wᵢ, where `uniform_rate` is per day and km²
    and `smoothed_rate` per day, over the whole region.
    """

    longitude: Floats
    latitude: Floats
    weight: Floats
    bandwidth_km: float
    uniform_rate: float
    smoothed_rate: float

    def density(self, longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> Floats:
        """Return events per day and km² at points in degrees."""
        shape = smoothed_shape(
            self.longitude, self.latitude, self.weight, self.bandwidth_km, longitude, latitude
        )
        return self.uniform_rate + self.smoothed_rate * shape


def smoothed_shape(
    longitude: Floats,
    latitude: Floats,
    weight: Floats,
    bandwidth_km: float,
    at_longitude: npt.ArrayLike,
    at_latitude: npt.ArrayLike,
    leave_one_out: bool = False,
) -> Floats:
    """Return Σ wᵢ K(x − xᵢ) / Σ wᵢ in 1/km² at points in degrees, K a Gaussian of the given bandwidth.

    With `leave_one_out` the points are the events themselves, and none counts at its own place.
    """
    at_longitude, at_latitude = np.broadcast_arrays(
        np.asarray(at_longitude, float), np.asarray(at_latitude, float)
    )
    # Sources in order of their height above the equator's plane: those in reach lie side by side.
    sources = unit_vectors(longitude, latitude) * EARTH_RADIUS_KM
    order = np.argsort(sources[:, 2])
    points = unit_vectors(at_longitude.ravel(), at_latitude.ravel()) * EARTH_RADIUS_KM
    total = _gaussian_sums(sources[order], np.asarray(weight, float)[order], points, bandwidth_km)
    remaining = np.full(len(points), weight.sum())
    if leave_one_out:
        total, remaining = total - weight, remaining - weight
    shape = np.maximum(total, 0) / (2 * np.pi * bandwidth_km**2) / np.maximum(remaining, 1e-12)
    return shape.reshape(at_longitude.shape)


@numba.njit(cache=True, parallel=True)
def _gaussian_sums(sources, weight, points, bandwidth_km):
    """Return Σ wᵢ exp(−rᵢ²/2h²) at points (n, 3), over sources (m, 3) sorted by their third coordinate."""
    reach = _REACH * bandwidth_km
    total = np.zeros(len(points))
    height = sources[:, 2].copy()
    for j in numba.prange(len(points)):
        first = np.searchsorted(height, points[j, 2] - reach)
        last = np.searchsorted(height, points[j, 2] + reach)
        for i in range(first, last):
            x, y, z = sources[i, 0] - points[j, 0], sources[i, 1] - points[j, 1], sources[i, 2] - points[j, 2]
            r2 = x * x + y * y + z * z
            if r2 < reach * reach:
                total[j] += weight[i] * np.exp(-0.5 * r2 / (bandwidth_km * bandwidth_km))
    return total
