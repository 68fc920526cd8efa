"""The share of each event's direct aftershocks in the cells around it, on the sphere.

Within `WINDOW_SHARE` of ETAS's spatial kernel P(r) = 1 − (1 + r²/D)^−ρ every cell of the grid has its share;
what lies farther is left to the caller. Kernels may be far smaller than a cell or far larger. Near the event
a share is an integral over the cell's boundary in the azimuth θ seen from the event,
∮ P(r) dθ / 2π (Green's theorem in geodesic polar coordinates), by Gauss–Legendre quadrature; farther out it is
the density at the cell's centre with the second-order term of the midpoint rule.
"""

import math
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.formats.catalogues.catalogue import Floats

Ints = npt.NDArray[np.int64]

WINDOW_SHARE = 0.99  # of the kernel that lies within an event's window
LARGEST_WINDOW_KM = 2000.0
_NEAR = 3.0  # cell sizes within which shares are integrated

_R = EARTH_RADIUS_KM
_COUNTS = (4, 8, 16, 32)
_RULES = [np.polynomial.legendre.leggauss(n) for n in _COUNTS]
_NODES, _WEIGHTS = np.zeros((4, 32)), np.zeros((4, 32))
for _i, (_x, _w) in enumerate(_RULES):
    _NODES[_i, : len(_x)], _WEIGHTS[_i, : len(_x)] = _x, _w


class WindowShares(NamedTuple):
    """Shares of events over cells: those of event i lie at first[i]…first[i + 1] in `column` and `share`."""

    first: Ints  # (event + 1,)
    column: npt.NDArray[np.int32]  # index among the columns of the grid's mask
    share: npt.NDArray[np.float32]


class WindowGrid(NamedTuple):
    """A grid of equal steps as the kernels take it; see `make_window_grid`."""

    west: float  # radians, as all angles here
    south: float
    width: float
    height: float
    n_lat: int
    n_lon: int
    wraps: bool
    column_of: npt.NDArray[np.int32]  # (lat × lon,) index among the mask's columns, −1 outside


def make_window_grid(grid: Grid) -> WindowGrid:
    """Return what `window_shares` needs of a grid."""
    _, n_lat, n_lon = grid.shape
    column_of = np.full(grid.mask.size, -1, np.int32)
    inside = np.flatnonzero(grid.mask)
    column_of[inside] = np.arange(len(inside))
    west, east = np.radians(grid.longitude_edges[[0, -1]])
    south, north = np.radians(grid.latitude_edges[[0, -1]])
    return WindowGrid(
        west, south, (east - west) / n_lon, (north - south) / n_lat, n_lat, n_lon, grid.wraps, column_of
    )


def window_km(zone_km2: npt.ArrayLike, rho: float) -> Floats:
    """Return the distance within which `WINDOW_SHARE` of the aftershocks lie, at most `LARGEST_WINDOW_KM`."""
    reach = np.sqrt(np.asarray(zone_km2, float) * ((1 - WINDOW_SHARE) ** (-1 / rho) - 1))
    return np.asarray(np.minimum(reach, LARGEST_WINDOW_KM))


def window_shares(
    cells: WindowGrid, longitude: Floats, latitude: Floats, zone_km2: Floats, rho: float
) -> WindowShares:
    """Return the shares of events (n,) in degrees, with zones D in km², over all cells their windows touch.

    Shares are those of the kernel and are not scaled up to 1.
    """
    lon, lat = np.radians(np.asarray(longitude, float)), np.radians(np.asarray(latitude, float))
    zone = np.asarray(zone_km2, float)
    reach = window_km(zone, rho) / _R
    first = np.zeros(len(lon) + 1, np.int64)
    _sizes(cells, lon, lat, reach, first[1:])
    np.cumsum(first, out=first)
    column, share = np.empty(first[-1], np.int32), np.empty(first[-1], np.float32)
    _fill(cells, lon, lat, reach, zone, rho, first, column, share)
    return WindowShares(first, column, share)


@numba.njit(cache=True, fastmath=True, inline="always")
def _rows(cells, lat, reach):
    """Return the first row that the window touches, and the one after the last."""
    low = math.floor((lat - reach - cells.south) / cells.height)
    high = math.floor((lat + reach - cells.south) / cells.height) + 1
    return max(low, 0), min(high, cells.n_lat)


@numba.njit(cache=True, fastmath=True, inline="always")
def _half_width(cells, row, lat, reach):
    """Return the largest difference in longitude at which the window touches a row, or −1."""
    south = cells.south + row * cells.height
    north = south + cells.height
    half_pi = math.pi / 2
    if lat + reach >= half_pi - 1e-12 and north > math.pi - lat - reach:
        return math.pi
    if lat - reach <= -half_pi + 1e-12 and south < -math.pi - lat + reach:
        return math.pi
    widest = -1.0
    # The circle is widest where its meridians touch it, else at one of the row's edges.
    touch = math.asin(min(max(math.sin(lat) / math.cos(reach), -1.0), 1.0))
    if south <= touch <= north and abs(lat) + reach < half_pi:
        return math.asin(min(math.sin(reach) / math.cos(lat), 1.0))
    # The window may also reach into the row between its edges, at its northern or southern tip.
    for edge in (south, north, min(max(lat, south), north)):
        below = math.cos(edge) * math.cos(lat)
        if below < 1e-15:
            return math.pi
        cosine = (math.cos(reach) - math.sin(edge) * math.sin(lat)) / below
        if cosine <= 1.0:
            widest = max(widest, math.acos(max(cosine, -1.0)))
    return widest


@numba.njit(cache=True, fastmath=True, inline="always")
def _columns(cells, row, lon, lat, reach):
    """Return the first column that the window touches and how many; the first may lie off the grid."""
    half = _half_width(cells, row, lat, reach)
    if half < 0:
        return 0, 0
    start = math.floor((lon - half - cells.west) / cells.width)
    stop = math.floor((lon + half - cells.west) / cells.width) + 1
    if cells.wraps:
        if stop - start >= cells.n_lon:
            # All around: begin opposite to the event, so that differences in longitude stay small.
            return math.floor((lon - cells.west) / cells.width) - cells.n_lon // 2, cells.n_lon
        return start, stop - start
    start, stop = max(start, 0), min(stop, cells.n_lon)
    return start, max(stop - start, 0)


@numba.njit(cache=True, fastmath=True, parallel=True)
def _sizes(cells, lon, lat, reach, sizes):
    """Write how many cells of the mask each event's window touches."""
    for event in numba.prange(len(lon)):
        count = 0
        low, high = _rows(cells, lat[event], reach[event])
        for row in range(low, high):
            start, length = _columns(cells, row, lon[event], lat[event], reach[event])
            for place in range(start, start + length):
                if cells.column_of[row * cells.n_lon + place % cells.n_lon] >= 0:
                    count += 1
        sizes[event] = count


@numba.njit(cache=True, fastmath=True, parallel=True)
def _fill(cells, lon, lat, reach, zone, rho, first, column, share):
    """Write every event's cells and shares."""
    for event in numba.prange(len(lon)):
        at = first[event]
        # Integrals along the northern sides of the cells of a row, which are the southern ones of the next:
        # by column, with the row they were taken for.
        northern, northern_row = np.empty(cells.n_lon), np.full(cells.n_lon, -2)
        low, high = _rows(cells, lat[event], reach[event])
        for row in range(low, high):
            start, length = _columns(cells, row, lon[event], lat[event], reach[event])
            # Of the last integrated cell, to share its eastern side: column and integral.
            last, side = start - 2, 0.0
            for place in range(start, start + length):
                cell = cells.column_of[row * cells.n_lon + place % cells.n_lon]
                if cell < 0:
                    continue
                value, near = _far_share(cells, row, place, lon[event], lat[event], zone[event], rho)
                if near:
                    south = cells.south + row * cells.height - lat[event]
                    west = cells.west + place * cells.width - lon[event]
                    north, east = south + cells.height, west + cells.width
                    if last != place - 1:
                        side = _meridian(west, south, north, lat[event], zone[event], rho)
                    value = side
                    side = _meridian(east, south, north, lat[event], zone[event], rho)
                    last = place
                    value -= side
                    shared = place % cells.n_lon
                    if northern_row[shared] == row - 1:
                        value -= northern[shared]
                    else:
                        value -= _parallel(south, west, east, lat[event], zone[event], rho)
                    northern[shared] = _parallel(north, west, east, lat[event], zone[event], rho)
                    northern_row[shared] = row
                    value += northern[shared]
                    value = max(value / (2 * math.pi), 0.0)
                column[at] = cell
                share[at] = value
                at += 1


@numba.njit(cache=True, fastmath=True, inline="always")
def _far_share(cells, row, place, lon, lat, zone, rho):
    """Return a cell's share by the midpoint rule, and whether the cell is too near for it."""
    centre = cells.south + (row + 0.5) * cells.height
    difference = cells.west + (place + 0.5) * cells.width - lon
    cosine, turn = math.cos(centre), math.sin(difference / 2) ** 2
    h = math.sin((centre - lat) / 2) ** 2 + math.cos(lat) * cosine * turn
    r2 = 4 * _R * _R * h * (1 + h / 3 + 8 * h * h / 45)
    q = r2 + zone
    a, b = cells.width * cosine * _R, cells.height * _R
    larger = max(a, b)
    if q < (_NEAR * larger) ** 2:
        return 0.0, True
    area = _R * _R * cells.width * 2 * cosine * math.sin(cells.height / 2)
    p = 1 + rho
    # A ring of the sphere is shorter than 2πr by sin(r/R)/(r/R).
    density = rho / math.pi * math.exp(rho * math.log(zone / q)) / q * (1 + 2 * h / 3)
    sine = math.sin(centre)
    # How far north of the event the cell lies, seen from the cell.
    y = _R * (math.sin(centre - lat) - 2 * math.cos(lat) * sine * turn)
    y2 = min(y * y, r2)
    bend = a * a * (4 * (p + 1) * (r2 - y2) / q - 2) + b * b * (4 * (p + 1) * y2 / q - 2)
    # Parallels curve, and a cell is wider at the side of the equator.
    bend += (4 * b * b - 2 * a * a) * y * sine / (cosine * _R)
    return density * area * (1 + p / (24 * q) * bend), False


@numba.njit(cache=True, fastmath=True, inline="always")
def _kernel(h, zone, rho):
    """Return P(r) / sin²(r/R), for h = sin²(r/2R)."""
    x = 4 * _R * _R * h * (1 + h / 3 + 8 * h * h / 45) / zone
    if x < 1e-8:
        return rho * _R * _R / zone
    return -math.expm1(-rho * math.log1p(x)) / (4 * h * (1 - h))


@numba.njit(cache=True, fastmath=True, inline="always")
def _rule(span):
    """Return which quadrature rule resolves an edge of this length, in units of the distance it bends at."""
    if span < 4.0:
        return 0 if span < 1.0 else 1
    return 2 if span < 8.0 else 3


@numba.njit(cache=True, fastmath=True)
def _meridian(difference, south, north, lat, zone, rho):
    """Return ∫ P dθ along a meridian, northward; latitudes are relative to the event's."""
    sine, cosine = math.sin(difference), math.cos(difference)
    across = sine * math.cos(lat)
    if across == 0.0:
        return 0.0
    # Nodes are dense around the foot of the perpendicular, on the scale on which P/r² changes.
    foot = math.atan2(math.sin(lat), math.cos(lat) * cosine) - lat
    scale = math.sqrt(across * across + zone / (_R * _R))
    v1, v2 = math.asinh((south - foot) / scale), math.asinh((north - foot) / scale)
    rule = _rule(v2 - v1)
    half_turn = math.sin(difference / 2) ** 2 * math.cos(lat)
    total = 0.0
    for node in range(_COUNTS[rule]):
        v = (v1 + v2) / 2 + (v2 - v1) / 2 * _NODES[rule, node]
        growth = math.exp(v)
        phi = foot + scale * (growth - 1 / growth) / 2
        h = math.sin(phi / 2) ** 2 + half_turn * math.cos(phi + lat)
        total += _WEIGHTS[rule, node] * _kernel(h, zone, rho) * (growth + 1 / growth) / 2
    return -across * scale * total * (v2 - v1) / 2


@numba.njit(cache=True, fastmath=True)
def _parallel(phi, west, east, lat, zone, rho):
    """Return ∫ P dθ along a parallel, eastward; positions are relative to the event's."""
    cosine = math.cos(phi + lat)
    if cosine < 1e-9:
        return 0.0  # a pole is a point
    away = math.sin(phi)
    scale = math.sqrt(away * away + zone / (_R * _R)) / cosine
    v1, v2 = math.asinh(west / scale), math.asinh(east / scale)
    rule = _rule(v2 - v1)
    cos_lat = math.cos(lat)
    level = math.sin(phi / 2) ** 2
    total = 0.0
    for node in range(_COUNTS[rule]):
        v = (v1 + v2) / 2 + (v2 - v1) / 2 * _NODES[rule, node]
        growth = math.exp(v)
        s = scale * (growth - 1 / growth) / 2
        turn = math.sin(s / 2) ** 2
        h = level + cos_lat * cosine * turn
        # sinφ cosφ₀ cosΔλ − cosφ sinφ₀, written so that it keeps its digits near the event.
        rate = away - 2 * math.sin(phi + lat) * cos_lat * turn
        total += _WEIGHTS[rule, node] * _kernel(h, zone, rho) * rate * (growth + 1 / growth) / 2
    return cosine * scale * total * (v2 - v1) / 2
