"""Grids of any known format, told by the file's name."""

from pathlib import Path

import numpy as np

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.surface.grids import arrays, points
from terrella.surface.grids.grid import Grid
from terrella.surface.grids.rasters import driver_of, open_raster

_NETCDF, _ARRAY = (".nc", ".nc4", ".cdf", ".grd"), (".npy", ".npz")
KINDS = (
    "GeoTIFF (.tif), NetCDF (.nc, .grd), grids of ESRI, Surfer and SRTM (.asc, .bil, .flt, .grd, .hgt), "
    ".npy or .npz, or points x, y, z (.csv, .xyz, .txt, compressed or not)"
)


def open_grid(path: Path, layer: str | None = None, spacing: float | None = None) -> Grid:
    """Return a grid; of rasters, NetCDF and .npy nothing large is read yet.

    Parameters
    ----------
    path : Path
        GeoTIFF or another raster, NetCDF, .npy, .npz, or a table of points.
    layer : str, optional
        Number of the band, or name of the variable, array or column, where there are several.
    spacing : float, optional
        Size of the cells in which points are averaged, in their own unit.

    Raises
    ------
    InputError
        Where the file is at fault, is none of these, or has several layers and none is chosen.
    """
    must_exist(path, "a grid")
    suffix = path.suffix.lower()
    if driver_of(path):
        return open_raster(path, layer)
    if suffix in _NETCDF:
        from terrella.surface.grids.netcdf import open_netcdf

        return open_netcdf(path, layer)
    if suffix in _ARRAY:
        return arrays.open_array(path, layer)
    if points.is_table(path):
        return points.bin_points(path, layer, spacing)
    raise InputError(f"{path}: {suffix or 'a file without a suffix'} is no known grid; {KINDS} expected")


def refuse_no_values(grid: Grid) -> None:
    """Refuse a grid that is one gap.

    Raises:
        InputError: where no pixel has a value.
    """
    rows = max(1, (1 << 24) // grid.shape[1])
    for first in range(0, grid.shape[0], rows):
        part = grid.read(slice(first, min(first + rows, grid.shape[0])), slice(0, grid.shape[1]))
        if np.isfinite(part).any():
            return
    raise InputError(
        f"{grid.name}: all of its pixels are gaps (nodata or NaN); a grid with values is expected"
    )
