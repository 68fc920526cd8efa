"""The background of ETAS as a map: events weighted by how likely they were not aftershocks.

Zhuang, Ogata & Vere-Jones (2002): each event counts with its background probability μ/λ and is smoothed by a
Gaussian kernel as wide as its neighbours are far. A small uniform share keeps the map positive where nothing
has happened yet.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from terrella.earth.sphere import EARTH_RADIUS_KM, unit_vectors
from terrella.formats.catalogues.catalogue import Floats

_REACH = 5.0  # standard deviations at which a Gaussian kernel ends
_NARROWEST_KM, _WIDEST_KM = 0.5, 100.0  # below, errors of location; above, the uniform share does as well
_NEAREST = 64  # neighbours that are looked at


@dataclass(frozen=True, eq=False)
class Background:
    """Smoothed events, as a density in events per day and km².

    density = uniform_rate + smoothed_rate · Σ wᵢ Kᵢ(x − xᵢ) / Σ wᵢ, where `uniform_rate` is per day and km²
    and `smoothed_rate` per day, over the whole region.
    """

    longitude: Floats
    latitude: Floats
    weight: Floats
    bandwidth_km: Floats
    uniform_rate: float
    smoothed_rate: float

    def density(self, longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> Floats:
        """Return events per day and km² at points in degrees."""
        shape = smoothed_shape(
            self.longitude, self.latitude, self.weight, self.bandwidth_km, longitude, latitude
        )
        return self.uniform_rate + self.smoothed_rate * shape


def neighbour_distances(longitude: Floats, latitude: Floats, weight: Floats, neighbours: float) -> Floats:
    """Return the distance in km within which each event's neighbours weigh `neighbours`: its bandwidth.

    It narrows where events are dense (Helmstetter, Kagan & Jackson 2007), between 0.5 and 100 km.
    """
    from scipy.spatial import cKDTree  # a forecast, which needs no fit, does not wait for its import

    points = unit_vectors(longitude, latitude) * EARTH_RADIUS_KM
    nearest = min(_NEAREST, len(points))
    if nearest < 2:
        return np.full(len(points), _WIDEST_KM)
    found_distance, found_neighbour = cKDTree(points).query(points, k=[*range(1, nearest + 1)])
    distance, neighbour = np.asarray(found_distance), np.asarray(found_neighbour)
    found = np.cumsum(weight[neighbour][:, 1:], axis=1) >= neighbours
    # Where even the farthest neighbour that was looked at is not enough, its distance is taken.
    which = np.where(found.any(1), found.argmax(1), nearest - 2) + 1
    reached = distance[np.arange(len(points)), which]
    return np.asarray(np.clip(reached, _NARROWEST_KM, _WIDEST_KM))


def smoothed_shape(
    longitude: Floats,
    latitude: Floats,
    weight: Floats,
    bandwidth_km: Floats,
    at_longitude: npt.ArrayLike,
    at_latitude: npt.ArrayLike,
    leave_one_out: bool = False,
) -> Floats:
    """Return Σ wᵢ Kᵢ(x − xᵢ) / Σ wᵢ in 1/km² at points in degrees, Kᵢ a Gaussian of the event's bandwidth.

    With `leave_one_out` the points are the events themselves, and none counts at its own place.
    """
    at_longitude, at_latitude = np.broadcast_arrays(
        np.asarray(at_longitude, float), np.asarray(at_latitude, float)
    )
    sources = unit_vectors(longitude, latitude) * EARTH_RADIUS_KM
    points = unit_vectors(at_longitude.ravel(), at_latitude.ravel()) * EARTH_RADIUS_KM
    peak = np.asarray(weight, float) / (2 * np.pi * bandwidth_km**2)
    total = np.zeros(len(points))
    # Kernels of about one width at a time, so that a few wide ones do not make all of them reach far.
    octave = np.floor(np.log2(bandwidth_km)).astype(int)
    # Sources in order of their height above the equator's plane: those in reach lie side by side.
    height = np.argsort(sources[:, 2])
    for each in np.unique(octave):
        chosen = height[octave[height] == each]
        total += _gaussian_sums(sources[chosen], peak[chosen], bandwidth_km[chosen], points)
    remaining = np.full(len(points), weight.sum())
    if leave_one_out:
        total, remaining = total - peak, remaining - weight
    shape = np.maximum(total, 0) / np.maximum(remaining, 1e-12)
    return np.asarray(shape.reshape(at_longitude.shape))


@numba.njit(cache=True, parallel=True)
def _gaussian_sums(sources, peak, bandwidth_km, points):
    """Return Σ pᵢ exp(−rᵢ²/2hᵢ²) at points (n, 3), over sources (m, 3) sorted by their third coordinate."""
    reach = _REACH * bandwidth_km.max()
    total = np.zeros(len(points))
    height = sources[:, 2].copy()
    for j in numba.prange(len(points)):
        first = np.searchsorted(height, points[j, 2] - reach)
        last = np.searchsorted(height, points[j, 2] + reach)
        for i in range(first, last):
            x, y, z = sources[i, 0] - points[j, 0], sources[i, 1] - points[j, 1], sources[i, 2] - points[j, 2]
            scaled = (x * x + y * y + z * z) / (bandwidth_km[i] * bandwidth_km[i])
            if scaled < _REACH * _REACH:
                total[j] += peak[i] * np.exp(-0.5 * scaled)
    return total
