"""Compute the table of travel times that comes with the package, `src/terrella/earth/ak135.npz`; seconds.

TauP's curves T(Δ) are read at the table's distances by cubics that keep their slope, the ray parameter.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from obspy.taup import TauPyModel
from obspy.taup.seismic_phase import SeismicPhase

from terrella.earth.travel_times import ABSENT, PHASES, TABLE

Floats = npt.NDArray[np.float64]

DEPTHS_KM = np.array(
    [0, 1, 2, 3, 4.5, 6, 8, 10, 12.5, 15, 17.5, 20, 22.5, 25, 27.5, 30, 32.5, 35,
     40, 50, 60, 70, 85, 100, 125, 150, 175, 210, 250, 300, 350, 410, 450, 500, 550, 600, 660, 700.0]
)  # fmt: skip
DISTANCES_DEG = np.concatenate([np.arange(0, 3, 0.02), np.arange(3, 30, 0.1), np.arange(30, 100.1, 0.5)])
# What TauP calls the waves that arrive first of their kind at any distance, and those that go straight.
LEGS = {
    "P": ("p", "P", "Pn", "Pdiff"), "S": ("s", "S", "Sn", "Sdiff"), "Pg": ("p", "Pg"), "Sg": ("s", "Sg"),
}  # fmt: skip


def main() -> None:
    model = TauPyModel("ak135").model
    table = {name: np.full((len(DEPTHS_KM), len(DISTANCES_DEG)), np.inf) for name in PHASES}
    for i, depth in enumerate(DEPTHS_KM):
        corrected = model.depth_correct(depth)
        for name, seconds in table.items():
            for leg in LEGS.get(name, (name,)):
                seconds[i] = np.minimum(seconds[i], _first(SeismicPhase(leg, corrected)))
    np.savez_compressed(TABLE, depth_km=DEPTHS_KM, distance_deg=DISTANCES_DEG, **packed(table))
    print(f"written {TABLE}: {TABLE.stat().st_size / 1024:.0f} KiB")


def packed(seconds: Mapping[str, Floats]) -> dict[str, npt.NDArray[np.int32]]:
    """Return times (depth, distance) as the file holds them: milliseconds, differences along the distance."""
    files = {}
    for phase, times in seconds.items():
        whole = np.where(np.isfinite(times), np.round(1000 * times), ABSENT).astype(np.int32)
        files[phase] = np.diff(whole, axis=1, prepend=np.int32(0))
    return files


def _first(phase: SeismicPhase) -> Floats:
    """Return the time of the first arrival at each distance, infinite where there is none."""
    asked = np.radians(DISTANCES_DEG)
    found = np.full(len(asked), np.inf)
    for a, b in zip(range(len(phase.dist) - 1), range(1, len(phase.dist)), strict=True):
        width = phase.dist[b] - phase.dist[a]
        slope = 0.5 * (phase.ray_param[a] + phase.ray_param[b])
        rise = phase.time[b] - phase.time[a]
        shadow = abs(rise - slope * width) > 0.5
        if width == 0 or shadow:
            continue
        x = (asked - phase.dist[a]) / width
        inside = (x >= -1e-9) & (x <= 1 + 1e-9)
        x = x[inside]
        hermite = (
            phase.time[a] * (1 + 2 * x) * (1 - x) ** 2
            + phase.ray_param[a] * width * x * (1 - x) ** 2
            + phase.time[b] * x**2 * (3 - 2 * x)
            + phase.ray_param[b] * width * x**2 * (x - 1)
        )
        found[inside] = np.minimum(found[inside], hermite)
    return found


if __name__ == "__main__":
    main()
