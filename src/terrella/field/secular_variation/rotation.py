"""What a steady rotation at the top of the core makes of the secular variation: its acceleration."""

from functools import lru_cache

import numpy as np

from terrella.field.harmonics.schmidt import Floats, degrees_orders, harmonics

AXES = 3  # the Earth's axis, then those through longitudes 0 and 90° of the equator


@lru_cache
def accelerations(n_max: int) -> Floats:
    """Return the acceleration that a rotation by one radian a year makes of each coefficient's rate.

    Where flux is frozen (Roberts & Scott 1965) a steady flow u = Ω × r makes −u·∇Ḃ_r of the radial field's
    rate, so it turns the pattern of the secular variation eastward about Ω; westward drift (Bullard et al.
    1950) is a negative turn about the Earth's axis.

    Parameters
    ----------
    n_max : int
        Highest degree of the secular variation.

    Returns
    -------
    array (axis, coefficient, coefficient)
        In yr⁻¹, of all degrees up to `n_max`.
    """
    n = degrees_orders(n_max)[0]
    nodes, weight = np.polynomial.legendre.leggauss(n_max + 2)
    turns = 2 * n_max + 3
    theta, phi = np.meshgrid(np.arccos(nodes), np.arange(turns) * 2 * np.pi / turns, indexing="ij")
    share = np.broadcast_to(weight[:, None] / (2 * turns), theta.shape)
    y, to_south, to_east = harmonics(theta, phi, n_max)
    # u = ∇ × (r̂ T) with T the harmonics of degree one: cos θ, sin θ cos φ, sin θ sin φ.
    _, stream_south, stream_east = harmonics(theta, phi, 1)
    found = []
    for south, east in zip(stream_east, -stream_south, strict=True):
        carried = -(south * to_south + east * to_east)
        found.append(np.einsum("cij,dij,ij->dc", carried, y, share, optimize=True) * (2 * n + 1)[:, None])
    return np.array(found)
