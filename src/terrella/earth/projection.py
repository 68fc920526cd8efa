"""Map projections: Equal Earth for the globe, azimuthal equal-area for a region."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyproj

from terrella.earth.sphere import Floats

Projection = Callable[[npt.ArrayLike, npt.ArrayLike], tuple[Floats, Floats]]


def equal_earth(central_longitude: float = 0.0) -> Projection:
    """Return the Equal Earth projection (Šavrič, Patterson & Jenny 2019) from degrees to km."""
    return _projection(pyproj.CRS(proj="eqearth", lon_0=central_longitude, units="km"))


def local_equal_area(longitude: float, latitude: float) -> Projection:
    """Return Lambert's azimuthal equal-area projection around a point, from degrees to km."""
    return _projection(pyproj.CRS(proj="laea", lon_0=longitude, lat_0=latitude, units="km"))


def _projection(crs: pyproj.CRS) -> Projection:
    transformer = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def project(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
        x, y = transformer.transform(np.asarray(longitude, float), np.asarray(latitude, float))
        return np.asarray(x), np.asarray(y)

    return project
