"""The share of each event's direct aftershocks in the cells around it, on the sphere.

Of ETAS's spatial kernel P(r) = 1 − (1 + r²/D)^−ρ every cell within an event's reach has its share; what lies
farther is left to the caller. Kernels may be far smaller than a cell or far larger. Near the event
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
from terrella.forecast.etas.model import ETAS
from terrella.forecast.etas.vector_math import exp, log, sin
from terrella.formats.catalogues.catalogue import Floats

Ints = npt.NDArray[np.int64]

WINDOW_SHARE = 0.99  # of the kernel that lies within an event's window, or more
# Where a window ends an event adds so little to the background of quiet places that no map shows an edge: a
# twentieth of the background's uniform part, or of a tenth of its mean where that is more.
_FAINT, _QUIET = 0.05, 0.1
_FARTHEST_KM = math.pi * EARTH_RADIUS_KM
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
    latitude: Floats  # (lat,) of the rows' middles
    sines: Floats  # (lon, 2): sine and cosine of the columns' middles
    column_of: npt.NDArray[np.int32]  # (lat × lon,) index among the mask's columns, −1 outside


def make_window_grid(grid: Grid) -> WindowGrid:
    """Return what `window_shares` needs of a grid."""
    _, n_lat, n_lon = grid.shape
    column_of = np.full(grid.mask.size, -1, np.int32)
    inside = np.flatnonzero(grid.mask)
    column_of[inside] = np.arange(len(inside))
    west, east = np.radians(grid.longitude_edges[[0, -1]])
    south, north = np.radians(grid.latitude_edges[[0, -1]])
    width, height = (east - west) / n_lon, (north - south) / n_lat
    longitude = west + (np.arange(n_lon) + 0.5) * width
    return WindowGrid(
        west=west,
        south=south,
        width=width,
        height=height,
        n_lat=n_lat,
        n_lon=n_lon,
        wraps=grid.wraps,
        latitude=south + (np.arange(n_lat) + 0.5) * height,
        sines=np.stack([np.sin(longitude), np.cos(longitude)], axis=1),
        column_of=column_of,
    )


def share_km(zone_km2: npt.ArrayLike, rho: float) -> Floats:
    """Return the distance within which `WINDOW_SHARE` of the aftershocks lie."""
    reach = np.sqrt(np.asarray(zone_km2, float) * ((1 - WINDOW_SHARE) ** (-1 / rho) - 1))
    return np.asarray(np.minimum(reach, _FARTHEST_KM))


def reach_km(etas: ETAS, magnitude: npt.ArrayLike) -> Floats:
    """Return the distance from which on an event's direct aftershocks no longer show beside the background.

    Of its first day, that is; it is `share_km` or more.
    """
    zone, rho = etas.zone_km2(magnitude), etas.rho
    per_day = etas.productivity(magnitude) * float(etas.time_cdf(1.0))
    uniform = etas.mu if etas.background is None else etas.background.uniform_rate
    faint = _FAINT * max(uniform, _QUIET * etas.mu, 1e-300)
    # n ρ/π D^ρ (r² + D)^−(1 + ρ) = faint
    squared = (per_day * rho / math.pi * zone**rho / faint) ** (1 / (1 + rho)) - zone
    return np.clip(np.sqrt(np.maximum(squared, 0)), share_km(zone, rho), _FARTHEST_KM)


def window_shares(
    cells: WindowGrid, longitude: Floats, latitude: Floats, zone_km2: Floats, rho: float, reach_km: Floats
) -> WindowShares:
    """Return the shares of events (n,) in degrees, with zones D in km², over all cells within their reach.

    Shares are those of the kernel and are not scaled up to 1.
    """
    lon, lat = np.radians(np.asarray(longitude, float)), np.radians(np.asarray(latitude, float))
    zone, reach = np.asarray(zone_km2, float), np.asarray(reach_km, float) / _R
    first = np.zeros(len(lon) + 1, np.int64)
    _sizes(cells, lon, lat, reach, first[1:])
    np.cumsum(first, out=first)
    column, share = np.empty(first[-1], np.int32), np.empty(first[-1], np.float32)
    _fill(cells, lon, lat, reach, zone, rho, first, column, share)
    return WindowShares(first, column, share)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _rows(cells, lat, reach):
    """Return the first row that the window touches, and the one after the last."""
    low = math.floor((lat - reach - cells.south) / cells.height)
    high = math.floor((lat + reach - cells.south) / cells.height) + 1
    return max(low, 0), min(high, cells.n_lat)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
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


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
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


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
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


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def _fill(cells, lon, lat, reach, zone, rho, first, column, share):
    """Write every event's cells and shares."""
    for event in numba.prange(len(lon)):
        at = first[event]
        sine_lon, cosine_lon, cosine_lat = math.sin(lon[event]), math.cos(lon[event]), math.cos(lat[event])
        # Integrals along the northern sides of the cells of a row, which are the southern ones of the next:
        # by column, with the row they were taken for.
        northern, northern_row = np.empty(cells.n_lon), np.full(cells.n_lon, -2)
        low, high = _rows(cells, lat[event], reach[event])
        for row in range(low, high):
            start, length = _columns(cells, row, lon[event], lat[event], reach[event])
            here = _row(cells, row, lat[event], cosine_lat)
            # Of the last integrated cell, to share its eastern side: column and integral.
            last, side = start - 2, 0.0
            for place in range(start, start + length):
                shared = place % cells.n_lon
                cell = cells.column_of[row * cells.n_lon + shared]
                if cell < 0:
                    continue
                turn = cells.sines[shared, 0] * sine_lon + cells.sines[shared, 1] * cosine_lon
                value = _far_share(here, (1 - turn) / 2, zone[event], rho)
                if value < 0:
                    south = cells.south + row * cells.height - lat[event]
                    west = cells.west + place * cells.width - lon[event]
                    north, east = south + cells.height, west + cells.width
                    if last != place - 1:
                        side = _meridian(west, south, north, lat[event], zone[event], rho)
                    value = side
                    side = _meridian(east, south, north, lat[event], zone[event], rho)
                    last = place
                    value -= side
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


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _row(cells, row, lat, cosine_lat):
    """Return what `_far_share` needs of a row of cells."""
    centre = cells.latitude[row]
    sine, cosine = math.sin(centre), math.cos(centre)
    width, height = cells.width * cosine * _R, cells.height * _R
    area = _R * _R * cells.width * 2 * cosine * math.sin(cells.height / 2)
    # Parallels curve, and a cell is wider at the side of the equator.
    curved = (4 * height * height - 2 * width * width) * sine / (cosine * _R)
    return (
        math.sin((centre - lat) / 2) ** 2, cosine_lat * cosine, math.sin(centre - lat), 2 * cosine_lat * sine,
        width * width, height * height, area, curved,
    )  # fmt: skip


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _far_share(row, turn, zone, rho):
    """Return a cell's share by the midpoint rule, or −1 where it is too near for it; turn is sin²(Δλ/2)."""
    level, narrowed, north, tilt, a2, b2, area, curved = row
    h = level + narrowed * turn
    r2 = 4 * _R * _R * h * (1 + h / 3 + 8 * h * h / 45)
    q = r2 + zone
    if q < _NEAR * _NEAR * max(a2, b2):
        return -1.0
    p = 1 + rho
    per_q = 1 / q
    # A ring of the sphere is shorter than 2πr by sin(r/R)/(r/R).
    density = rho / math.pi * math.exp(rho * math.log(zone * per_q)) * per_q * (1 + 2 * h / 3)
    # How far north of the event the cell lies, seen from the cell.
    y = _R * (north - tilt * turn)
    y2 = min(y * y, r2)
    bend = a2 * (4 * (p + 1) * (r2 - y2) * per_q - 2) + b2 * (4 * (p + 1) * y2 * per_q - 2) + curved * y
    return max(density * area * (1 + p / 24 * per_q * bend), 0.0)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _kernel(h, zone, rho):
    """Return P(r) / sin²(r/R), for h = sin²(r/2R)."""
    x = 4 * _R * _R * h * (1 + h / 3 + 8 * h * h / 45) / zone
    near = rho * (1 - (1 + rho) / 2 * x) * _R * _R / zone
    return near if x < 1e-5 else (1 - exp(-rho * log(1 + x))) / (4 * h * (1 - h))


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _rule(span):
    """Return which quadrature rule resolves an edge of this length, in units of the distance it bends at."""
    if span < 4.0:
        return 0 if span < 1.0 else 1
    return 2 if span < 8.0 else 3


@numba.njit(cache=True, fastmath=True, error_model="numpy")
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
    sine_lat, cosine_lat = math.sin(lat), math.cos(lat)
    half_turn = math.sin(difference / 2) ** 2 * cosine_lat
    total = 0.0
    for node in range(_COUNTS[rule]):
        v = (v1 + v2) / 2 + (v2 - v1) / 2 * _NODES[rule, node]
        growth = exp(v)
        half = sin((foot + scale * (growth - 1 / growth) / 2) / 2)
        away = half * half
        # cos(φ + φ₀), by the sine of φ/2
        h = away + half_turn * (cosine_lat * (1 - 2 * away) - 2 * sine_lat * half * math.sqrt(abs(1 - away)))
        total += _WEIGHTS[rule, node] * _kernel(h, zone, rho) * (growth + 1 / growth) / 2
    return -across * scale * total * (v2 - v1) / 2


@numba.njit(cache=True, fastmath=True, error_model="numpy")
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
        growth = exp(v)
        turn = sin(scale * (growth - 1 / growth) / 4) ** 2
        h = level + cos_lat * cosine * turn
        # sinφ cosφ₀ cosΔλ − cosφ sinφ₀, written so that it keeps its digits near the event.
        rate = away - 2 * math.sin(phi + lat) * cos_lat * turn
        total += _WEIGHTS[rule, node] * _kernel(h, zone, rho) * rate * (growth + 1 / growth) / 2
    return cosine * scale * total * (v2 - v1) / 2
