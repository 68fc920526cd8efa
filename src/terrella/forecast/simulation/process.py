"""A known earthquake process: space–time ETAS with faults and a productivity that varies over the region.

Its time, distance and productivity laws are those of `ETAS`. Two things are added that an ETAS model does not
know: aftershocks lie along the local strike of the faults, and regions differ in productivity. So the process
shows how much of such structure a forecast has learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.forecast.etas.model import ETAS
from terrella.formats.catalogues.catalogue import Floats

KM_PER_DEGREE = np.radians(1) * EARTH_RADIUS_KM
Corners = tuple[tuple[float, float], ...]  # longitude and latitude in degrees


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
    lon, lat = _places(_lattice())
    wave = np.sin(2 * np.pi * (lon / 3.1 + 0.12)) * np.cos(2 * np.pi * (lat / 4.3 - 0.2))
    laws = ETAS(
        mu=0.0, k0=1.0, a=2.64, c_days=0.15, omega=0.1, tau_days=200.0, d_km2=30.0, gamma=0.7, rho=1.2,
        min_magnitude=3.0, beta=2.3, background=None,
    )  # fmt: skip
    return _faulted(
        laws, _FAULTS, np.array([1.0, 0.7, 0.5, 0.8]), fault_km=5, off_faults=0.2, per_day=0.48, branching=0.55,
        factor=1 + 0.8 * wave, aspect=8.0,
    )  # fmt: skip


def drawn_process(seed: int) -> Process:
    """Return an invented region of 4° × 4° of the demo's kind: faults, laws and productivity are drawn."""
    draw = np.random.default_rng(seed)
    faults = [_drawn_fault(draw) for _ in range(draw.integers(2, 7))]
    lon, lat = _places(_lattice())
    wave_lon, wave_lat = (places / draw.uniform(2.5, 5) + draw.uniform() for places in (lon, lat))
    wave = np.sin(2 * np.pi * wave_lon) * np.cos(2 * np.pi * wave_lat)
    laws = ETAS(
        mu=0.0, k0=1.0, a=draw.uniform(2.0, 2.7), c_days=10 ** draw.uniform(-1.7, -0.7),
        omega=draw.uniform(0.02, 0.2), tau_days=10 ** draw.uniform(2, 3.3), d_km2=draw.uniform(20, 45),
        gamma=draw.uniform(0.5, 0.9), rho=draw.uniform(0.8, 1.3), min_magnitude=3.0, beta=2.3, background=None,
    )  # fmt: skip
    process = _faulted(
        laws, faults, draw.uniform(0.3, 1, len(faults)), fault_km=draw.uniform(4, 8),
        off_faults=draw.uniform(0.1, 0.3), per_day=draw.uniform(0.35, 0.7), branching=draw.uniform(0.45, 0.65),
        factor=1 + draw.uniform(0.4, 0.85) * wave, aspect=draw.uniform(5, 10),
    )  # fmt: skip
    # Where an event has more than one direct aftershock, sequences may not end.
    most = process.branching_ratio() * process.productivity_factor.max()
    return replace(process, etas=replace(process.etas, k0=process.etas.k0 / max(most, 1.0)))


def _faulted(
    laws: ETAS, faults: Sequence[Corners], activity: Floats, fault_km: float, off_faults: float, per_day: float,
    branching: float, factor: Floats, aspect: float,
) -> Process:  # fmt: skip
    """Return the process of faults, `per_day` background events and a branching ratio."""
    lattice = _lattice()
    distance_km, strike_deg = _nearest_fault(lattice, faults)
    along = (activity[:, None, None] * np.exp(-0.5 * (distance_km / fault_km) ** 2)).sum(0)
    shape = along / along.sum() * (1 - off_faults) + off_faults / along.size
    process = Process(
        etas=replace(laws, mu=per_day / float(lattice.area_km2.sum())),
        max_magnitude=6.9,
        lattice=lattice,
        background_per_day=per_day * shape,
        strike_deg=strike_deg,
        productivity_factor=factor / (factor * shape).sum(),
        aspect=aspect,
    )
    return replace(process, etas=replace(process.etas, k0=branching / process.branching_ratio()))


def _lattice() -> Grid:
    return make_grid(box(0, 4, 0, 4), 0.05)


def _places(lattice: Grid) -> tuple[Floats, Floats]:
    """Return longitude and latitude of a lattice's cells, (lat, lon) each."""
    lon, lat = np.meshgrid(lattice.longitudes, lattice.latitudes)
    return lon, lat


def _drawn_fault(draw: np.random.Generator) -> Corners:
    """Return the corners of a bent fault in a random direction."""
    turn, middle = draw.uniform(0, np.pi), draw.uniform(0.5, 3.5, 2)
    along = np.linspace(-1, 1, 5) * draw.uniform(0.6, 2.4)
    aside = draw.normal(0, 0.15, 5).cumsum()
    direction = np.array([np.cos(turn), np.sin(turn)])
    corners = middle + along[:, None] * direction + aside[:, None] * direction[::-1] * [-1, 1]
    return tuple((float(lon), float(lat)) for lon, lat in corners)


# Corners (longitude, latitude) in degrees, joined by smooth curves.
_FAULTS: tuple[Corners, ...] = (
    ((0.2, 3.6), (1.0, 2.8), (1.7, 1.8), (2.6, 1.0), (3.8, 0.4)),
    ((1.4, 3.9), (2.2, 3.3), (3.0, 2.9), (3.9, 2.8)),
    ((0.3, 0.4), (0.8, 0.9), (1.0, 1.5), (0.9, 2.1)),
    ((2.7, 2.3), (3.1, 1.9), (3.4, 1.5), (3.5, 1.2)),
)


def _nearest_fault(lattice: Grid, faults: Sequence[Corners]) -> tuple[Floats, Floats]:
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
