"""The preliminary reference Earth model: density and velocities as polynomials in radius."""

import numpy as np
import numpy.typing as npt

from terrella.earth.sphere import EARTH_RADIUS_KM, Floats

CORE_DEPTH_KM = 2891.0
# Upper radius of each layer in km, with coefficients of density (g/cm³), P and S velocity (km/s) in r / 6371 km;
# isotropic between the Moho and 220 km.
_LAYERS: tuple[tuple[float, tuple[float, ...], tuple[float, ...], tuple[float, ...]], ...] = (
    (1221.5, (13.0885, 0, -8.8381), (11.2622, 0, -6.3640), (3.6678, 0, -4.4475)),
    (3480.0, (12.5815, -1.2638, -3.6426, -5.5281), (11.0487, -4.0362, 4.8023, -13.5732), (0.0,)),
    (3630.0, (7.9565, -6.4761, 5.5283, -3.0807), (15.3891, -5.3181, 5.5242, -2.5514),
     (6.9254, 1.4672, -2.0834, 0.9783)),
    (5600.0, (7.9565, -6.4761, 5.5283, -3.0807), (24.9520, -40.4673, 51.4832, -26.6419),
     (11.1671, -13.7818, 17.4575, -9.2777)),
    (5701.0, (7.9565, -6.4761, 5.5283, -3.0807), (29.2766, -23.6027, 5.5242, -2.5514),
     (22.3459, -17.2473, -2.0834, 0.9783)),
    (5771.0, (5.3197, -1.4836), (19.0957, -9.8672), (9.9839, -4.9324)),
    (5971.0, (11.2494, -8.0298), (39.7027, -32.6166), (22.3512, -18.5856)),
    (6151.0, (7.1089, -3.8045), (20.3926, -12.2569), (8.9496, -4.4597)),
    (6346.6, (2.6910, 0.6924), (4.1875, 3.9382), (2.1519, 2.3481)),
    (6356.0, (2.900,), (6.800,), (3.900,)),
    (6368.0, (2.600,), (5.800,), (3.200,)),
    (6371.0, (1.020,), (1.450,), (0.0,)),
)  # fmt: skip
_TOPS = np.array([top for top, *_ in _LAYERS])


def prem(depth_km: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return density (kg/m³), P and S velocity (m/s) at depths in km, each of the depths' shape.

    Dziewonski & Anderson (1981), table 1. A depth on a discontinuity has the values of the layer below it.
    """
    depth = np.asarray(depth_km, float)
    radius = EARTH_RADIUS_KM - np.atleast_1d(depth)
    layer = np.clip(np.searchsorted(_TOPS, radius), 0, len(_LAYERS) - 1)
    found = np.zeros((3, *radius.shape))
    for number, (_, *curves) in enumerate(_LAYERS):
        inside = layer == number
        for kind, coefficients in enumerate(curves):
            curve = np.polynomial.polynomial.polyval(radius[inside] / EARTH_RADIUS_KM, coefficients)
            found[kind][inside] = 1000 * np.asarray(curve)
    density, vp, vs = found.reshape(3, *depth.shape)
    return density, vp, vs


def layer_depths_km() -> Floats:
    """Return the depths of the tops of the model's layers in km, downward from 0."""
    return np.asarray((EARTH_RADIUS_KM - _TOPS)[::-1])
