"""NetCDF, by xarray: two-dimensional variables on regular coordinates."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import terrella.earth.proj_first  # noqa: F401
from terrella.errors import InputError
from terrella.surface.grids.arrays import UNPLACED, as_singles, refuse_type
from terrella.surface.grids.grid import Grid, Place, Singles, held_grid

_DEGREES = ("degree", "degrees_east", "degrees_north", "degrees")


def open_netcdf(path: Path, layer: str | None) -> Grid:
    """Return a variable of a NetCDF file; axes of length one are left out.

    Raises:
        InputError: where it cannot be read, its coordinates are not regular or of two units, or it has several
            variables and none is chosen.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of times and encodings that no grid needs
            with path.open("rb") as file:
                classic = file.read(3) == b"CDF"
            data = xr.open_dataset(path, engine="scipy" if classic else "h5netcdf", decode_times=False)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"{path} cannot be read ({str(error).splitlines()[0]}); NetCDF is expected"
        ) from None
    if {"x_range", "y_range", "dimension", "z"} <= set(data.variables):
        return _of_gmt3(path, data)
    array = _variable(path, data, layer).squeeze(drop=True)
    refuse_type(f"{path}: {array.name}", array.dtype, array.shape)
    place, findings = _place(path, data, array)

    def read(rows: slice, columns: slice) -> Singles:
        return as_singles(array[rows, columns].to_numpy())

    shape = (int(array.shape[0]), int(array.shape[1]))
    return Grid(str(path), shape, place, read, str(array.attrs.get("units", "")), findings)


def _of_gmt3(path: Path, data: xr.Dataset) -> Grid:
    """Return a grid as GMT wrote it before its version 4: one row of values from the north-west, and ranges."""
    x, y = (np.asarray(data[f"{name}_range"], float) for name in "xy")
    columns, rows = (int(n) for n in data["dimension"].to_numpy())
    if data["z"].size != rows * columns or min(rows, columns) < 2:
        raise InputError(
            f"{path}: its z holds {data['z'].size:,} values, its dimension says {columns} × {rows}"
        )
    nodes = int(data["z"].attrs.get("node_offset", 0)) == 0  # values on the edges, not in the cells' middle
    dx, dy = ((edge[1] - edge[0]) / (n - nodes) for edge, n in ((x, columns), (y, rows)))
    unit = str(data["x_range"].attrs.get("units", "")).lower()
    degrees = "degree" in unit or unit in ("lon", "longitude")
    place = Place(
        float(x[0] - nodes * dx / 2), float(y[1] + nodes * dy / 2), float(dx), float(-dy), None,
        "degree" if degrees else "unknown unit", nodes,
    )  # fmt: skip
    findings = (
        ("values of points (node_offset 0), taken for means of the cells around them",) if nodes else ()
    )
    values = as_singles(data["z"].to_numpy().reshape(rows, columns))
    return held_grid(str(path), values, place, findings)


def _variable(path: Path, data: xr.Dataset, layer: str | None) -> xr.DataArray:
    names = [str(name) for name, each in data.data_vars.items() if sum(n > 1 for n in each.shape) >= 2]
    if layer is None and len(names) == 1:
        return data[names[0]]
    if layer in names:
        return data[layer]
    said = f"no grid {layer!r}" if layer is not None else f"{len(names)} grids" if names else "no grid"
    raise InputError(f"{path} has {said}; choose data.layer of {', '.join(names) or 'none'}")


def _place(path: Path, data: xr.Dataset, array: xr.DataArray) -> tuple[Place, tuple[str, ...]]:
    if not all(name in array.coords for name in array.dims):
        return Place(), (UNPLACED,)
    y, x = (array.coords[name] for name in array.dims)
    dy, dx = (_step(path, each) for each in (y, x))
    units = [_unit(each) for each in (y, x)]
    if units[0] != units[1]:
        raise InputError(
            f"{path}: its axes are in two units, {y.name} in {units[0]} and {x.name} in {units[1]}; give both "
            "in one"
        )
    crs = _crs(data, array)
    findings: tuple[str, ...] = (
        () if crs or units[0] == "degree" else ("no CRS: steps are taken as they are",)
    )
    corner_x, corner_y = (float(each[0]) - step / 2 for each, step in ((x, dx), (y, dy)))
    return Place(corner_x, corner_y, dx, dy, crs, units[0]), findings


def _step(path: Path, axis: xr.DataArray) -> float:
    values = np.asarray(axis, float)
    steps = np.diff(values)
    step = (values[-1] - values[0]) / max(len(steps), 1)
    if step == 0 or np.abs(steps - step).max() > 1e-2 * abs(step):
        raise InputError(f"{path}: {axis.name} is not evenly spaced; put the values on a regular grid first")
    return float(step)


def _unit(axis: xr.DataArray) -> str:
    said = str(axis.attrs.get("units", ""))
    named = str(axis.name).lower() in ("lon", "longitude", "lat", "latitude")
    return "degree" if said in _DEGREES or (not said and named) else said or "unknown unit"


def _crs(data: xr.Dataset, array: xr.DataArray) -> str | None:
    """Return the WKT of a grid mapping, by CF's conventions or GDAL's."""
    name: Any = array.attrs.get("grid_mapping", array.encoding.get("grid_mapping", ""))
    mapping = data.variables.get(str(name))
    if mapping is None:
        return None
    wkt = mapping.attrs.get("crs_wkt") or mapping.attrs.get("spatial_ref")
    return str(wkt) if wkt else None
