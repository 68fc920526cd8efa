"""DAS records of instruments that DASCore knows, read through it where it is installed.

DASCore reads such a record whole; the last one is kept. Of its formats those are left out that run what a file
holds (pickle, and HDF5 by PyTables, which unpickles attributes) and those that hold no DAS.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.clock import read_clock
from terrella.formats.sections.hdf5_samples import opened_hdf5
from terrella.formats.sections.section import Corner, Section, Unit, checked_interval, file_stamp
from terrella.formats.sections.steps import length_step_m

BINARY = {b"TDSm": "TDMS", b"\x44\x33\x22\x11": "Sintela's binary format"}  # by their first bytes
KINDS = "Febus, OptoDAS, AP Sensing, Neubrex, Sintela, TDMS and others"
_FORMATS = (
    "FEBUS", "FEBUS_MTX_H5", "FEBUS_BSL_H5", "FEBUS_T1", "OPTODAS", "APSENSING", "NEUBREXDAS", "GDR_DAS",
    "UPTECH_H5", "DASHDF5", "DASVADER", "SINTELA_BINARY", "SENTEK", "TDMS",
)  # fmt: skip
_ALONG = ("distance", "channel")


def installed() -> bool:
    """Tell whether DASCore is there."""
    return find_spec("dascore") is not None


def open_with_dascore(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section | None:
    """Return a record as a section (channel, sample), or None where DASCore is not there or does not know it.

    Raises:
        InputError: where DASCore cannot read it, or it is no section with even time.
    """
    if not installed() or (kind := _kind(path)) is None:
        return None
    with _explained(path, kind):
        patch = _patch(path, kind, file_stamp(path))
        dims, shape = tuple(patch.dims), tuple(patch.shape)
        along = next((name for name in _ALONG if name in dims), "")
        if len(dims) != 2 or "time" not in dims or not along:
            raise InputError(f"{path}: {kind} of the axes {', '.join(dims)}; time and distance were expected")
        stamps = np.asarray(patch.get_array("time")).astype("datetime64[ns]").view(np.int64)
        distance = patch.get_coord(along)
        spacing_m = length_step_m(np.asarray(distance.values), str(distance.units or ""))
        about = {"format": f"DAS, {kind}, by DASCore", "values": str(patch.attrs.data_units or "")}
    if kind.upper() == "FEBUS" and interval is None:
        _check_blocks(path, (stamps[-1] - stamps[0]) * 1e-9)
    clock = read_clock(path, shape[dims.index("time")], 0.0, interval, ("", "time"), stamps, 1e-9)
    samples = DascoreSamples(path, kind, (dims.index(along), dims.index("time")))
    size = shape[dims.index(along)], clock.count
    return Section(
        path, size, checked_interval(interval or clock.interval_s, path), unit or "s", spacing_m,
        {key: value for key, value in about.items() if value}, samples, notes=clock.notes,
    )  # fmt: skip


@dataclass(frozen=True)
class DascoreSamples:
    """Samples of a record that DASCore reads."""

    path: Path
    kind: str
    axes: tuple[int, int]  # of the patch, in the section's order

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        with _explained(self.path, self.kind):
            values = _patch(self.path, self.kind, file_stamp(self.path)).data
            return np.asarray(values.transpose(self.axes)[tuple(map(slice, low, high))])


def _kind(path: Path) -> str | None:
    """Return the format by DASCore's name, of those that are read through it."""
    with _quiet():
        from dascore import get_format
        from dascore.exceptions import UnknownFiberFormatError

        for name in _FORMATS:
            try:
                return str(get_format(path, file_format=name)[0])
            except UnknownFiberFormatError:
                continue
    return None


def _check_blocks(path: Path, length_s: float) -> None:
    """Look for holes between Febus's blocks, which DASCore takes to follow each other."""
    with opened_hdf5(path) as file:
        sources = [source for instrument in file.values() for source in instrument.values()]
        stamps = [np.ravel(source["time"][:]) for source in sources]
    for times in stamps:
        block_s, apart = length_s / len(times), np.diff(times)
        if (off := np.abs(apart - block_s) > block_s / 2).any():
            at = int(np.argmax(off))
            raise InputError(
                f"{path}: block {at + 2:,} begins {apart[at]:g} s after the one before, where {block_s:g} s is the "
                "rule; cut it there, or say --interval to take its samples as even"
            )


@lru_cache(maxsize=1)
def _patch(path: Path, kind: str, stamp: tuple[int, int]) -> Any:
    with _quiet():
        from dascore import read

        patches = list(read(path, file_format=kind))
    if len(patches) != 1:
        raise InputError(
            f"{path} holds {len(patches)} patches of {kind}; files with one are read: write each to its own"
        )
    return patches[0]


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _explained(path: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # each of DASCore's readers raises its own kinds
        line = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: DASCore cannot read it as {kind} ({line})") from error
