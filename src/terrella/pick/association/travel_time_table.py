"""Travel times on a grid of distance and depth, for the associator and for locating."""

import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from terrella.pick.association.velocity import VelocityModel, travel_times

Floats = npt.NDArray[np.float64]

_STEP_KM = 1.0


@dataclass(frozen=True, eq=False)
class TravelTimeTable:
    """Times in s of the first P and S at sea level, (distance, depth), every `step_km` from 0."""

    p: Floats
    s: Floats
    step_km: float
    surface_p_km_s: float
    surface_s_km_s: float

    def times(
        self, is_s: npt.NDArray[np.bool_], distance_km: Floats, depth_km: Floats, elevation_km: Floats
    ) -> Floats:
        """Return times of picks (pick,) by linear interpolation; the elevation is climbed upright."""
        climb = elevation_km / np.where(is_s, self.surface_s_km_s, self.surface_p_km_s)
        return self._between(self.p, self.s, is_s, distance_km, depth_km) + climb

    def slopes(
        self, is_s: npt.NDArray[np.bool_], distance_km: Floats, depth_km: Floats
    ) -> tuple[Floats, Floats]:
        """Return by how much the times grow, in s per km of distance and of depth, (pick,) each."""
        along_distance, along_depth = (
            self._between(*slopes, is_s, distance_km, depth_km)
            for slopes in zip(*self._gradients, strict=True)
        )
        return along_distance, along_depth

    @cached_property
    def _gradients(self) -> tuple[list[Floats], list[Floats]]:
        p, s = (np.gradient(table, self.step_km) for table in (self.p, self.s))
        return list(p), list(s)

    def _between(
        self, p: Floats, s: Floats, is_s: npt.NDArray[np.bool_], distance_km: Floats, depth_km: Floats
    ) -> Floats:
        at = np.stack([distance_km, depth_km]) / self.step_km
        both = (map_coordinates(table, at, order=1, mode="nearest") for table in (s, p))
        return np.asarray(np.where(is_s, *both))


def make_table(model: VelocityModel, farthest_km: float, deepest_km: float) -> TravelTimeTable:
    """Return the table that reaches a distance and a depth."""
    distance, depth = (np.arange(0, end + 2 * _STEP_KM, _STEP_KM) for end in (farthest_km, deepest_km))
    p, s = (np.stack([travel_times(model, phase, z, distance) for z in depth], 1) for phase in "PS")
    return TravelTimeTable(p, s, _STEP_KM, model.p_km_s[0], model.s_km_s[0])


def write_pyocto_table(table: TravelTimeTable, path: Path) -> None:
    """Write the table in the form that PyOcto's layered model reads: sizes and step, then P and S times."""
    header = struct.pack("iid", *table.p.shape, table.step_km)
    path.write_bytes(
        header + np.ascontiguousarray(table.p).tobytes() + np.ascontiguousarray(table.s).tobytes()
    )
