"""Sections in NumPy's .npy and in NetCDF."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.cf import decoded, encoding
from terrella.formats.sections.datasets import arrays_of, assumed_unit, choose, dataset, labelled, section_of
from terrella.formats.sections.hdf5_samples import HdfSamples, opened_hdf5
from terrella.formats.sections.section import Corner, NoIntervalError, Section, Unit, checked_interval


def open_npy(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return an .npy file of the shape (trace, sample) or (inline, crossline, sample), read through a memory map.

    Raises:
        InputError: where it is no such array, or no interval is given.
    """
    array = _mapped(path)
    if interval is None:
        raise NoIntervalError(
            f"{path}: an .npy file names no interval between samples; say it with --interval SECONDS"
        )
    about = {"format": f".npy, {array.dtype.name}"}
    return Section(
        path, array.shape, checked_interval(interval, path), unit or "s", None, about, NpySamples(path)
    )


@dataclass(frozen=True)
class NpySamples:
    """Samples of an .npy file."""

    path: Path

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        where = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        return np.array(_mapped(self.path)[where])


def open_netcdf(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return the two- or three-dimensional variable of a NetCDF-4 file as a section or volume, as xarray reads it.

    The axis of time or depth becomes the last; its coordinate and unit give the interval. Groups are looked into
    where the file itself has no such variable.

    Raises:
        InputError: where there is no such variable, or more than one, or no interval in a known unit.
    """
    name = _only_variable(path)
    group, _, own = name.rpartition("/")
    with dataset(path, "h5netcdf", group or None) as data:
        array = labelled(path, data, own)
        assumed = assumed_unit(data.attrs, array)
    held, about = encoding(array.attributes), {"format": f"NetCDF, variable {name}"}
    return section_of(
        array, about, lambda order: HdfSamples(path, name, order, held), interval, unit, assumed
    )


def _only_variable(path: Path) -> str:
    import h5py

    groups = [""]
    with opened_hdf5(path) as file:
        file.visititems(lambda name, item: groups.append(name) if isinstance(item, h5py.Group) else None)
    found: dict[str, list[str]] = {}
    for group in groups:
        with dataset(path, "h5netcdf", group or None) as data:
            found |= {f"{group}/{name}".lstrip("/"): dims for name, dims in arrays_of(data).items()}
        if found and not group:
            break
    return choose(path, found)


def open_classic_netcdf(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return the same of NetCDF's classic format, read by xarray through SciPy.

    Raises:
        InputError: as of NetCDF-4.
    """
    with dataset(path, "scipy") as data:
        array = labelled(path, data, choose(path, arrays_of(data)))
        assumed = assumed_unit(data.attrs, array)
    about = {"format": f"NetCDF of the classic format, variable {array.name}"}
    held = encoding(array.attributes)
    return section_of(
        array, about, lambda order: ClassicSamples(path, array.name, order, held), interval, unit, assumed
    )


@dataclass(frozen=True)
class ClassicSamples:
    """Samples of a NetCDF file of the classic format."""

    path: Path
    name: str
    axes: tuple[int, ...]  # of the variable, in the section's order
    encoding: Mapping[str, Any]  # how its numbers are decoded

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        with dataset(self.path, "scipy") as data:
            variable = data.variables[self.name]
            where = {
                variable.dims[axis]: slice(a, b) for axis, a, b in zip(self.axes, low, high, strict=True)
            }
            return decoded(variable.isel(where).to_numpy(), self.encoding).transpose(self.axes)


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TypeError, OverflowError, TokenError) as error:
        line = str(error).splitlines()[0] if str(error) else "it is empty"
        raise InputError(f"{path} cannot be read as .npy ({line})") from error
    if (
        not isinstance(array, np.ndarray)
        or array.ndim not in (2, 3)
        or array.dtype.kind not in "fiu"
        or not array.size
    ):
        shape = getattr(array, "shape", "none")
        raise InputError(
            f"{path}: numbers of the shape (trace, sample) or (inline, crossline, sample) were expected; it "
            f"has the shape {shape}"
        )
    return array
