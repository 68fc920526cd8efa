"""NetCDF and zarr as xarray describes them: the array that is a section, its coordinates, and units left out."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terrella.errors import InputError
from terrella.formats.sections.labelled import (
    Coordinate,
    Labelled,
    find_axes,
    is_vertical,
    named_unit,
    without_unit,
)
from terrella.formats.sections.section import NoIntervalError, Samples, Section, Unit, checked_interval
from terrella.formats.sections.units import as_text

if TYPE_CHECKING:
    import xarray as xr

    import terrella.earth.proj_first  # noqa: F401

_ENGINES: dict[str, dict[str, Any]] = {
    "h5netcdf": {"phony_dims": "access"},
    "zarr": {},
    "scipy": {"mmap": True},
}
_NAMES = {"h5netcdf": "NetCDF", "zarr": "zarr", "scipy": "NetCDF of the classic format"}
_FAULTS = (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, IndexError)
_NO_NAME = "__values__"  # in a file, of what xarray gives no name
_SEGYSAK = {"seisnc", "d3_domain"}


@dataclass(frozen=True)
class Beside:
    """Attributes of a zarr array that stand in for coordinates."""

    interval: float | None = None
    spacing_m: float | None = None
    unit: str = ""  # of the axis, or of the amplitude


@contextmanager
def dataset(path: Path, engine: str, group: str | None = None) -> Iterator["xr.Dataset"]:
    """Open NetCDF or zarr by xarray, lazily and as stored; what xarray cannot read is an `InputError`."""
    import xarray as xr

    import terrella.earth.proj_first  # noqa: F401

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of metadata not consolidated, and of types not in zarr's standard
            opened = xr.open_dataset(
                path, engine=engine, group=group, mask_and_scale=False, decode_times=False, chunks=None,
                backend_kwargs=_ENGINES[engine],
            )  # fmt: skip
        with opened as data:
            yield data
    except InputError:
        raise
    except _FAULTS as error:
        line = " ".join(str(error).split())[:200]
        raise InputError(f"{path} cannot be read as {_NAMES[engine]} by xarray ({line})") from error


def arrays_of(data: "xr.Dataset") -> dict[str, list[str]]:
    """Return the variables that can be a section or volume, each with the names of its axes."""
    return {
        _NO_NAME if name is None else str(name): [str(dim) for dim in variable.dims]
        for name, variable in data.data_vars.items()
        if variable.ndim in (2, 3) and variable.dtype.kind in "fiu" and variable.size
    }


def choose(path: Path, found: Mapping[str, list[str]], preferred: str | None = None) -> str:
    """Return the one name, or that of the one array with an axis of time or depth, or of the most axes.

    Raises:
        InputError: where none or several are left.
    """
    if preferred in found:
        return str(preferred)
    left = [name for name, dims in found.items() if any(is_vertical(dim) for dim in dims)] or list(found)
    most = max((len(found[name]) for name in left), default=0)
    left = [name for name in left if len(found[name]) == most]
    if len(left) != 1:
        raise InputError(
            f"{path}: one array of two or three axes was expected; it has {', '.join(left or found) or 'none'}"
        )
    return left[0]


def labelled(path: Path, data: "xr.Dataset", name: str) -> Labelled:
    """Return a variable with the coordinates along each of its axes, as stored."""
    array = data.variables[None if name == _NO_NAME else name]
    along: dict[str, list[Coordinate]] = {str(dim): [] for dim in array.dims}
    for key, variable in data.variables.items():
        if (
            len(variable.dims) == 1
            and (dim := str(variable.dims[0])) in along
            and variable.dtype.kind in "fiumM"
        ):
            each = Coordinate(str(key), variable.to_numpy(), dict(variable.attrs))
            along[dim].insert(0 if key == dim else len(along[dim]), each)
    for dim, each in _between_tie_points(data, array):
        along[dim].append(each)
    dims = tuple(str(dim) for dim in array.dims)
    return Labelled(path, name, dims, tuple(array.shape), dict(array.attrs), along)


def _between_tie_points(data: "xr.Dataset", array: "xr.Variable") -> Iterator[tuple[str, Coordinate]]:
    """Yield coordinates that the file keeps at a few points, linear between them (CF conventions 1.9, 8.3)."""
    words = as_text(array.attrs.get("coordinate_interpolation", "")).replace(":", " ").split()
    for values, rule in zip(words[::2], words[1::2], strict=False):
        if values not in data or rule not in data or data[rule].attrs.get("interpolation_name") != "linear":
            continue
        dim, indices, *_ = as_text(data[rule].attrs.get("tie_point_mapping", "")).replace(":", " ").split()
        if dim not in array.dims or indices not in data:
            continue
        ties = data[values].to_numpy()
        from_first = np.interp(np.arange(array.sizes[dim]), data[indices].to_numpy(), ties - ties[0])
        yield dim, Coordinate(dim, from_first, dict(data[values].attrs))


def assumed_unit(attributes: Mapping[str, Any], array: Labelled) -> str | None:
    """Return the unit that SEG-Y's converters mean where they name none: milliseconds, as segyio has them."""
    words = {str(name) for name in (*attributes, *array.attributes)}
    mdio = "apiVersion" in words and _default_name(attributes) is not None
    in_time = not any(name.lower().startswith("depth") for name in array.dims)
    return "ms" if in_time and (mdio or words & _SEGYSAK) else None


def section_of(
    array: Labelled,
    about: Mapping[str, str],
    samples: Callable[[tuple[int, ...]], Samples],
    interval: float | None,
    unit: Unit | None,
    assumed: str | None = None,
    beside: Beside | None = None,
) -> Section:
    """Return an array as a section; what its axes say goes before what attributes say beside it.

    Raises:
        InputError: where its axes do not say which is which and how far apart its samples are.
    """
    axes = find_axes(array, interval, assumed)
    beside = beside or Beside()
    found = interval or axes.interval or beside.interval
    if found is None:
        raise NoIntervalError(
            f"{array.path}: {without_unit(array, axes)}; say the interval between samples with --interval SECONDS"
        )
    names = [array.dims[i] for i in axes.order]
    told = {"axes": ", ".join(names)} if all(names) else {}
    if beside.unit == "m" and unit is None and axes.unit is None and named_unit(names[-1]) != "m":
        raise InputError(
            f"{array.path}: the attribute `unit` is m, of the amplitude or of the axis of samples; say --unit m "
            "where that is a depth, and --unit s where it is a time"
        )
    spacing_m = axes.spacing_m or beside.spacing_m
    values = as_text(array.attributes.get("units", ""))
    about = {**about, **told, **({"values": values} if values else {})}
    return Section(
        array.path, axes.shape, checked_interval(found, array.path), unit or axes.unit or named_unit(names[-1]),
        spacing_m, about, samples(axes.order), start=axes.start, lines=axes.lines,
        notes=axes.notes,
    )  # fmt: skip


def _default_name(attributes: Mapping[str, Any]) -> str | None:
    """Return the variable that MDIO calls its default."""
    held = attributes.get("attributes")
    try:
        held = json.loads(held) if isinstance(held, str) else held
    except ValueError:
        return None
    name = held.get("defaultVariableName") if isinstance(held, Mapping) else None
    return None if name is None else str(name)
