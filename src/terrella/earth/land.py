"""Outlines of land, from Natural Earth (public domain), stored with the package."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from terrella.earth.sphere import Floats

Detail = Literal["110m", "50m"]

_FILE = Path(__file__).with_name("land.npz")


@lru_cache
def land_rings(detail: Detail) -> tuple[Floats, ...]:
    """Return closed rings (n, 2) of longitude and latitude in degrees; 110m suits the globe, 50m a region.

    Longitudes run on across the date line instead of jumping, and the ring of Antarctica closes over the pole.
    """
    with np.load(_FILE) as stored:
        points = stored[f"points_{detail}"] / 100.0
        ends = np.cumsum(stored[f"lengths_{detail}"])[:-1]
    # One ring of Natural Earth runs along the pole itself and encloses nothing.
    return tuple(_unwrapped(ring) for ring in np.split(points, ends) if np.ptp(ring[:, 1]) > 0)


def _unwrapped(ring: Floats) -> Floats:
    turned = -np.cumsum(np.round(np.diff(ring[:, 0]) / 360))
    longitude = ring[:, 0] + 360 * np.append(0, turned)
    ring = np.stack([longitude, ring[:, 1]], axis=1)
    turns = longitude[-1] - longitude[0]
    if abs(turns) > 180:
        # Around the pole: down to it and back along the parallel of the pole.
        pole = np.sign(ring[:, 1].mean()) * 90
        ring = np.concatenate([ring, [[longitude[-1], pole], [longitude[0], pole], ring[0]]])
    return ring
