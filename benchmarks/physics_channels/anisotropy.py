"""Early aftershocks show the fault: elongated kernels for large shocks, learned from their sequences so far.

ETAS spreads the aftershocks of a shock in a circle about its epicentre. Once a few are known they tell where the
rupture lies and how it strikes: Ogata (1998, doi 10.1023/A:1003403601725) fits an ellipse to each sequence.
Here its centre and covariance are robust ones, drawn towards ETAS's circle while aftershocks are few.
"""

from dataclasses import dataclass

import numba
import numpy as np

from physics_channels.columns import Columns, band, in_order, make_columns, points_km, squared_chord
from physics_channels.completeness import rupture_length_km
from terrella.earth.grid import Grid
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.forecast.etas.model import ETAS
from terrella.formats.catalogues.catalogue import Catalogue, Floats

MAGNITUDE_STEP = 2.5  # above the smallest: shocks that may have enough aftershocks to be seen
REMEMBERED_DAYS = 730.0
_FEWEST = 8  # aftershocks, as many as the circle weighs in the shrinkage
_BEYOND_RUPTURE_KM = 5.0  # errors of location
_REACH = 3.0  # zones
_ITERATIONS = 6
_FREEDOM = 4.0  # of Student's t, whose weights make the ellipse robust
_MEDIAN = 2 * np.log(2)  # squared radius that holds half of a Gaussian, in variances
_KM = np.radians(1) * EARTH_RADIUS_KM


@dataclass(frozen=True, eq=False)
class Anisotropy:
    """Large shocks and their aftershocks, prepared for one grid; call `channels` with issue times."""

    columns: Columns
    etas: ETAS
    horizon_days: float
    days: Floats  # (shock,) since the epoch, in order
    longitude: Floats
    latitude: Floats
    magnitude: Floats
    zone_km: Floats
    first: np.ndarray  # (shock + 1,) where each shock's aftershocks begin
    after_days: Floats  # (aftershock,)
    east_km: Floats  # from the shock
    north_km: Floats

    def channels(self, issue_days: Floats) -> np.ndarray:
        """Return log (μ + Σ with ellipses) − log (μ + Σ with circles), as float32 (n, 1, 1, column).

        Both sums are the expected direct aftershocks of large shocks within the horizon per km², μ the mean
        background: 0 where large shocks have no part.
        """
        issue, etas = in_order(issue_days), self.etas
        variance = etas.zone_km2(self.magnitude) * (2 ** (1 / etas.rho) - 1) / _MEDIAN
        age = np.concatenate([[0.0], np.geomspace(1e-4, REMEMBERED_DAYS + self.horizon_days, 600)])
        found = np.zeros((len(issue), 1, 1, len(self.columns)), np.float32)
        _fill(
            found, issue, self.columns.longitude, self.columns.latitude, self.columns.points_km,
            self.columns.area_km2, etas.mu * self.horizon_days, etas.rho, self.horizon_days, age,
            etas.time_cdf(age), etas.productivity(self.magnitude), variance, self.days, self.longitude,
            self.latitude, points_km(self.longitude, self.latitude), self.zone_km, self.first, self.after_days,
            self.east_km, self.north_km,
        )  # fmt: skip
        return found


def make_anisotropy(
    catalogue: Catalogue, epoch: np.datetime64, grid: Grid, etas: ETAS, horizon_days: float = 1.0
) -> Anisotropy:
    """Return the large shocks of a catalogue with all that follows each nearby within two years."""
    days, points = catalogue.days_since(epoch), points_km(catalogue.longitude, catalogue.latitude)
    large = np.flatnonzero(catalogue.magnitude >= etas.min_magnitude + MAGNITUDE_STEP - 1e-9)
    zone = rupture_length_km(catalogue.magnitude[large]) + _BEYOND_RUPTURE_KM
    followers = []
    for shock, reach in zip(large, zone, strict=True):
        start, end = np.searchsorted(days, [days[shock], days[shock] + REMEMBERED_DAYS], side="right")
        near = ((points[start:end] - points[shock]) ** 2).sum(1) <= reach**2
        followers.append(start + np.flatnonzero(near))
    count = np.array([len(each) for each in followers], np.int64)
    after = np.concatenate([np.zeros(0, np.int64), *followers])
    parent = np.repeat(large, count)
    east, north = _offsets(
        catalogue.longitude[after],
        catalogue.latitude[after],
        catalogue.longitude[parent],
        catalogue.latitude[parent],
    )
    return Anisotropy(
        columns=make_columns(grid),
        etas=etas,
        horizon_days=horizon_days,
        days=days[large],
        longitude=catalogue.longitude[large],
        latitude=catalogue.latitude[large],
        magnitude=catalogue.magnitude[large],
        zone_km=zone,
        first=np.concatenate([[0], np.cumsum(count)]),
        after_days=days[after],
        east_km=east,
        north_km=north,
    )


def ellipse(east_km: Floats, north_km: Floats, variance_km2: float) -> Floats:
    """Return centre east and north (km) and variances ee, en, nn (km²) of aftershocks about their shock (5,).

    Weights are those of Student's t with 4 degrees of freedom; 8 aftershocks' worth of a circle of the given
    variance about the shock are mixed in. With fewer than 8 aftershocks it is that circle.
    """
    return np.asarray(_ellipse(np.asarray(east_km, float), np.asarray(north_km, float), float(variance_km2)))


def _offsets(
    longitude: Floats, latitude: Floats, from_longitude: Floats, from_latitude: Floats
) -> tuple[Floats, Floats]:
    degrees = (longitude - from_longitude + 180) % 360 - 180
    return degrees * _KM * np.cos(np.radians(from_latitude)), (latitude - from_latitude) * _KM


@numba.njit(cache=True)
def _ellipse(east, north, variance):
    n = len(east)
    found = np.array([0.0, 0.0, variance, 0.0, variance])
    if n < _FEWEST:
        return found
    x, y = np.median(east), np.median(north)
    a, b, d = np.mean((east - x) ** 2) + 1e-6, 0.0, np.mean((north - y) ** 2) + 1e-6
    for _ in range(_ITERATIONS):
        total = sx = sy = saa = sab = sdd = 0.0
        determinant = a * d - b * b
        for i in range(n):
            u, v = east[i] - x, north[i] - y
            distance = (d * u * u - 2 * b * u * v + a * v * v) / determinant
            weight = (_FREEDOM + 2) / (_FREEDOM + distance)
            total, sx, sy = total + weight, sx + weight * u, sy + weight * v
            saa, sab, sdd = saa + weight * u * u, sab + weight * u * v, sdd + weight * v * v
        mx, my = sx / total, sy / total
        x, y = x + mx, y + my
        a, b, d = saa / total - mx * mx + 1e-6, sab / total - mx * my, sdd / total - my * my + 1e-6
    share = n / (n + _FEWEST)
    found[0], found[1] = share * x, share * y
    found[2] = share * a + (1 - share) * variance
    found[3] = share * b
    found[4] = share * d + (1 - share) * variance
    return found


@numba.njit(cache=True, inline="always")
def _density(x, y, a, b, d, rho):
    """Return ETAS's kernel in coordinates where the ellipse of variances (a, b, d) is a circle as large."""
    root = np.sqrt(a * d - b * b)
    squared = (d * x * x - 2 * b * x * y + a * y * y) / root
    zone = root * _MEDIAN / (2 ** (1 / rho) - 1)
    return rho / np.pi * zone**rho * (squared + zone) ** (-1 - rho)


@numba.njit(cache=True)
def _fill(
    found, issue, column_lon, column_lat, points, area, background, rho, horizon, age_table, cdf_table, number,
    variance, days, lon, lat, source, zone, first_after, after_days, east, north,
):  # fmt: skip
    shocks = len(days)
    shape, known = np.zeros((shocks, 5)), np.full(shocks, -1)
    elongated, circular = np.zeros(len(points)), np.zeros(len(points))
    oldest, side = 0, np.sqrt(area.max())
    for n in range(len(issue)):
        now, low, high = issue[n], len(points), 0
        while oldest < shocks and days[oldest] < now - REMEMBERED_DAYS:
            oldest += 1
        for j in range(oldest, shocks):
            if days[j] >= now:
                break
            begin = first_after[j]
            count = np.searchsorted(after_days[begin : first_after[j + 1]], now)
            if count < _FEWEST:
                continue
            if count != known[j]:
                shape[j] = _ellipse(east[begin : begin + count], north[begin : begin + count], variance[j])
                known[j] = count
            age = now - days[j]
            expected = number[j] * (
                np.interp(age + horizon, age_table, cdf_table) - np.interp(age, age_table, cdf_table)
            )
            x0, y0, a, b, d = shape[j]
            reach = _REACH * zone[j] + side
            first, last = band(points, source[j, 2], reach)
            low, high = min(low, first), max(high, last)
            for column in range(first, last):
                if squared_chord(points, column, source[j]) > reach * reach:
                    continue
                degrees = (column_lon[column] - lon[j] + 180) % 360 - 180
                x, y = degrees * _KM * np.cos(np.radians(lat[j])), (column_lat[column] - lat[j]) * _KM
                # Cells blur what they hold: s²/12 is the variance of a square's points.
                blur = area[column] / 12
                round_ = variance[j] + blur
                elongated[column] += expected * _density(x - x0, y - y0, a + blur, b, d + blur, rho)
                circular[column] += expected * _density(x, y, round_, 0.0, round_, rho)
        for column in range(low, high):
            if circular[column] > 0:
                ratio = (background + elongated[column]) / (background + circular[column])
                found[n, 0, 0, column] = np.log(ratio)
            elongated[column] = circular[column] = 0.0
