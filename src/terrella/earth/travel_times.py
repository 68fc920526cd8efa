"""Travel times of seismic phases through ak135 (Kennett, Engdahl & Buland 1995), from a table.

The table was computed from the curves of ObsPy's TauP by `scripts/travel_time_table.py`; between its points times
are interpolated linearly, within 0.1 s of TauP.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RegularGridInterpolator

from terrella.errors import InputError

Floats = npt.NDArray[np.float64]

# Phases of the table. "P" and "S" are the first arrivals of their kind, whatever their path; "Pg" and "Sg" go
# straight or turn in the crust, "Pn" and "Sn" run along the Moho.
PHASES = ("P", "S", "Pg", "Sg", "Pn", "Sn", "pP", "PcP", "PP", "sS")
TABLE = Path(__file__).with_name("ak135.npz")
KM_PER_DEGREE = 111.195

ABSENT = -1  # in the file's milliseconds


def travel_time_s(phase: str, distance_deg: npt.ArrayLike, depth_km: npt.ArrayLike) -> Floats:
    """Return travel times in s for distances in degrees (to 100) and depths in km (to 700), broadcast together.

    NaN where the phase does not arrive.

    Raises:
        InputError: where the table has no such phase.
    """
    if phase not in PHASES:
        raise InputError(f"there is no phase {phase!r} in the table; there are {', '.join(PHASES)}")
    distance, depth = np.broadcast_arrays(np.asarray(distance_deg, float), np.asarray(depth_km, float))
    times = _interpolator(phase)(np.stack([depth, distance], -1))
    return np.asarray(times).reshape(distance.shape)


@cache
def _interpolator(phase: str) -> RegularGridInterpolator:
    with np.load(TABLE) as table:
        axes = (table["depth_km"], table["distance_deg"])
        milliseconds = np.cumsum(table[phase], axis=1)
    seconds = np.where(milliseconds == ABSENT, np.nan, milliseconds / 1000.0)
    return RegularGridInterpolator(axes, seconds, bounds_error=False, fill_value=np.nan)
