"""Schmidt semi-normalised spherical harmonics, and the field that Gauss coefficients make at points.

Coefficients are in the order of `.shc` files: g(1,0), g(1,1), h(1,1), g(2,0), …; an order m < 0 stands for h(n,
|m|).
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
REFERENCE_RADIUS_KM = 6371.2
CORE_RADIUS_KM = 3480.0


@lru_cache
def degrees_orders(n_max: int, n_min: int = 1) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return degree n and order m of each coefficient, (coefficient,) each."""
    pairs = [
        (n, sign * m)
        for n in range(n_min, n_max + 1)
        for m in range(n + 1)
        for sign in ((1, -1) if m else (1,))
    ]
    n, m = np.array(pairs).T
    return n, m


def legendre(colatitude: Floats, n_max: int) -> tuple[Floats, Floats]:
    """Return Schmidt functions P(n, m) and dP/dθ at colatitudes in radians, (n, m, …) each.

    Recursions of Langel (1987), equations 27 and 28, which stay exact at the poles.
    """
    cos, sin = np.cos(colatitude), np.sin(colatitude)
    p = np.zeros((n_max + 1, n_max + 1, *cos.shape))
    dp = np.zeros_like(p)
    p[0, 0] = 1.0
    for n in range(1, n_max + 1):
        f = 1.0 if n == 1 else np.sqrt((2 * n - 1) / (2 * n))
        p[n, n] = f * sin * p[n - 1, n - 1]
        dp[n, n] = f * (sin * dp[n - 1, n - 1] + cos * p[n - 1, n - 1])
        for m in range(n):
            root = np.sqrt(n * n - m * m)
            a, b = (2 * n - 1) / root, np.sqrt(max((n - 1) ** 2 - m * m, 0)) / root
            older, older_d = (p[n - 2, m], dp[n - 2, m]) if n > 1 else (0.0, 0.0)
            p[n, m] = a * cos * p[n - 1, m] - b * older
            dp[n, m] = a * (cos * dp[n - 1, m] - sin * p[n - 1, m]) - b * older_d
    return p, dp


def harmonics(
    colatitude: Floats, longitude: Floats, n_max: int, n_min: int = 1
) -> tuple[Floats, Floats, Floats]:
    """Return Y, ∂Y/∂θ and (∂Y/∂φ)/sin θ at points (radians), (coefficient, …) each."""
    p, dp = legendre(colatitude, n_max)
    at_pole = np.abs(np.sin(colatitude)) < 1e-9
    sin = np.where(at_pole, 1.0, np.sin(colatitude))
    found = []
    for n, signed in zip(*degrees_orders(n_max, n_min), strict=True):
        m = abs(signed)
        angle = m * longitude
        wave, slope = (np.cos(angle), -np.sin(angle)) if signed >= 0 else (np.sin(angle), np.cos(angle))
        # At a pole P/sin θ is dP/dθ over cos θ, for the order one alone.
        over = np.where(at_pole, dp[n, m] * np.sign(np.cos(colatitude)), p[n, m] / sin)
        found.append((p[n, m] * wave, dp[n, m] * wave, m * over * slope))
    y, dy, y_phi = (np.array(each) for each in zip(*found, strict=True))
    return y, dy, y_phi


def design(radius_km: Floats, latitude: Floats, longitude: Floats, n_max: int, n_min: int = 1) -> Floats:
    """Return what a unit of each coefficient adds to B_r, B_θ and B_φ, (point, 3, coefficient).

    Parameters
    ----------
    radius_km : array (point,)
        Distance from the Earth's centre.
    latitude, longitude : array (point,)
        *Geocentric* latitude and longitude in degrees.
    """
    y, dy, y_phi = harmonics(np.radians(90 - latitude), np.radians(longitude), n_max, n_min)
    n = degrees_orders(n_max, n_min)[0]
    fall = (REFERENCE_RADIUS_KM / radius_km)[None, :] ** (n + 2)[:, None]
    return np.moveaxis(np.stack([(n + 1)[:, None] * y, -dy, -y_phi]) * fall, (0, 1, 2), (1, 2, 0))


def field_at(
    coefficients: Floats, radius_km: Floats, latitude: Floats, longitude: Floats, n_max: int, n_min: int = 1
) -> Floats:
    """Return B_r, B_θ, B_φ (point, 3) of Gauss coefficients (coefficient,), in their unit.

    Parameters
    ----------
    coefficients : array (coefficient,)
        Schmidt semi-normalised, of degrees `n_min` to `n_max`, for a reference radius of 6371.2 km.
    radius_km, latitude, longitude : array (point,)
        Radius, *geocentric* latitude and longitude in degrees; `geodesy.geocentric` makes them of geodetic ones.
    """
    parts = np.array_split(np.arange(len(radius_km)), max(1, len(radius_km) // 5000))
    return np.concatenate(
        [design(radius_km[i], latitude[i], longitude[i], n_max, n_min) @ coefficients for i in parts]
    )


def power_spectrum(
    coefficients: Floats, n_max: int, n_min: int = 1, radius_km: float = REFERENCE_RADIUS_KM
) -> Floats:
    """Return the mean square field of each degree over a sphere, (degree,), in the unit's square.

    Lowes (1966), equation 3; Mauersberger (1956).
    """
    n = degrees_orders(n_max, n_min)[0]
    power = (n + 1) * coefficients**2 * (REFERENCE_RADIUS_KM / radius_km) ** (2 * n + 4)
    return np.asarray(np.bincount(n, power)[n_min:], float)


def rms_at_surface(coefficients: Floats, n_max: int, n_min: int = 1) -> float:
    """Return the root of the mean square field over the sphere of 6371.2 km, in the coefficients' unit."""
    return float(np.sqrt(power_spectrum(coefficients, n_max, n_min).sum()))
