"""How much points and channels count in the loss (Lam et al. 2023, supplement 4.2)."""

from collections.abc import Mapping, Sequence

import numpy as np

from terrella.weather.mesh.icosahedron import Floats

# Of surface variables, so that they do not outweigh those of whole columns.
SURFACE = {
    "2m_temperature": 1.0,
    "10m_u_component_of_wind": 0.1,
    "10m_v_component_of_wind": 0.1,
    "mean_sea_level_pressure": 0.1,
    "total_precipitation_6hr": 0.1,
}


def area_weights(lat: Floats, longitudes: int) -> Floats:
    """Return the areas that grid points stand for, (latitude · longitude), of mean 1.

    A row reaches half-way to its neighbours; the first and the last one reach the poles.
    """
    lat = np.asarray(lat, np.float64)
    between = np.concatenate([[-90.0], (lat[1:] + lat[:-1]) / 2, [90.0]])
    rows = np.diff(np.sin(np.deg2rad(between)))
    found: Floats = np.repeat(rows / rows.mean(), longitudes)
    return found


def channel_weights(
    channels: Sequence[tuple[str, float | None]], variables: Mapping[str, float] | None = None
) -> Floats:
    """Return the weight of each channel: a variable, and its pressure in hPa where it has levels.

    Levels of a variable share its weight in proportion to their pressure. `variables` are weights of variables,
    by default 1, and for surface variables those of the paper.
    """
    weights = SURFACE | dict(variables or {})
    levels: dict[str, float] = {}
    for name, pressure in channels:
        levels[name] = levels.get(name, 0.0) + (pressure or 1.0)
    return np.array(
        [weights.get(name, 1.0) * (pressure or 1.0) / levels[name] for name, pressure in channels]
    )
