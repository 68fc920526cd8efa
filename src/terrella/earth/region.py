"""A testing region: a polygon, or a box as the simplest polygon."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from terrella.errors import InputError

Floats = npt.NDArray[np.float64]
_LEAST_GAP_DEG = 60.0  # catalogues of the whole Earth have narrower ones


@dataclass(frozen=True)
class Region:
    """A closed polygon in degrees, as (longitude, latitude) pairs.

    Parameters
    ----------
    corners : tuple of (longitude, latitude)
        Three or more, in degrees, the first not repeated; edges are straight in degrees. Across the date line
        longitudes go on beyond 180.

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
        """Return whether points in degrees, of any turn, lie inside or on the boundary."""
        turned = self.turned(longitude)
        return np.asarray(shapely.intersects_xy(shapely.Polygon(self.corners), turned, latitude), bool)

    def turned(self, longitude: npt.ArrayLike) -> Floats:
        """Return longitudes moved by whole turns to between the region's meridians, where they lie there."""
        return turned(longitude, *self.bounds[:2])


def turned(longitude: npt.ArrayLike, west: float, east: float) -> Floats:
    """Return longitudes that lie beyond two meridians, moved by whole turns to the east of the western one."""
    lon = np.asarray(longitude, float)
    return np.asarray(np.where((lon < west) | (lon > east), west + (lon - west) % 360, lon))


def ordered_bounds(bounds: tuple[float, float, float, float], what: str) -> tuple[float, float, float, float]:
    """Return west, east, south, north with −180 ≤ west < 180, and an east beyond 180 across the date line.

    There bounds may be given as 177 183 or as 177 −177.

    Raises:
        InputError: for bounds out of order; `what` names them.
    """
    west, east, south, north = bounds
    if west > 0 > east:
        east += 360
    turn = 360 * float(np.floor((west + 180) / 360))
    if not (west < east <= west + 360 and -90 <= south < north <= 90):
        raise InputError(
            f"{what} must be west < east and south < north, in this order, or 177 183 or 177 -177 across the date "
            f"line; got {bounds}"
        )
    return west - turn, east - turn, south, north


def box(west: float, east: float, south: float, north: float) -> Region:
    """Return the region between two meridians and two parallels, in degrees.

    Parameters
    ----------
    west, east, south, north : float
        In degrees; across the date line an east beyond 180 or below 0.

    Raises
    ------
    InputError
        Where they are out of order.
    """
    west, east, south, north = ordered_bounds((west, east, south, north), "bounds")
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
    west, east = meridians_around(lon)
    south, north = float(np.floor(lat.min())), float(np.ceil(lat.max()))
    west, east = float(np.floor(west)), float(np.ceil(east))
    if west == east or south == north:
        raise InputError("a box of whole degrees around points needs an extent; all lie on one whole degree")
    return box(west, east, south, north)


def meridians_around(longitude: npt.ArrayLike) -> tuple[float, float]:
    """Return the meridians between which points lie: across the date line where that leaves a wide gap out."""
    lon = np.sort(np.asarray(longitude, float))
    west, east = float(lon[0]), float(lon[-1])
    gaps = np.diff(lon)
    widest = int(gaps.argmax()) if len(gaps) else 0
    if len(gaps) and gaps[widest] > max(360 - (east - west), _LEAST_GAP_DEG) and east - west > 180:
        return float(lon[widest + 1]), float(lon[widest]) + 360
    return west, east
