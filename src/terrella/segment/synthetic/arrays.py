"""Where receivers lie and what they measure."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from terrella.segment.synthetic.rays import Floats, Rays

Sensor = Literal["vertical", "fibre"]


@dataclass(frozen=True)
class Array:
    """Receivers at even spacing: along the surface, or down a well that turns horizontal at a depth.

    Geophones measure vertical velocity, fibres the rate of strain along themselves.
    """

    sensor: Sensor
    spacing_m: float
    first_m: float  # depth of the first receiver
    turn_m: float  # depth at which the well turns; the first receiver's for a line along the surface
    surface: bool


@dataclass(frozen=True, eq=False)
class Receivers:
    """Coordinates in metres, along the line's plane and down, and the direction in which each measures."""

    x_m: Floats
    depth_m: Floats
    axis: Floats  # (receiver, 2): along x and down; unit vectors


def place(array: Array, traces: int) -> Receivers:
    """Return the first `traces` receivers of an array."""
    way = np.arange(traces) * array.spacing_m
    vertical = array.turn_m - array.first_m
    upright = way < vertical
    x = np.where(upright, 0.0, way - vertical)
    depth = np.where(upright, array.first_m + way, array.turn_m)
    down = np.ones(traces) if array.sensor == "vertical" else upright.astype(float)
    return Receivers(x, depth, np.stack([1 - down, down], 1))


def response(
    array: Array, receivers: Receivers, azimuth: Floats, rays: Rays, motion: Floats, speed: npt.ArrayLike
) -> Floats:
    """Return what unit velocity along `motion` (receiver, 3: north, east, down) writes on each receiver.

    The line runs north. Strain along a fibre is velocity along it times slowness along it, in units of one over
    1 km/s: a fibre is blind to P across it and to S along it or across it.
    """
    axis = np.stack([receivers.axis[:, 0], np.zeros(len(motion)), receivers.axis[:, 1]], 1)
    seen = np.einsum("ji,ji->j", motion, axis)
    if array.sensor == "fibre":
        travel = np.stack(
            [rays.arrival[:, 0] * np.cos(azimuth), rays.arrival[:, 0] * np.sin(azimuth), rays.arrival[:, 1]],
            1,
        )
        seen = seen * np.einsum("ji,ji->j", travel, axis) * 1000 / np.asarray(speed)
    return 2 * seen if array.surface else seen  # the free surface doubles
