"""Travel times on a grid of receiver, distance and depth, for the associator and for locating."""

import struct
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from terrella.pick.association.velocity import VelocityModel, travel_times

Floats = npt.NDArray[np.float64]

_STEP_KM = 1.0
_LEVEL_KM = 0.5  # at most, between receivers


@dataclass(frozen=True, eq=False)
class TravelTimeTable:
    """Times in s of the first P and S, (receiver, distance, depth).

    Distances count every `step_km` from 0, depths (below sea level) of sources every `step_km` and of receivers
    every `level_km` from `top_km`.
    """

    p: Floats
    s: Floats
    top_km: float
    level_km: float
    step_km: float = _STEP_KM

    def times(
        self, is_s: npt.NDArray[np.bool_], distance_km: Floats, depth_km: Floats, elevation_km: Floats
    ) -> Floats:
        """Return times of picks (pick,) by linear interpolation, from sources to stations at their elevations."""
        return self._between(self.p, self.s, is_s, distance_km, depth_km, elevation_km)

    def slopes(
        self, is_s: npt.NDArray[np.bool_], distance_km: Floats, depth_km: Floats, elevation_km: Floats
    ) -> tuple[Floats, Floats]:
        """Return by how much the times grow, in s per km of distance and of depth, (pick,) each."""
        along_distance, along_depth = (
            self._between(*slopes, is_s, distance_km, depth_km, elevation_km)
            for slopes in zip(*self._gradients, strict=True)
        )
        return along_distance, along_depth

    def level(self, elevation_km: float) -> tuple[Floats, Floats]:
        """Return the times of P and of S, (distance, depth), to a receiver at an elevation."""
        at = np.clip((-elevation_km - self.top_km) / self.level_km, 0, len(self.p) - 1)
        below = int(at)
        share = at - below
        above = min(below + 1, len(self.p) - 1)
        p, s = ((1 - share) * times[below] + share * times[above] for times in (self.p, self.s))
        return p, s

    @cached_property
    def _gradients(self) -> tuple[list[Floats], list[Floats]]:
        p, s = (np.gradient(table, self.step_km, axis=(1, 2)) for table in (self.p, self.s))
        return list(p), list(s)

    def _between(
        self,
        p: Floats,
        s: Floats,
        is_s: npt.NDArray[np.bool_],
        distance_km: Floats,
        depth_km: Floats,
        elevation_km: Floats,
    ) -> Floats:
        at = np.stack(
            [
                (-elevation_km - self.top_km) / self.level_km,
                distance_km / self.step_km,
                (depth_km - self.top_km) / self.step_km,
            ]
        )
        both = (map_coordinates(table, at, order=1, mode="nearest") for table in (s, p))
        return np.asarray(np.where(is_s, *both))


@lru_cache(2)  # a network that is watched is associated every few seconds
def make_table(
    model: VelocityModel, farthest_km: float, deepest_km: float, elevations_km: tuple[float, float]
) -> TravelTimeTable:
    """Return the table that reaches a distance and a depth, for stations between two elevations.

    No source is higher than the highest station: it would have a mirror image below.
    """
    lowest, highest = (-elevation for elevation in elevations_km)
    levels = np.linspace(highest, lowest, max(int(np.ceil((lowest - highest) / _LEVEL_KM)), 0) + 1)
    distance = np.arange(0, farthest_km + 2 * _STEP_KM, _STEP_KM)
    depth = np.arange(highest, deepest_km + 2 * _STEP_KM, _STEP_KM)
    p, s = (
        np.stack(
            [np.stack([travel_times(model, phase, z, distance, level) for z in depth], 1) for level in levels]
        )
        for phase in "PS"
    )
    apart = (lowest - highest) / (len(levels) - 1) if len(levels) > 1 else _LEVEL_KM
    return TravelTimeTable(p, s, highest, apart)


def write_pyocto_table(p: Floats, s: Floats, step_km: float, path: Path) -> None:
    """Write times (distance, depth) as PyOcto's layered model reads them: sizes and step, then P and S times."""
    header = struct.pack("iid", *p.shape, step_km)
    path.write_bytes(header + np.ascontiguousarray(p).tobytes() + np.ascontiguousarray(s).tobytes())
