"""A regular grid of cells in depth, latitude and longitude, cut to a region."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from terrella.earth.region import Region, turned
from terrella.earth.sphere import Floats, band_area_km2
from terrella.errors import InputError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells between edges; arrays over cells have the shape (depth, latitude, longitude).

    Parameters
    ----------
    longitude_edges, latitude_edges : array (longitude + 1,), (latitude + 1,)
        In degrees, increasing.
    depth_edges_km : array (depth + 1,)
        In km, positive down.
    mask : array of bool (latitude, longitude)
        True where a cell's centre lies in the region: only those are forecast.
    """

    longitude_edges: Floats
    latitude_edges: Floats
    depth_edges_km: Floats
    mask: npt.NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of cells in depth, latitude and longitude."""
        return len(self.depth_edges_km) - 1, len(self.latitude_edges) - 1, len(self.longitude_edges) - 1

    @cached_property
    def wraps(self) -> bool:
        """Whether the first and the last column are neighbours: the grid goes around the Earth."""
        return bool(abs(self.longitude_edges[-1] - self.longitude_edges[0] - 360) < 1e-6)

    @cached_property
    def longitudes(self) -> Floats:
        """Longitudes of the cells' centres, in degrees."""
        return (self.longitude_edges[1:] + self.longitude_edges[:-1]) / 2

    @cached_property
    def latitudes(self) -> Floats:
        """Latitudes of the cells' centres, in degrees."""
        return (self.latitude_edges[1:] + self.latitude_edges[:-1]) / 2

    @cached_property
    def area_km2(self) -> Floats:
        """Areas of the cells (latitude, longitude)."""
        per_row = band_area_km2(self.latitude_edges[:-1], self.latitude_edges[1:], 1.0)
        return np.asarray(per_row[:, None] * np.diff(self.longitude_edges)[None, :])

    def cell_of(
        self, longitude: npt.ArrayLike, latitude: npt.ArrayLike, depth_km: npt.ArrayLike | None = None
    ) -> Ints:
        """Return each point's flat cell index, −1 outside the grid or its mask.

        Longitudes of any turn are known, and on a grid that wraps the poles. With a single depth layer
        depth is ignored; otherwise an unknown (NaN) depth goes to the layer of the catalogue convention,
        the shallowest.
        """
        lon, lat = np.asarray(longitude, float), np.asarray(latitude, float)
        n_depth, n_lat, n_lon = self.shape
        if self.wraps:
            west = self.longitude_edges[0]
            # A longitude just below `west` rounds to its end, which is the start again.
            lon = np.where((turn := (lon - west) % 360) < 360, turn, 0.0) + west
            # The pole belongs to the last row: on the globe no point is outside.
            lat = np.where(lat == 90, np.nextafter(90, 0), lat)
        else:
            lon = turned(lon, self.longitude_edges[0], self.longitude_edges[-1])
        column = np.searchsorted(self.longitude_edges, lon, "right") - 1
        row = np.searchsorted(self.latitude_edges, lat, "right") - 1
        layer = np.zeros(lon.shape, int)
        if n_depth > 1 and depth_km is not None:
            depth = np.nan_to_num(np.asarray(depth_km, float), nan=self.depth_edges_km[0])
            layer = (
                np.searchsorted(self.depth_edges_km, np.maximum(depth, self.depth_edges_km[0]), "right") - 1
            )
        inside = (column >= 0) & (column < n_lon) & (row >= 0) & (row < n_lat) & (layer < n_depth)
        column, row, layer = (np.where(inside, x, 0) for x in (column, row, layer))
        inside &= self.mask[row, column]
        return np.asarray(np.where(inside, (layer * n_lat + row) * n_lon + column, -1), np.int64)


def make_grid(region: Region, cell_deg: float, depth_edges_km: npt.ArrayLike = (0.0, 1000.0)) -> Grid:
    """Return the grid of square cells in degrees that covers a region.

    Edges are multiples of `cell_deg`, so that grids of different regions share their cells.

    Parameters
    ----------
    region : Region
        Cells whose centre lies in it are in the mask.
    cell_deg : float
        Width and height of a cell, in degrees.
    depth_edges_km : array (depth + 1,)
        In km, positive down; by default one layer.

    Raises
    ------
    InputError
        Where the cell size is not positive or does not fit on the globe, or no cell's centre lies in the region.
    """
    if not 0 < cell_deg <= 90:
        raise InputError(f"the cell size must lie between 0 and 90 degrees; got {cell_deg}")
    depth_edges = np.asarray(depth_edges_km, float)
    if depth_edges.ndim != 1 or len(depth_edges) < 2 or not np.all(np.diff(depth_edges) > 0):
        raise InputError(
            f"depth edges must be two or more increasing values in km; got {depth_edges.tolist()}"
        )
    west, east, south, north = region.bounds

    def edges(low: float, high: float) -> Floats:
        first, last = np.floor(low / cell_deg + 1e-9), np.ceil(high / cell_deg - 1e-9)
        return np.round(np.arange(first, last + 1) * cell_deg, 9)

    longitude_edges, latitude_edges = edges(west, east), edges(south, north)
    if latitude_edges[0] < -90 or latitude_edges[-1] > 90 or longitude_edges[-1] - longitude_edges[0] > 360:
        raise InputError(
            f"cells of {cell_deg} degrees reach over a pole or more than once around the globe; "
            "use a cell size that divides 90, or narrower bounds"
        )
    lon, lat = np.meshgrid(
        (longitude_edges[1:] + longitude_edges[:-1]) / 2, (latitude_edges[1:] + latitude_edges[:-1]) / 2
    )
    mask = region.contains(lon, lat)
    if not mask.any():
        raise InputError(
            f"no cell of {cell_deg} degrees has its centre in the region {west}..{east} E, {south}..{north} N; "
            "use smaller cells"
        )
    return Grid(longitude_edges, latitude_edges, depth_edges, mask)
