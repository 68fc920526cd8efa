"""Events as a file holds them, before anything is checked."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.catalogues.findings import Finding

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A file and the way its rows (counted from 0) are named to the user, e.g. 'row 3 (line 4)'."""

    file: str
    name_row: Callable[[int], str]

    def error(self, row: int, message: str) -> InputError:
        """Return the error for a row, to be raised by the caller."""
        return InputError(f"{self.file}, {self.name_row(row)}: {message}")


@dataclass(frozen=True, eq=False)
class RawEvents:
    """Events in the order of the file; missing times are NaT, missing numbers NaN, missing codes −1.

    `event_type` holds codes into `event_types` ("earthquake", "quarry blast", …) or is None where the
    format has no such thing.
    """

    time_utc: npt.NDArray[np.datetime64]  # datetime64[us]
    longitude: Floats
    latitude: Floats
    depth_km: npt.NDArray[np.float32]
    magnitude: Floats
    magnitude_type: npt.NDArray[np.int8]
    magnitude_types: tuple[str, ...]
    event_id: npt.NDArray[np.bytes_] | None
    event_type: npt.NDArray[np.int8] | None
    event_types: tuple[str, ...]
    row: npt.NDArray[np.int64]  # position in the file, from 0
    place: Place
    status: npt.NDArray[np.int8] | None = None  # codes into the words that say an event was taken back
    statuses: tuple[str, ...] = ()
    found: tuple[Finding, ...] = ()  # on reading
    column_names: tuple[tuple[str, str], ...] = ()  # (our name, the file's name) where the file names columns

    def __len__(self) -> int:
        return len(self.time_utc)

    def __getitem__(self, chosen: npt.NDArray[Any] | slice) -> "RawEvents":
        """Return the chosen events (boolean mask, indices or slice)."""
        per_event: dict[str, Any] = {
            f.name: value[chosen]
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), np.ndarray)
        }
        return replace(self, **per_event)

    def column(self, name: str) -> str:
        """Return what the file calls one of our columns."""
        return dict(self.column_names).get(name, name)


def encode_names(
    names: list[str | None], what: str, file: str
) -> tuple[npt.NDArray[np.int8], tuple[str, ...]]:
    """Return codes (−1 for None or blank) and the distinct names in order of first appearance."""
    known: dict[str, int] = {}
    codes = [known.setdefault(name, len(known)) if name else -1 for name in names]
    if len(known) > 127:
        raise InputError(
            f"{file}: {len(known)} different values of {what}; expected at most 127; is it the right column?"
        )
    return np.asarray(codes, np.int8), tuple(known)
