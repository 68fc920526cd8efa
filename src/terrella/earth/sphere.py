"""Distances and areas on a sphere."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0


def unit_vectors(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> Floats:
    """Return points on the unit sphere as an array (n, 3) from degrees."""
    lon, lat = np.radians(np.asarray(longitude, float)), np.radians(np.asarray(latitude, float))
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def distance_km(
    longitude_a: npt.ArrayLike,
    latitude_a: npt.ArrayLike,
    longitude_b: npt.ArrayLike,
    latitude_b: npt.ArrayLike,
    radius_km: float = EARTH_RADIUS_KM,
) -> Floats:
    """Return great-circle distances in km between points in degrees, by the haversine formula."""
    lon_a, lat_a, lon_b, lat_b = (
        np.radians(np.asarray(x, float)) for x in (longitude_a, latitude_a, longitude_b, latitude_b)
    )
    h = np.sin((lat_a - lat_b) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_a - lon_b) / 2) ** 2
    return np.asarray(2 * radius_km * np.arcsin(np.sqrt(np.clip(h, 0, 1))))


def band_area_km2(
    south: npt.ArrayLike, north: npt.ArrayLike, width_deg: npt.ArrayLike, radius_km: float = EARTH_RADIUS_KM
) -> Floats:
    """Return the area in km² of cells between two parallels, `width_deg` of longitude wide."""
    height = np.sin(np.radians(np.asarray(north, float))) - np.sin(np.radians(np.asarray(south, float)))
    return np.asarray(radius_km**2 * np.radians(np.asarray(width_deg, float)) * height)
