"""A catalogue: earthquakes in order of time, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.earth.magnitude import reaches
from terrella.errors import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Events sorted by time; every array has one entry per event.

    Parameters
    ----------
    time_utc : array of datetime64[us] (event,)
        Not decreasing.
    longitude, latitude : array (event,)
        In degrees.
    depth_km : array (event,)
        In km, positive down, NaN where unknown.
    magnitude : array (event,)
        As the source has it.
    magnitude_type : array of int8 (event,)
        Codes into `magnitude_types`, −1 where unknown.
    magnitude_types : tuple of str
        Such as ml, mw.
    event_id : array of bytes (event,), optional
        None where the source names no events.
    name : str
        Of the catalogue, in messages.
    """

    time_utc: npt.NDArray[np.datetime64]  # datetime64[us]
    longitude: Floats
    latitude: Floats
    depth_km: npt.NDArray[np.float32]
    magnitude: Floats
    magnitude_type: npt.NDArray[np.int8]
    magnitude_types: tuple[str, ...] = ()
    event_id: npt.NDArray[np.bytes_] | None = None
    name: str = "catalogue"

    def __len__(self) -> int:
        return len(self.time_utc)

    def __getitem__(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> Catalogue:
        """Return the chosen events (a slice, boolean mask or indices), still in order of time."""
        per_event: dict[str, Any] = {
            f.name: value[chosen]
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), np.ndarray)
        }
        return replace(self, **per_event)

    def days_since(self, epoch: np.datetime64 | str) -> Floats:
        """Return event times as days since `epoch` (UTC)."""
        return np.asarray((self.time_utc - _time(epoch)) / np.timedelta64(86_400_000_000, "us"))

    def between(self, start: np.datetime64 | str, end: np.datetime64 | str) -> Catalogue:
        """Return the events with start ≤ time < end."""
        first, last = np.searchsorted(self.time_utc, [_time(start), _time(end)])
        return self[int(first) : int(last)]

    def above(self, magnitude: float) -> Catalogue:
        """Return the events of at least this magnitude."""
        return self[reaches(self.magnitude, magnitude)]


def make_catalogue(
    time_utc: npt.ArrayLike,
    longitude: npt.ArrayLike,
    latitude: npt.ArrayLike,
    magnitude: npt.ArrayLike,
    depth_km: npt.ArrayLike | None = None,
    name: str = "catalogue",
) -> Catalogue:
    """Return a catalogue from arrays, sorted by time; without depths they are unknown (NaN).

    Parameters
    ----------
    time_utc : array (event,)
        datetime64 or what numpy makes of it, in UTC.
    longitude, latitude : array (event,)
        In degrees.
    magnitude : array (event,)
        Of any scale.
    depth_km : array (event,), optional
        In km, positive down.
    name : str
        In messages.

    Raises
    ------
    InputError
        Where the arrays are of different lengths.
    """
    time = np.asarray(time_utc, "datetime64[us]")
    depth = np.full(len(time), np.nan) if depth_km is None else np.asarray(depth_km)
    sizes = [np.shape(each) for each in (time, longitude, latitude, magnitude, depth)]
    if len(set(sizes)) > 1:
        raise InputError(
            "times, longitudes, latitudes, magnitudes and depths of a catalogue must be of one length; got shapes "
            + ", ".join(map(str, sizes))
        )
    order = np.argsort(time, kind="stable")
    return Catalogue(
        time_utc=time[order],
        longitude=np.asarray(longitude, float)[order],
        latitude=np.asarray(latitude, float)[order],
        depth_km=depth.astype(np.float32)[order],
        magnitude=np.asarray(magnitude, float)[order],
        magnitude_type=np.full(len(time), -1, np.int8),
        name=name,
    )


def _time(value: np.datetime64 | str) -> np.datetime64:
    return np.array([value], "datetime64[us]")[0]
