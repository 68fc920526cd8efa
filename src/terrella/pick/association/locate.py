"""The hypocentre that fits an event's picks best."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from terrella.pick.association.travel_time_table import TravelTimeTable

Floats = npt.NDArray[np.float64]

_DEPTHS_KM = (5.0, 15.0, 35.0)  # below the top, of starts beside the given one: depth trades against time
_SCALE_S = 0.3  # beyond which residuals count linearly rather than by their square


def locate(
    table: TravelTimeTable,
    start: Floats,
    sites: Floats,
    is_s: npt.NDArray[np.bool_],
    time_s: Floats,
    low: Floats,
    high: Floats,
) -> tuple[Floats, Floats]:
    """Return the hypocentre x, y, depth (km) and time (s), and the residuals in s of the picks.

    The sum of soft absolute residuals is smallest there, between `low` and `high` (x, y, depth), seen from `start`
    (x, y, depth, time) and from the same place at other depths. `sites` (pick, 3) are x, y and elevation in km of
    the picks' stations.
    """

    def way(at: Floats) -> tuple[Floats, Floats, Floats]:
        east, north = at[0] - sites[:, 0], at[1] - sites[:, 1]
        return east, north, np.hypot(east, north)

    def travel(at: Floats) -> Floats:
        return table.times(is_s, way(at)[2], np.full(len(sites), at[2]), sites[:, 2])

    def residuals(at: Floats) -> Floats:
        return np.asarray(time_s - at[3] - travel(at))

    def jacobian(at: Floats) -> Floats:
        east, north, distance = way(at)
        slope, deeper = table.slopes(is_s, distance, np.full(len(sites), at[2]), sites[:, 2])
        outward = slope / np.maximum(distance, 1e-6)
        return -np.column_stack([outward * east, outward * north, deeper, np.ones(len(sites))])

    bounds = (np.append(low, -np.inf), np.append(high, np.inf))
    best = None
    for depth in (start[2], *(low[2] + below for below in _DEPTHS_KM)):
        at = np.append(np.clip([start[0], start[1], depth], low + 1e-3, high - 1e-3), 0.0)
        at[3] = np.median(time_s - travel(at))
        found = least_squares(
            residuals, at, jacobian, bounds, x_scale="jac", loss="soft_l1", f_scale=_SCALE_S
        )
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None
    return best.x, residuals(best.x)
