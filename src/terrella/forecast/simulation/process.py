"""A known earthquake process: space–time ETAS with faults and a productivity that varies over the region.

Its time, distance and productivity laws are those of `ETAS`. Two things are added that an ETAS model does not
know: aftershocks lie along the local strike of the faults, and regions differ in productivity. So the process
shows how much of such structure a forecast has learned.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.forecast.etas.model import ETAS
from terrella.formats.catalogues.catalogue import Floats

KM_PER_DEGREE = np.radians(1) * EARTH_RADIUS_KM


@dataclass(frozen=True, eq=False)
class Process:
    """A space–time ETAS process on a lattice of maps (latitude, longitude); beyond it the nearest cell holds.

    The density of aftershocks at x km along and y km across the strike of their parent is that of ETAS at
    r² = x²/aspect + y² aspect: an ellipse as large as ETAS's circle. The region must not cross the date line.
    """

    etas: ETAS  # its background is not used
    max_magnitude: float
    lattice: Grid
    background_per_day: Floats  # events per day in each cell of the lattice
    strike_deg: Floats  # clockwise from north
    productivity_factor: Floats
    aspect: float

    def branching_ratio(self) -> float:
        """Return the mean number of direct aftershocks per event where the productivity factor is 1.

        Magnitudes follow Gutenberg–Richter from `etas.min_magnitude` to `max_magnitude`.
        """
        least, beta = self.etas.min_magnitude, self.etas.beta
        unit = self.etas.productivity(np.array([least, least + 1]))
        alpha = np.log(unit[1] / unit[0])
        span = self.max_magnitude - least
        ratio = np.expm1(-(beta - alpha) * span) / np.expm1(-beta * span)
        return float(unit[0] * beta / (beta - alpha) * ratio)

    def productivity(self, magnitude: Floats, longitude: Floats, latitude: Floats) -> Floats:
        """Return the expected number of direct aftershocks of events, over all time and space."""
        factor = self.at(self.productivity_factor, longitude, latitude)
        return np.asarray(self.etas.productivity(magnitude) * factor)

    def at(self, values: Floats, longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> Floats:
        """Return the values of a map of the lattice at points in degrees."""
        column = np.searchsorted(self.lattice.longitude_edges, longitude, "right") - 1
        row = np.searchsorted(self.lattice.latitude_edges, latitude, "right") - 1
        n_lat, n_lon = values.shape
        return np.asarray(values[np.clip(row, 0, n_lat - 1), np.clip(column, 0, n_lon - 1)])


def demo_process() -> Process:
    """Return an invented region of 4° × 4° with four faults and some 550 events of M ≥ 3 a year.

    Its aftershock zones are wide and its sequences productive, so that on daily grids of 0.1° an ETAS model
    without its two secrets, but with all else right, falls some 0.2 nats per earthquake short of it.
    """
    lattice = make_grid(box(0, 4, 0, 4), 0.05)
    distance_km, strike_deg = _nearest_fault(lattice, _FAULTS)
    activity = np.array([1.0, 0.7, 0.5, 0.8])
    along = (activity[:, None, None] * np.exp(-0.5 * (distance_km / 5) ** 2)).sum(0)
    shape = along / along.sum() * 0.8 + 0.2 / along.size
    lon, lat = np.meshgrid(lattice.longitudes, lattice.latitudes)
    wave = np.sin(2 * np.pi * (lon / 3.1 + 0.12)) * np.cos(2 * np.pi * (lat / 4.3 - 0.2))
    factor = 1 + 0.8 * wave
    etas = ETAS(
        mu=_DEMO_PER_DAY / float(lattice.area_km2.sum()), k0=1.0, a=2.64, c_days=0.15, omega=0.1,
        tau_days=200.0, d_km2=30.0, gamma=0.7, rho=1.2, min_magnitude=3.0, beta=2.3, background=None,
    )  # fmt: skip
    process = Process(
        etas=etas,
        max_magnitude=6.9,
        lattice=lattice,
        background_per_day=_DEMO_PER_DAY * shape,
        strike_deg=strike_deg,
        productivity_factor=factor / (factor * shape).sum(),
        aspect=8.0,
    )
    return replace(process, etas=replace(etas, k0=_DEMO_BRANCHING / process.branching_ratio()))


_DEMO_PER_DAY = 0.48
_DEMO_BRANCHING = 0.55

# Corners (longitude, latitude) in degrees, joined by smooth curves.
_FAULTS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0.2, 3.6), (1.0, 2.8), (1.7, 1.8), (2.6, 1.0), (3.8, 0.4)),
    ((1.4, 3.9), (2.2, 3.3), (3.0, 2.9), (3.9, 2.8)),
    ((0.3, 0.4), (0.8, 0.9), (1.0, 1.5), (0.9, 2.1)),
    ((2.7, 2.3), (3.1, 1.9), (3.4, 1.5), (3.5, 1.2)),
)


def _nearest_fault(
    lattice: Grid, faults: tuple[tuple[tuple[float, float], ...], ...]
) -> tuple[Floats, Floats]:
    """Return distances in km to each fault (fault, lat, lon) and the strike in degrees (lat, lon).

    The strike is the mean of the faults' strikes, weighted by a Gaussian of the distance of 15 km; strikes
    are axes, so their doubled angles are averaged.
    """
    lon, lat = np.meshgrid(lattice.longitudes, lattice.latitudes)
    distances, doubled, weights = [], np.zeros(lon.shape, complex), np.full(lon.shape, 1e-300)
    for corners in faults:
        points = _smooth_curve(np.array(corners))
        east = (lon[..., None] - points[:, 0]) * KM_PER_DEGREE * np.cos(np.radians(lat))[..., None]
        north = (lat[..., None] - points[:, 1]) * KM_PER_DEGREE
        squared = east**2 + north**2
        nearest = squared.argmin(-1)
        tangent = np.gradient(points, axis=0)[nearest]
        strike = np.arctan2(tangent[..., 0] * np.cos(np.radians(lat)), tangent[..., 1])
        distance = np.sqrt(squared.min(-1))
        weight = np.exp(-0.5 * (distance / 15) ** 2) + 1e-6 / (1 + distance**2)
        doubled += weight * np.exp(2j * strike)
        weights += weight
        distances.append(distance)
    return np.stack(distances), np.degrees(np.angle(doubled / weights) / 2) % 180


def _smooth_curve(corners: Floats, n: int = 400) -> Floats:
    """Return n points on a cubic spline through the corners, (n, 2)."""
    from scipy.interpolate import CubicSpline

    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    return np.asarray(CubicSpline(length, corners)(np.linspace(0, length[-1], n)))
