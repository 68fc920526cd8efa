"""Records of ground motion as arrays: one row for each record of an event at a station."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MECHANISMS = ("U", "SS", "NS", "RS")  # unspecified, strike-slip, normal, reverse
RJB_FROM = (
    "given",
    "rupture distance and depth of its top",
    "epicentral distance and a fault of the magnitude's length",
    "epicentral distance from coordinates, and a fault of the magnitude's length",
)


@dataclass(frozen=True, eq=False)
class Flatfile:
    """Records of ground motion, each array (record,) or (record, measure).

    Parameters
    ----------
    event, station : array of str
        Which records share an event or a station.
    magnitude : array
        Moment magnitude.
    rjb_km : array
        Joyner–Boore distance in km.
    rjb_from : array of int
        Where it came from, as a position in `RJB_FROM`.
    vs30_m_s : array
        Mean shear-wave velocity of the uppermost 30 m, in m/s.
    depth_km : array
        Hypocentral depth in km, NaN where unknown.
    mechanism : array of int
        Position in `MECHANISMS`.
    event_longitude, event_latitude, station_longitude, station_latitude : array
        Degrees, NaN where unknown.
    year : array
        When it was, in years, NaN where unknown.
    measures : tuple of str
        PGA, PGV, SA(T) with T in s.
    ln_motion : array (record, measure)
        Natural logarithm of motion in g, of PGV in cm/s; NaN where there is none.
    row : array of int
        Line of the file that a record stands on.
    findings : tuple of str
        What was found in the file.
    """

    event: npt.NDArray[Any]
    station: npt.NDArray[Any]
    magnitude: Floats
    rjb_km: Floats
    rjb_from: npt.NDArray[np.int64]
    vs30_m_s: Floats
    depth_km: Floats
    mechanism: npt.NDArray[np.int64]
    event_longitude: Floats
    event_latitude: Floats
    station_longitude: Floats
    station_latitude: Floats
    year: Floats
    measures: tuple[str, ...]
    ln_motion: Floats
    row: npt.NDArray[np.int64]
    findings: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.magnitude)

    def rows(self, kept: npt.NDArray[Any]) -> "Flatfile":
        """Return some of the records, by truth values or positions."""
        names = [each.name for each in fields(self) if each.name not in ("measures", "findings")]
        return replace(self, **{name: getattr(self, name)[kept] for name in names})

    def of_measures(self, names: tuple[str, ...]) -> "Flatfile":
        """Return the records with these measures, in this order."""
        at = [self.measures.index(name) for name in names]
        return replace(self, measures=names, ln_motion=self.ln_motion[:, at])


def numbered(labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return labels (n,) as numbers from 0 on."""
    return np.asarray(np.unique(labels, return_inverse=True)[1]).reshape(-1)


def scenarios(magnitude: Floats, rjb_km: Floats, vs30_m_s: Floats, mechanism: str = "SS") -> Flatfile:
    """Return scenarios (n,) as records without motions, of one event each, at a depth, place and time not known."""
    n = len(magnitude)
    nothing = np.full(n, np.nan)
    return Flatfile(
        event=np.arange(n).astype(str), station=np.arange(n).astype(str), magnitude=magnitude, rjb_km=rjb_km,
        rjb_from=np.zeros(n, int), vs30_m_s=vs30_m_s, depth_km=nothing,
        mechanism=np.full(n, MECHANISMS.index(mechanism)), event_longitude=nothing, event_latitude=nothing,
        station_longitude=nothing, station_latitude=nothing, year=nothing, measures=(), ln_motion=np.zeros((n, 0)),
        row=np.arange(n) + 2,
    )  # fmt: skip
