"""Zarr arrays that others wrote: by xarray, by MDIO, or bare, with or without names of their axes."""

import base64
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.cf import encoding
from terrella.formats.sections.datasets import Beside, assumed_unit, choose, dataset, labelled, section_of
from terrella.formats.sections.labelled import Coordinate, Labelled
from terrella.formats.sections.places import Places, placed
from terrella.formats.sections.section import Corner, Samples, Section, Unit
from terrella.formats.sections.units import as_text
from terrella.formats.sections.zarr_sections import ZarrSamples, explained, section_attributes, zarr_module

_UNREAD = "cannot be read as zarr"
_MASKS = ("trace_mask", "live_mask")


def open_other_zarr(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return a zarr array of two or three axes, alone or in a group, as a section or volume.

    Axes go by their names (`dimension_names`, `_ARRAY_DIMENSIONS`, MDIO's), else they are (trace, sample) or
    (inline, crossline, sample). The interval is that of the axis' coordinate, or of an attribute `interval`.

    Raises:
        InputError: where there is no such array, it cannot be read, or no interval is known.
    """
    arrays = _arrays(path)
    held = section_attributes(path)
    found = {
        name: _names(array) for name, array in arrays.items()
        if array.ndim in (2, 3) and array.dtype.kind in "fiu" and 0 not in array.shape
    }  # fmt: skip
    name = "" if list(found) == [""] else choose(path, found, _preferred(held, found))
    array = arrays[name]
    known, assumed = _described(path, name, arrays, held)
    packed = _encoding(array, known.attributes)
    about = {"format": f"zarr, {array.dtype}"} | ({"array": name} if name else {})
    if "_FillValue" in packed:
        about["fill value"] = f"{as_text(packed['_FillValue'])}, read as missing"
    section = section_of(
        known, about, lambda order: ZarrSamples(path, name, None, order, packed), interval, unit, assumed,
        _beside(path, {**held, **known.attributes}),
    )  # fmt: skip
    gaps = _gaps(path, arrays, known, section)
    if gaps is None:
        return section
    told = f"{gaps.n_missing:,} of {gaps.n_missing + gaps.n_traces:,} traces are missing and count as dead"
    about = {**section.about, "geometry": f"{told}, as the mask says"}
    return replace(section, about=about, samples=Live(section.samples, gaps), gaps=gaps)


@dataclass(frozen=True)
class Live:
    """Samples of a volume of whose traces a mask has some only."""

    samples: Samples
    gaps: Places

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another; those of missing traces are NaN."""
        values = self.samples.read(low, high)
        absent = self.gaps.absent(low[:-1], high[:-1])
        if not absent.any():
            return values
        values = values.astype(values.dtype if values.dtype.kind == "f" else np.float64)
        values[absent] = np.nan
        return values


def _arrays(path: Path) -> dict[str, Any]:
    """Return all arrays of a store by their path in it, empty for an array by itself."""
    zarr = zarr_module()
    if not any((path / name).exists() for name in ("zarr.json", ".zarray", ".zgroup")):
        raise InputError(f"{path} is no zarr array or group")
    with explained(path, _UNREAD), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that are not in zarr's standard, such as MDIO's headers
        opened = zarr.open(path, mode="r")
        if not hasattr(opened, "members"):
            return {"": opened}
        return {name: each for name, each in opened.members(max_depth=None) if hasattr(each, "dtype")}


def _names(array: Any) -> list[str]:
    """Return the names of an array's axes, empty where it has none."""
    named = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    if not isinstance(named, list | tuple) or len(named) != array.ndim:
        return [""] * array.ndim
    return ["" if name is None else str(name) for name in named]


def _described(
    path: Path, name: str, arrays: Mapping[str, Any], held: Mapping[str, Any]
) -> tuple[Labelled, str | None]:
    """Return an array with its axes and coordinates, and the unit that its kind leaves out."""
    array = arrays[name]
    names = _names(array)
    bare = Labelled(path, name, tuple(names), tuple(array.shape), dict(array.attrs), {})
    if "dimension" in held and not any(names):
        return _mdio_0(bare, held["dimension"])
    group, _, own = name.rpartition("/")
    folder = path
    if not name:  # the path is the array's, whose coordinates lie beside it
        folder, own = path.parent, path.name
    if not any(names) or not any((folder / group / each).exists() for each in ("zarr.json", ".zgroup")):
        return bare, None
    try:
        with dataset(folder, "zarr", group or None) as data:
            known = labelled(path, data, own)
            assumed = assumed_unit(data.attrs, known)
    except InputError:  # xarray reads no group of which one array has no names
        return replace(bare, coordinates=_own_coordinates(arrays, group, names)), None
    return replace(known, name=name), assumed


def _own_coordinates(arrays: Mapping[str, Any], group: str, names: list[str]) -> dict[str, list[Coordinate]]:
    """Return the arrays of one axis that have the names of axes."""
    found = {name: arrays.get(f"{group}/{name}".lstrip("/")) for name in names if name}
    return {
        name: [Coordinate(name, np.asarray(array[:]), dict(array.attrs))]
        for name, array in found.items()
        if array is not None and array.ndim == 1 and array.dtype.kind in "fiumM"
    }


def _mdio_0(bare: Labelled, dimensions: Any) -> tuple[Labelled, str | None]:
    """Return an array of MDIO before version 1, whose axes stand in the group's attributes."""
    with explained(bare.path, _UNREAD):
        axes = [(str(each["name"]), np.asarray(each["coords"], np.float64)) for each in dimensions]
    if tuple(len(values) for _, values in axes) != bare.shape:
        raise InputError(
            f"{bare.path}: MDIO's dimensions do not have the lengths of {bare.name}, {bare.shape}"
        )
    along = {name: [Coordinate(name, values, {})] for name, values in axes}
    named = Labelled(bare.path, bare.name, tuple(along), bare.shape, bare.attributes, along)
    return named, None if "depth" in along else "ms"


def _encoding(array: Any, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return how numbers are decoded; zarr's own fill value, of what was never written, counts as CF's does.

    One of 0 does not: missing samples are read as 0 anyway.
    """
    fill = array.fill_value
    known = {} if fill is None or not np.isfinite(fill) else {"_FillValue": fill}
    held = {**known, **attributes}
    if isinstance(coded := held.get("_FillValue"), str):  # as xarray writes floats into JSON
        held["_FillValue"] = np.frombuffer(base64.b64decode(coded), "<f8")[0]
    held = encoding(held)
    return {} if set(held) == {"_FillValue"} and not held["_FillValue"] else held


def _beside(path: Path, attributes: Mapping[str, Any]) -> Beside:
    """Return the attributes that say of an array what its axes do not."""
    numbers: list[float | None] = []
    for name in ("interval", "spacing_m"):
        found = attributes.get(name)
        try:
            numbers.append(None if found is None else float(found))
        except (TypeError, ValueError):
            raise InputError(f"{path}: the attribute `{name}` is {found!r}; a number was expected") from None
    return Beside(numbers[0], numbers[1], as_text(attributes.get("unit", "")))


def _preferred(held: Mapping[str, Any], found: Iterable[str]) -> str | None:
    """Return what MDIO calls its default, or, before version 1, one of the copies cut into other chunks."""
    if "dimension" in held:
        return max((name for name in found if name.startswith("data/chunked_")), key=len, default=None)
    inner = held.get("attributes")
    return inner.get("defaultVariableName") if isinstance(inner, Mapping) else None


def _gaps(path: Path, arrays: Mapping[str, Any], known: Labelled, section: Section) -> Places | None:
    """Return where MDIO's mask of a volume has no trace, or None where it has all."""
    if len(section.shape) != 3:
        return None
    name = next((each for each in arrays if each.rpartition("/")[2] in _MASKS), None)
    if name is None or arrays[name].dtype.kind != "b":
        return None
    order = section.samples.axes[:-1]  # type: ignore[attr-defined]
    if arrays[name].shape != tuple(known.shape[i] for i in sorted(order)):
        return None
    with explained(path, _UNREAD):
        mask = np.asarray(arrays[name][:])
    mask = mask.T if order[0] > order[1] else mask
    if not mask.any():
        raise InputError(f"{path}: {name} has no trace")
    return None if mask.all() else placed(mask.shape, 1, np.flatnonzero(mask))
