"""The share of an event's direct aftershocks in each cell of a grid where they align along a strike.

In the coordinates in which the ellipse of aftershocks is a circle, cells are parallelograms. Near the event
the kernel is integrated over a parallelogram as a sum over its edges: the share inside radius r,
F(r) = 1 − (1 + r²/D)^−ρ, integrated over the angle that an edge is seen under (Green's theorem). Far from it,
Gauss–Legendre points in the cell are enough.
"""

import math

import numba
import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.formats.catalogues.catalogue import Floats

_KM_PER_DEGREE = math.radians(1) * EARTH_RADIUS_KM
_EDGE_NODES, _EDGE_WEIGHTS = np.polynomial.legendre.leggauss(10)
# Gauss–Legendre points by distance: two of them in each direction are enough far away, three nearer by.
_NODES_2, _WEIGHTS_2 = np.polynomial.legendre.leggauss(2)
_NODES_3, _WEIGHTS_3 = np.polynomial.legendre.leggauss(3)


def aligned_shares(
    grid: Grid,
    longitude: Floats,
    latitude: Floats,
    zone_km2: Floats,
    strike_deg: Floats,
    aspect: float,
    rho: float,
) -> npt.NDArray[np.float32]:
    """Return the shares (event, lat, lon) of events (n,) in degrees with zones D in km² and strikes.

    The density is ρ D^ρ/π / (x²/aspect + y² aspect + D)^(1+ρ) at x km along and y km across the strike.
    """
    values = (longitude, latitude, zone_km2, np.radians(strike_deg))
    events = [np.ascontiguousarray(v, np.float64) for v in values]
    shares: npt.NDArray[np.float32] = _shares(
        *events,  # type: ignore[call-arg]
        grid.longitude_edges,
        grid.latitude_edges,
        math.sqrt(aspect),
        rho,
    )
    return shares


@numba.njit(parallel=True, cache=True, fastmath=True)
def _shares(longitude, latitude, zone, strike, longitude_edges, latitude_edges, stretch, rho):
    n_lat, n_lon = len(latitude_edges) - 1, len(longitude_edges) - 1
    shares = np.zeros((len(longitude), n_lat, n_lon), np.float32)
    for event in numba.prange(len(longitude)):
        s, c = math.sin(strike[event]), math.cos(strike[event])
        for row in range(n_lat):
            y1 = (latitude_edges[row] - latitude[event]) * _KM_PER_DEGREE
            y2 = (latitude_edges[row + 1] - latitude[event]) * _KM_PER_DEGREE
            middle = (latitude_edges[row] + latitude_edges[row + 1]) / 2
            parallel = _KM_PER_DEGREE * math.cos(math.radians(middle))
            for column in range(n_lon):
                x1 = (longitude_edges[column] - longitude[event]) * parallel
                x2 = (longitude_edges[column + 1] - longitude[event]) * parallel
                shares[event, row, column] = _cell_share(x1, x2, y1, y2, s, c, stretch, zone[event], rho)
    return shares


@numba.njit(cache=True, fastmath=True)
def _cell_share(x1, x2, y1, y2, s, c, stretch, zone, rho):
    """Return the share in the cell x1..x2 km east, y1..y2 km north of the event."""
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    u, v = (x * s + y * c) / stretch, (y * s - x * c) * stretch
    squared = u * u + v * v + zone
    half = stretch * max(x2 - x1, y2 - y1) / 2
    if squared < 9 * half * half:
        # Anticlockwise round the cell: the map to (u, v) keeps the sense.
        return (
            _edge(x1, y1, x2, y1, s, c, stretch, zone, rho)
            + _edge(x2, y1, x2, y2, s, c, stretch, zone, rho)
            + _edge(x2, y2, x1, y2, s, c, stretch, zone, rho)
            + _edge(x1, y2, x1, y1, s, c, stretch, zone, rho)
        )
    area = (x2 - x1) * (y2 - y1)
    if squared > 900 * half * half:
        return area * _density(x, y, s, c, stretch, zone, rho)
    nodes, weights = (_NODES_2, _WEIGHTS_2) if squared > 49 * half * half else (_NODES_3, _WEIGHTS_3)
    total = 0.0
    for i in range(len(nodes)):
        xi = x + nodes[i] * (x2 - x1) / 2
        for j in range(len(nodes)):
            yj = y + nodes[j] * (y2 - y1) / 2
            total += weights[i] * weights[j] * _density(xi, yj, s, c, stretch, zone, rho)
    return total / 4 * area


@numba.njit(cache=True, fastmath=True)
def _density(x, y, s, c, stretch, zone, rho):
    u, v = (x * s + y * c) / stretch, (y * s - x * c) * stretch
    # D^ρ/(r²+D)^(1+ρ) = (D/(r²+D))^(1+ρ)/D
    return rho / (math.pi * zone) * math.exp((1 + rho) * math.log(zone / (u * u + v * v + zone)))


@numba.njit(cache=True, fastmath=True)
def _edge(xa, ya, xb, yb, s, c, stretch, zone, rho):
    """Return (1/2π) ∫ F(r) dφ along an edge, φ its bearing as seen from the event."""
    ua, va = (xa * s + ya * c) / stretch, (ya * s - xa * c) * stretch
    ub, vb = (xb * s + yb * c) / stretch, (yb * s - xb * c) * stretch
    length = math.hypot(ub - ua, vb - va)
    eu, ev = (ub - ua) / length, (vb - va) / length
    start = ua * eu + va * ev
    offset = ua * ev - va * eu
    # dφ = offset dx / r² with r² = offset² + x²; F(r)/r² is smooth, on the scale of q = √(offset² + D).
    q = math.sqrt(offset * offset + zone)
    w1, w2 = math.asinh(start / q), math.asinh((start + length) / q)
    if w1 < 0 < w2:
        total = _edge_part(w1, 0.0, q, offset, zone, rho) + _edge_part(0.0, w2, q, offset, zone, rho)
    else:
        total = _edge_part(w1, w2, q, offset, zone, rho)
    return total * offset / (2 * math.pi)


@numba.njit(cache=True, fastmath=True)
def _edge_part(w1, w2, q, offset, zone, rho):
    total = 0.0
    for k in range(len(_EDGE_NODES)):
        w = (w1 + w2) / 2 + (w2 - w1) / 2 * _EDGE_NODES[k]
        up = math.exp(w)
        x = q * (up - 1 / up) / 2
        squared = offset * offset + x * x
        # F(r)/r²; expm1 and log1p keep its digits near the event.
        share = -math.expm1(-rho * math.log1p(squared / zone)) / max(squared, 1e-12 * zone)
        total += _EDGE_WEIGHTS[k] * share * q * (up + 1 / up) / 2
    return total * (w2 - w1) / 2
