"""All that was ever known of each event, and when: what a catalogue was at any time of the past."""

from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.formats.catalogues.catalogue import Catalogue, Floats

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Versions:
    """One row for each thing that became known, in the order in which it did; arrays (row,).

    Parameters
    ----------
    event_id : array of str
    seen_us, time_us : array of int64
        Microseconds since 1970, UTC.
    deleted : array of bool
        The event was withdrawn.
    longitude, latitude, depth_km, magnitude : array
        Degrees, km (NaN where unknown).
    magnitude_type, place : array of str
    """

    event_id: npt.NDArray[np.object_]
    seen_us: Times
    deleted: npt.NDArray[np.bool_]
    time_us: Times
    longitude: Floats
    latitude: Floats
    depth_km: Floats
    magnitude: Floats
    magnitude_type: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.seen_us)

    def __getitem__(self, chosen: Any) -> "Versions":
        """Return chosen rows."""
        return Versions(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @cached_property
    def _once(self) -> bool:
        """Whether no event was revised or withdrawn."""
        return len(set(self.event_id)) == len(self) and not self.deleted.any()

    def latest(self) -> "Versions":
        """Return the last version of each event that is not withdrawn."""
        return self[self._standing(np.arange(len(self)))]

    def known_at(self, time_us: int) -> "Versions":
        """Return what was known at a time of events before it, in the order of their times."""
        rows = self._standing(np.flatnonzero(self.seen_us <= time_us))
        rows = rows[self.time_us[rows] < time_us]
        return self[rows[np.lexsort([self.event_id[rows].astype(str), self.time_us[rows]])]]

    def _standing(self, rows: Times) -> Times:
        """Return those of ascending rows that no later one of them revises or withdraws."""
        if self._once:
            return rows
        last = {event: row for row, event in zip(rows.tolist(), self.event_id[rows], strict=True)}
        rows = np.array(sorted(last.values()), np.int64)
        return rows[~self.deleted[rows]]

    def hash(self) -> str:
        """Return a hash of the events' times, places and magnitudes, bit by bit."""
        known = sha256()
        for name in ("time_us", "longitude", "latitude", "depth_km", "magnitude"):
            values = getattr(self, name)
            known.update(
                np.where(values == values, values, 0).tobytes()
            )  # an unknown depth has many bit patterns
        return known.hexdigest()

    def catalogue(self, name: str) -> Catalogue:
        """Return the events, in order of time, as a catalogue."""
        types = sorted({kind for kind in self.magnitude_type if kind})
        codes = {kind: code for code, kind in enumerate(types)} | {"": -1}
        return Catalogue(
            time_utc=self.time_us.astype("datetime64[us]"),
            longitude=self.longitude,
            latitude=self.latitude,
            depth_km=self.depth_km.astype(np.float32),
            magnitude=self.magnitude,
            magnitude_type=np.array([codes[kind] for kind in self.magnitude_type], np.int8),
            magnitude_types=tuple(types),
            event_id=self.event_id.astype(str).astype(bytes) if self.event_id.size else None,
            name=name,
        )


def from_catalogue(catalogue: Catalogue, seen_us: int | None = None) -> Versions:
    """Return the events of a catalogue as they became known: all at one time, or each as it happened."""
    time = catalogue.time_utc.astype("datetime64[us]").astype(np.int64)
    types = np.array([*catalogue.magnitude_types, ""], object)
    return Versions(
        event_id=_ids(catalogue, time),
        seen_us=time.copy() if seen_us is None else np.full(len(time), seen_us),
        deleted=np.zeros(len(time), bool),
        time_us=time,
        longitude=np.asarray(catalogue.longitude, float),
        latitude=np.asarray(catalogue.latitude, float),
        depth_km=np.asarray(catalogue.depth_km, float),
        magnitude=np.asarray(catalogue.magnitude, float),
        magnitude_type=types[catalogue.magnitude_type],
    )


def _ids(catalogue: Catalogue, time: Times) -> npt.NDArray[np.object_]:
    """Return the source's ids, or what tells events apart where it has none: time, place, which of equal ones."""
    if catalogue.event_id is not None:
        ids = catalogue.event_id.astype(str).astype(object)
        if len(set(ids)) == len(ids):
            return ids
    seen: dict[str, int] = {}
    named = []
    for when, lon, lat in zip(time.tolist(), catalogue.longitude, catalogue.latitude, strict=True):
        name = f"{when}/{lon:.4f}/{lat:.4f}"
        seen[name] = seen.get(name, 0) + 1
        named.append(name if seen[name] == 1 else f"{name}/{seen[name]}")
    return np.array(named, object)


def joined(*parts: Versions) -> Versions:
    """Return the rows of all, in this order."""
    names = [each.name for each in fields(Versions)]
    return Versions(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def no_versions() -> Versions:
    """Return an empty history."""
    integers, numbers, texts = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, object)
    return Versions(texts, integers, np.zeros(0, bool), integers, numbers, numbers, numbers, numbers, texts)
