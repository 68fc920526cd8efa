"""A testing region: a polygon, or a box as the simplest polygon."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from terrella.errors import InputError


@dataclass(frozen=True)
class Region:
    """A closed polygon in degrees, as (longitude, latitude) pairs.

    Parameters
    ----------
    corners : tuple of (longitude, latitude)
        Three or more, in degrees, the first not repeated; edges are straight in degrees.

    Raises
    ------
    InputError
        Where the corners enclose no area, or edges cross.
    """

    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        polygon = shapely.Polygon(self.corners) if len(self.corners) >= 3 else shapely.Polygon()
        if not polygon.is_valid or polygon.area == 0:
            raise InputError(
                f"a region needs at least three corners that enclose an area without crossing; got {self.corners}"
            )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, east, south, north in degrees."""
        west, south, east, north = shapely.Polygon(self.corners).bounds
        return west, east, south, north

    @property
    def area_km2(self) -> float:
        """Area on the WGS84 ellipsoid by Lambert's cylindrical equal-area projection, in km²."""
        west, east, _, _ = self.bounds
        to_plane = pyproj.Transformer.from_crs(
            "EPSG:4326", pyproj.CRS(proj="cea", lon_0=(west + east) / 2), always_xy=True
        )
        # Edges are straight in degrees and most curve in the projection: add corners before projecting.
        dense = shapely.segmentize(shapely.Polygon(self.corners), 0.05)
        return float(shapely.transform(dense, to_plane.transform, interleaved=False).area) / 1e6

    def contains(self, longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return whether points in degrees lie inside or on the boundary."""
        return np.asarray(shapely.intersects_xy(shapely.Polygon(self.corners), longitude, latitude), bool)


def box(west: float, east: float, south: float, north: float) -> Region:
    """Return the region between two meridians and two parallels, in degrees.

    Parameters
    ----------
    west, east, south, north : float
        In degrees.

    Raises
    ------
    InputError
        Where they enclose no area.
    """
    return Region(((west, south), (east, south), (east, north), (west, north)))


def box_around(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> Region:
    """Return the smallest box of whole degrees around points in degrees.

    Parameters
    ----------
    longitude, latitude : array (point,)
        In degrees.

    Raises
    ------
    InputError
        Where there is no point, or all lie on one whole degree.
    """
    lon, lat = np.asarray(longitude, float), np.asarray(latitude, float)
    if not (lon.size and lat.size):
        raise InputError("a box around points needs at least one; got none")
    west, south = (float(np.floor(each.min())) for each in (lon, lat))
    east, north = (float(np.ceil(each.max())) for each in (lon, lat))
    return box(west, east, south, north)
