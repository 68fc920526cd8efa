"""Ground of horizontal layers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.segment.synthetic.rays import Floats


@dataclass(frozen=True, eq=False)
class Layers:
    """One entry per layer, from the surface down; the last one has no bottom."""

    top_m: Floats
    p_speed: Floats  # m/s
    s_speed: Floats
    density: Floats  # kg/m³
    p_quality: Floats
    s_quality: Floats

    def at(self, depth_m: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the number of the layer that holds each depth."""
        return np.maximum(np.searchsorted(self.top_m, depth_m, side="right") - 1, 0)


def draw_layers(
    rng: np.random.Generator, number: int, bottom_m: float, speed: tuple[float, float], quality: float
) -> Layers:
    """Return layers whose P speeds grow from one speed at the surface to the other at `bottom_m`, with inversions.

    Densities are Gardner's (1974), 310 v^1/4; speeds of S are of Castagna's (1985) mudrock line, not below a
    quarter of P's; Q of P grows with speed and is 1.5 times that of S.
    """
    thickness = rng.dirichlet(np.full(number, 4.0)) * bottom_m
    top = np.concatenate([[0.0], np.cumsum(thickness)[:-1]])
    middle = top + thickness / 2
    trend = speed[0] + (speed[1] - speed[0]) * (middle / bottom_m) ** 0.8
    p_speed = np.clip(trend * rng.lognormal(0, 0.08, number), 0.9 * speed[0], None)
    mudrock = (p_speed - 1360) / 1.16
    s_speed = np.maximum(mudrock * rng.uniform(0.95, 1.05), p_speed / 4)
    p_quality = quality * p_speed / speed[0] * rng.lognormal(0, 0.15, number)
    return Layers(top, p_speed, s_speed, 310 * p_speed**0.25, p_quality, p_quality / 1.5)
