"""Travel times of the first P and S arrivals in flat layers, for local and regional distances."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.formats.encoding import decoded

Floats = npt.NDArray[np.float64]

_RAYS = 3000  # of a direct wave, between which times are interpolated
_COLUMNS = ("depth_km", "vp_km_s", "vs_km_s")


@dataclass(frozen=True)
class VelocityModel:
    """Layers of constant velocity; the last one goes down without end."""

    top_km: tuple[float, ...]  # of each layer, the first is 0
    p_km_s: tuple[float, ...]
    s_km_s: tuple[float, ...]
    name: str = "velocity model"

    def velocities(self, phase: str) -> Floats:
        """Return the velocities of P or of S, (layer,)."""
        return np.array(self.p_km_s if phase == "P" else self.s_km_s)

    def layer(self, depth_km: float) -> int:
        """Return the number of the layer at a depth; above sea level it is the first."""
        return max(int(np.searchsorted(self.top_km, depth_km, "right")) - 1, 0)


# The crust and the uppermost mantle of ak135 (Kennett et al. 1995).
AK135_CRUST = VelocityModel((0.0, 20.0, 35.0), (5.80, 6.50, 8.04), (3.46, 3.85, 4.48), "crust of ak135")


def homogeneous(p_km_s: float, s_km_s: float) -> VelocityModel:
    """Return a half-space."""
    return VelocityModel((0.0,), (p_km_s,), (s_km_s,), "homogeneous")


def read_velocity_model(path: Path) -> VelocityModel:
    """Return layers from a CSV file with the columns depth_km (of the layer's top), vp_km_s and vs_km_s.

    Raises:
        InputError: where a column is missing or the layers make no sense.
    """
    import pandas as pd

    must_exist(path, "a table of layers was")
    try:
        text = decoded(path.read_bytes(), str(path)).text
        table = pd.read_csv(io.StringIO(text), comment="#", skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no readable table ({str(error).splitlines()[0][:120]})") from error
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; expected {', '.join(_COLUMNS)}, a layer per row"
        )
    layers = table[list(_COLUMNS)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    depth, p, s = layers.T
    wrong = ~np.isfinite(layers).all(1) | (p <= s) | (s <= 0)
    wrong |= np.append([depth[:1] != 0], np.diff(depth) <= 0) if len(depth) else wrong
    if len(depth) == 0 or wrong.any():
        row = int(wrong.argmax()) + 1 if len(depth) else 0
        raise InputError(
            f"{path} row {row}: expected layers from depth 0 downward with vp_km_s > vs_km_s > 0; correct the row"
        )
    return VelocityModel(tuple(depth), tuple(p), tuple(s), path.stem)


def travel_times(
    model: VelocityModel, phase: str, depth_km: float, distance_km: Floats, receiver_km: float = 0.0
) -> Floats:
    """Return times in s of the direct or a head wave, whichever is first, from a source to a receiver.

    Both depths are in km below sea level; above it, the first layer goes on. `distance_km` (n,) is horizontal,
    ascending.
    """
    top, velocity = np.array(model.top_km), model.velocities(phase)
    top[0] = -np.inf
    bottom = np.append(top[1:], np.inf)
    upper, lower = sorted((depth_km, receiver_km))

    def crossed(first: float, last: float) -> Floats:
        """Return km of each layer between two depths."""
        return np.maximum(np.minimum(bottom, last) - np.maximum(top, first), 0.0)

    times = _direct(crossed(upper, lower), velocity, distance_km, model.layer(lower))
    for k in range(1, len(top)):
        way = (crossed(upper, top[k]) + crossed(lower, top[k]))[:k]
        if lower <= top[k] and velocity[k] > velocity[:k].max(where=way > 0, initial=0.0):
            times = np.minimum(times, _head(way, velocity[:k], velocity[k], distance_km))
    return times


def _direct(between: Floats, velocity: Floats, distance_km: Floats, layer: int) -> Floats:
    crossed = between > 1e-6
    if not crossed.any():
        return distance_km / velocity[layer]
    thickness, speed = between[crossed], velocity[crossed]
    fastest = int(speed.argmax())
    # Rays by their slope in the fastest layer: none turns before, and the last one reaches the farthest point.
    steepest = max(float(distance_km[-1]) / thickness[fastest], 1.0) * 1.01
    slope = np.concatenate([[0.0], np.geomspace(1e-3, steepest, _RAYS)])
    parameter = slope / np.sqrt(1 + slope**2) / speed[fastest]
    cosine = np.sqrt(np.maximum(1 - (parameter[:, None] * speed) ** 2, 1e-300))
    cosine[:, fastest] = 1 / np.sqrt(1 + slope**2)
    reached = (thickness * parameter[:, None] * speed / cosine).sum(1)
    took = (thickness / (speed * cosine)).sum(1)
    return np.interp(distance_km, reached, took)


def _head(crossed: Floats, velocity: Floats, below: float, distance_km: Floats) -> Floats:
    """Return times of the wave along an interface, infinite before it arrives."""
    crossed, velocity = crossed[crossed > 0], velocity[crossed > 0]
    sine = velocity / below
    cosine = np.sqrt(1 - sine**2)
    critical = (crossed * sine / cosine).sum()
    times = distance_km / below + (crossed * cosine / velocity).sum()
    return np.where(distance_km >= critical, times, np.inf)
