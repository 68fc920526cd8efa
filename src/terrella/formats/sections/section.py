"""Sections and volumes on disk, read a piece at a time whatever their format."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.places import Places

Floats = npt.NDArray[np.float32]
Corner = tuple[int, ...]
Unit = Literal["s", "m"]

_CLOCK = 86_400.0  # s or m, from which on an axis counts from some epoch


class Samples(Protocol):
    """How a format reads a box of its samples; it is sent to other processes, and so holds no open file."""

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another, in the axes' order, in whatever type they have."""
        ...


@dataclass(frozen=True)
class Section:
    """A section (trace, sample) or volume (inline, crossline, sample) that need not fit in memory.

    Parameters
    ----------
    path : Path
        Of the file or folder.
    shape : tuple of int
        (trace, sample) or (inline, crossline, sample).
    interval : float
        Between samples, in `unit`.
    unit : {"s", "m"}
        Of the last axis.
    spacing_m : float, optional
        Between neighbours on the axis before the last, in m.
    about : mapping of str to str
        What the file says of itself.
    samples : Samples
        How the format reads a box of its samples.
    gaps : Places, optional
        Where traces of a volume are missing.
    stamp : tuple of int, optional
        Size and time of the file when it was opened: a change of it is an error.
    start : float, optional
        Of the first sample on the last axis, in `unit`; None where the file does not say.
    lines : mapping of str to array
        Numbers by which traces are known, such as inline (first axis) and crossline (second) of a volume, or
        CDP of a section's traces, of which several may have one.
    notes : tuple of str
        What a user must know of how the file was taken.
    """

    path: Path
    shape: tuple[int, ...]
    interval: float  # between samples, in `unit`
    unit: Unit
    spacing_m: float | None  # between neighbours on the axis before the last
    about: Mapping[str, str]
    samples: Samples = field(repr=False)
    gaps: Places | None = field(default=None, repr=False)  # where traces of a volume are missing
    stamp: tuple[int, int] | None = None  # size and time of the file, where a change of it is an error
    start: float | None = None  # of the first sample, in `unit`
    lines: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def top(self) -> float:
        """Where the last axis begins in a picture: at its start, unless that is a clock's."""
        return self.start if self.start is not None and abs(self.start) < _CLOCK else 0.0

    def read(self, *where: slice) -> Floats:
        """Return the samples of one slice per axis, as float32; what is no finite number, or missing, is 0.

        Parameters
        ----------
        *where : slice
            One per axis, forwards.

        Returns
        -------
        array of float32 (trace, sample) or (inline, crossline, sample)
            In the file's own unit.

        Raises
        ------
        InputError
            Where the file no longer holds what its header says, or changed since it was opened.
        """
        values = self.read_as_stored(*where)
        finite = np.isfinite(values)
        return values if finite.all() else np.where(finite, values, np.float32(0))

    def read_as_stored(self, *where: slice) -> Floats:
        """Return the same, with infinities and what is no number as the file has them; missing traces are NaN."""
        return as_float32(self.read_exactly(*where))

    def read_exactly(self, *where: slice) -> npt.NDArray[Any]:
        """Return the same in the file's own type of number, or float64 where that cannot say what is missing."""
        if len(where) != len(self.shape):
            raise ValueError(f"{len(where)} slices for a section of {len(self.shape)} axes")
        spans = [each.indices(size) for each, size in zip(where, self.shape, strict=True)]
        if any(step < 1 for _, _, step in spans):
            raise ValueError("a section is read forwards")
        low = tuple(first for first, _, _ in spans)
        high = tuple(max(first, end) for first, end, _ in spans)
        if any(a == b for a, b in zip(low, high, strict=True)):
            return np.zeros([len(range(*span)) for span in spans], np.float32)
        if self.stamp is not None and (now := file_stamp(self.path)) != self.stamp:
            raise InputError(
                f"{self.path} changed while it was read ({self.stamp[0]:,} bytes then, {now[0]:,} now); leave it "
                "alone and start again"
            )
        return self.samples.read(low, high)[tuple(slice(None, None, step) for *_, step in spans)]

    def absent(self, *where: slice) -> npt.NDArray[np.bool_] | None:
        """Return which traces of a box, one slice per axis, are missing, or None where none of the volume is."""
        if self.gaps is None:
            return None
        spans = [each.indices(size) for each, size in zip(where[:-1], self.shape, strict=False)]
        found = self.gaps.absent(tuple(a for a, _, _ in spans), tuple(b for _, b, _ in spans))
        return found[tuple(slice(None, None, step) for *_, step in spans)]


class NoIntervalError(InputError):
    """A file does not name the interval between its samples."""


def as_float32(values: npt.NDArray[Any]) -> Floats:
    """Return numbers as float32; what is beyond its range becomes infinite, which is noticed."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, np.float32)


def file_stamp(path: Path) -> tuple[int, int]:
    """Return size and time of change (ns) of a file, or of what describes a zarr folder.

    Raises:
        InputError: where there is none.
    """
    descriptions = (path / name for name in ("zarr.json", ".zarray", ".zgroup")) if path.is_dir() else ()
    try:
        state = os.stat(next((each for each in descriptions if each.exists()), path))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error
    return state.st_size, state.st_mtime_ns


def checked_interval(value: float, path: Path, remedy: str = "say --interval SECONDS") -> float:
    """Return an interval between samples.

    Raises:
        InputError: where it is none.
    """
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{path}: the interval between samples is {value:g}; {remedy}")
    return float(value)
