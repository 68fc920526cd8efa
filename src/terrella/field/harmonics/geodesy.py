"""Geodetic and geocentric coordinates on WGS 84, the field's components in both, and its elements."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_A, _B = 6378.137, 6356.752314245  # semi-axes of WGS 84, km


def geocentric(latitude: Floats, height_km: Floats) -> tuple[Floats, Floats, Floats]:
    """Return radius in km, geocentric latitude in degrees and ψ, the angle between the two verticals in radians.

    ψ is geodetic less geocentric latitude; `latitude` is geodetic, in degrees, `height_km` above the ellipsoid.
    """
    geodetic = np.radians(latitude)
    cos, sin = np.cos(geodetic), np.sin(geodetic)
    normal = _A**2 / np.sqrt((_A * cos) ** 2 + (_B * sin) ** 2)
    across, up = (normal + height_km) * cos, (normal * (_B / _A) ** 2 + height_km) * sin
    below = np.arctan2(up, across)
    return np.hypot(across, up), np.degrees(below), geodetic - below


def to_north_east_down(field: Floats, tilt: Floats) -> Floats:
    """Return X, Y, Z (…, 3) of B_r, B_θ, B_φ (…, 3): down is along the local vertical, tilted by ψ (…,)."""
    r, theta, phi = np.moveaxis(np.asarray(field, float), -1, 0)
    cos, sin = np.cos(tilt), np.sin(tilt)
    return np.stack([-theta * cos - r * sin, phi, theta * sin - r * cos], -1)


def from_north_east_down(field: Floats, tilt: Floats) -> Floats:
    """Return B_r, B_θ, B_φ (…, 3) of X, Y, Z (…, 3)."""
    x, y, z = np.moveaxis(np.asarray(field, float), -1, 0)
    cos, sin = np.cos(tilt), np.sin(tilt)
    return np.stack([-x * sin - z * cos, -x * cos + z * sin, y], -1)


def elements(xyz: npt.ArrayLike) -> Mapping[str, Floats]:
    """Return H and F in nT, declination D and inclination I in degrees, of X, Y, Z (…, 3)."""
    x, y, z = np.moveaxis(np.asarray(xyz, float), -1, 0)
    horizontal = np.hypot(x, y)
    return {
        "H": horizontal, "F": np.hypot(horizontal, z),
        "D": np.degrees(np.arctan2(y, x)), "I": np.degrees(np.arctan2(z, horizontal)),
    }  # fmt: skip
