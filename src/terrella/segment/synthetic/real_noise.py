"""Noise cut from real records of distributed acoustic sensing, in place of the coloured noise of a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.signal

from terrella.errors import InputError
from terrella.formats.sections.section import Section
from terrella.real_data import data_folder

Samples = npt.NDArray[np.float32]

_SUFFIXES = (".h5", ".hdf5")
_LEAST = (16, 256)  # traces and samples of a record that noise can be cut from
_MOST = 2**24  # samples that are read of a record
_FLAT = 1e-6  # of the loudest trace's deviation, below which a trace is dead
_LARGEST = 20.0
_SAME = 0.01  # relative difference of sampling intervals that does not matter


@dataclass(frozen=True, eq=False)
class RealNoise:
    """Records (trace, sample) of zero median per trace, whose usual trace has a deviation of 1."""

    records: tuple[Samples, ...]
    interval_s: tuple[float, ...]
    names: tuple[str, ...]

    def cut(self, shape: tuple[int, int], interval_s: float, rng: np.random.Generator) -> Samples:
        """Return noise of `shape` (trace, sample) at a sampling interval from anywhere in the records.

        Records are drawn by their size, and mirrored where they are too short; the order of traces and the sign are
        turned at random.
        """
        size = np.array([record.size for record in self.records], float)
        which = int(rng.choice(len(size), p=size / size.sum()))
        record, ratio = self.records[which], interval_s / self.interval_s[which]
        same = abs(ratio - 1) < _SAME
        length = shape[1] if same else max(int(np.ceil(shape[1] * ratio)), 2)
        rows = _walk(record.shape[0], shape[0], rng)
        columns = _walk(record.shape[1], length, rng)
        found = record[np.ix_(rows, columns)]
        if not same:
            found = scipy.signal.resample(found, shape[1], axis=1)
        if rng.random() < 0.5:
            found = found[::-1]
        return np.asarray(found * np.float32(rng.choice([-1.0, 1.0])), np.float32)


def find_records(folder: Path | None = None) -> list[Path]:
    """Return a folder's records in HDF5, by default those in `segment` of TERRELLA_DATA; none where it is absent.

    Those with "event" in their names are left out, since what is in them would be labelled as noise.
    """
    if folder is None:
        folder = data_folder() / "segment"
    found = sorted(path for path in folder.glob("*") if path.suffix in _SUFFIXES)
    return [path for path in found if "event" not in path.name]


def load_noise(sections: Sequence[Section]) -> RealNoise:
    """Return opened records as noise; of large ones the first samples of each trace.

    A record is divided by the median deviation of its traces, so that quiet and loud ones stay so; deviations are
    1.4826 times the median of absolute values, which glitches leave alone. What is beyond 20 of them is clipped.
    Dead traces and those with values that are not finite are left out, and so are records of fewer than 16 traces
    or 256 samples.

    Raises:
        InputError: where no record is left, or one has three axes or no time axis.
    """
    kept = [(section, _normalised(section)) for section in sections]
    large = [(section, made) for section, made in kept if all(np.greater_equal(made.shape, _LEAST))]
    if not large:
        names = ", ".join(section.path.name for section in sections) or "no records"
        raise InputError(
            f"{names}: none holds {_LEAST[0]} live traces of {_LEAST[1]} samples to cut noise from"
        )
    return RealNoise(
        tuple(made for _, made in large),
        tuple(float(section.interval) for section, _ in large),
        tuple(section.path.name for section, _ in large),
    )


def _normalised(section: Section) -> Samples:
    if len(section.shape) != 2 or section.unit != "s":
        raise InputError(
            f"{section.path}: its shape is {section.shape} with the last axis in {section.unit}; expected a record "
            "(trace, sample) in time to cut noise from"
        )
    traces, length = section.shape
    read = section.read(slice(0, traces), slice(0, min(length, max(_MOST // max(traces, 1), 1))))
    values = read[np.isfinite(read).all(axis=1)].astype(np.float64)
    values = values[values.std(axis=1) > 0]
    values -= np.median(values, axis=1, keepdims=True)
    deviation = 1.4826 * np.median(np.abs(values), axis=1)
    live = deviation > _FLAT * deviation.max(initial=0.0)
    if not live.any():
        return np.empty((0, 0), np.float32)
    values = values[live] / np.median(deviation[live])
    return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)


def _walk(size: int, length: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return positions that start anywhere and turn back at the ends."""
    if length <= size:
        return np.arange(length) + rng.integers(size - length + 1)
    at = (np.arange(length) + rng.integers(2 * size)) % (2 * size)
    return np.where(at < size, at, 2 * size - 1 - at)
