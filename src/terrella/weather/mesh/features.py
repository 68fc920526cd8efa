"""What nodes and edges know of where they are (Lam et al. 2023, supplement 3.2.2 and 3.2.3)."""

import numpy as np

from terrella.weather.mesh.icosahedron import Floats, Integers

NODE, EDGE = 3, 4  # numbers of features


def on_sphere(lat: Floats, lon: Floats) -> Floats:
    """Return points of the unit sphere, (point, 3), of latitudes and longitudes in degrees."""
    phi, theta = np.deg2rad(lon), np.deg2rad(lat)
    return np.stack([np.cos(phi) * np.cos(theta), np.sin(phi) * np.cos(theta), np.sin(theta)], axis=-1)


def node_features(points: Floats) -> Floats:
    """Return sine of latitude, cosine and sine of longitude, (node, 3)."""
    longitude = np.arctan2(points[:, 1], points[:, 0])
    return np.stack([points[:, 2], np.cos(longitude), np.sin(longitude)], axis=1)


def edge_features(senders: Floats, receivers: Floats, edges: Integers) -> Floats:
    """Return length and relative position of the sender, (edge, 4), over the length of the longest edge.

    Positions are seen from the receiver: turned with it to longitude and latitude zero.
    """
    relative = _turned(senders[edges[:, 0]], receivers[edges[:, 1]]) - np.array([1.0, 0.0, 0.0])
    length = np.linalg.norm(relative, axis=1, keepdims=True)
    found: Floats = np.concatenate([length, relative], axis=1) / length.max()
    return found


def _turned(points: Floats, towards: Floats) -> Floats:
    """Return points turned about the axis, then towards the equator, as brings `towards` to (1, 0, 0)."""
    x, y, z = points.T
    east, north, up = towards.T
    level = np.hypot(east, north)
    with np.errstate(invalid="ignore", divide="ignore"):
        cos, sin = (np.where(level > 0, each / level, one) for each, one in ((east, 1.0), (north, 0.0)))
    along, across = cos * x + sin * y, cos * y - sin * x
    return np.stack([level * along + up * z, across, level * z - up * along], axis=1)
