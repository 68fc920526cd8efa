"""Traces of events at stations: a window from P on without its amplitude, and scalars that keep it."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SCALARS = (
    "wood_anderson", "peak_vertical", "peak_horizontal", "p_peak", "noise", "p_frequency", "frequency",
    "horizontals",
    "elevation", "sampling_rate", "seen",
)  # fmt: skip
ABOUT = {
    "wood_anderson": "log₁₀ of the peak that a Wood–Anderson seismometer would have written on the horizontals",
    "peak_vertical": "log₁₀ of the peak on the vertical",
    "peak_horizontal": "log₁₀ of the peak on the horizontals",
    "p_peak": "log₁₀ of the peak in the 2 s after P",
    "noise": "log₁₀ of the root mean square before P",
    "p_frequency": "log₁₀ of the mean frequency (Hz) of the 3 s after P",
    "frequency": "log₁₀ of the mean frequency (Hz) of the window",
    "horizontals": "1 where horizontals were recorded, else 0",
    "elevation": "of the station, in km",
    "sampling_rate": "log₁₀ of the rate (Hz) of the record",
    "seen": "share of the window that was recorded",
}
MAGNITUDE, DISTANCE = "magnitude", "distance"
QUANTITIES = (MAGNITUDE, DISTANCE)
NEAREST_KM = 0.1  # what is nearer counts as this
BEFORE_S = 2.0  # of the window, before P


@dataclass(frozen=True, eq=False)
class Traces:
    """Traces of events at stations, (trace, …) each.

    Parameters
    ----------
    window : array of float16 (trace, 3, sample)
        Z, N, E from 2 s before P on; asinh of 50 times the samples over the largest of them.
    scalars : array (trace, scalar)
        Those of `SCALARS`; amplitudes in the data set's unit, NaN where unknown.
    sp_s : array
        Time from P to S in s, by picks, NaN where there is none.
    magnitude, distance_km : array
        NaN where unknown.
    event, station, name : array of str
        Which traces share an event or a station, and their own names.
    row : array of int
        Row of the metadata, from 1 on.
    kind : str
        Of the distances: hypocentral or epicentral.
    unit : str
        Of the samples: m/s, counts and the like; blank where unknown.
    findings : tuple of str
        What was found in the data set.
    """

    window: npt.NDArray[np.float16]
    scalars: Floats
    sp_s: Floats
    magnitude: Floats
    distance_km: Floats
    event: npt.NDArray[Any]
    station: npt.NDArray[Any]
    name: npt.NDArray[Any]
    row: npt.NDArray[np.int64]
    kind: str = "hypocentral"
    unit: str = "m/s"
    findings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.row)

    def rows(self, chosen: npt.NDArray[Any]) -> "Traces":
        """Return some traces."""
        arrays = {
            each.name: getattr(self, each.name)[chosen]
            for each in fields(self)
            if isinstance(getattr(self, each.name), np.ndarray)
        }
        return replace(self, **arrays)

    def targets(self) -> Floats:
        """Return magnitudes and log₁₀ of distances in km, (trace, 2)."""
        with np.errstate(divide="ignore"):
            return np.stack([self.magnitude, np.log10(self.distance_km)], 1)
