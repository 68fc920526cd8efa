"""Grids written a part at a time, with the georeference they came with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5netcdf
import numpy as np

from terrella.errors import InputError
from terrella.surface.grids.grid import Place, Singles
from terrella.surface.grids.rasters import rasterio

Write = Callable[[int, int, int, Singles], None]  # layer, first row, first column, values
SUFFIXES = (".tif", ".tiff", ".nc", ".npy")
_CHUNK = 256


def check_output(path: Path) -> None:
    """Refuse an output whose suffix names no format.

    Raises:
        InputError: where it does not.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: the output's name must end in {', '.join(SUFFIXES)}")
    if path.suffix.lower() in SUFFIXES[:2]:
        rasterio()


@contextmanager
def grid_writer(
    path: Path, place: Place, shape: tuple[int, int], names: tuple[str, ...], unit: str
) -> Iterator[Write]:
    """Give a function that writes values of a layer at a place; gaps are NaN, which is the nodata value."""
    suffix = path.suffix.lower()
    make = _npy if suffix == ".npy" else _netcdf if suffix == ".nc" else _geotiff
    with make(path, place, shape, names, unit) as write:
        yield write


@contextmanager
def _geotiff(
    path: Path, place: Place, shape: tuple[int, int], names: tuple[str, ...], unit: str
) -> Iterator[Write]:
    gdal = rasterio()
    profile = {
        "driver": "GTiff", "height": shape[0], "width": shape[1], "count": len(names), "dtype": "float32",
        "nodata": float("nan"), "crs": place.crs, "compress": "deflate", "zlevel": 1, "BIGTIFF": "IF_SAFER",
        "interleave": "band",
    }  # fmt: skip
    if place != Place():
        profile["transform"] = gdal.Affine(place.dx, 0, place.x, 0, place.dy, place.y)
    if min(shape) >= _CHUNK:
        profile |= {"tiled": True, "blockxsize": _CHUNK, "blockysize": _CHUNK}
    import warnings

    # GDAL's cache is a twentieth of the RAM unless told otherwise.
    with warnings.catch_warnings(), gdal.Env(GDAL_CACHEMAX=64):
        warnings.simplefilter("ignore", gdal.errors.NotGeoreferencedWarning)
        with gdal.open(path, "w", **profile) as target:
            if place.points:
                target.update_tags(AREA_OR_POINT="Point")
            for number, name in enumerate(names, 1):
                target.set_band_description(number, name)
                target.set_band_unit(number, unit)

            def write(layer: int, row: int, column: int, values: Singles) -> None:
                target.write(values, layer + 1, window=gdal.windows.Window(column, row, *values.shape[::-1]))

            yield write


@contextmanager
def _netcdf(
    path: Path, place: Place, shape: tuple[int, int], names: tuple[str, ...], unit: str
) -> Iterator[Write]:
    y, x = place.centres(*shape)
    degrees = place.unit == "degree"
    with h5netcdf.File(path, "w") as target:
        target.attrs["Conventions"] = "CF-1.10"
        target.dimensions = {"y": shape[0], "x": shape[1]}
        for name, values, said in (("y", y, "north"), ("x", x, "east")):
            axis = target.create_variable(name, (name,), float, data=values)
            if place.unit not in ("pixel", "unknown unit"):
                axis.attrs["units"] = f"degrees_{said}" if degrees else place.unit
            if degrees:
                axis.attrs["standard_name"] = "latitude" if name == "y" else "longitude"
        if place.crs is not None:
            target.create_variable("crs", (), np.int32, data=0).attrs["crs_wkt"] = place.crs
        chunks = tuple(min(_CHUNK, n) for n in shape)
        layers = [
            target.create_variable(name, ("y", "x"), np.float32, chunks=chunks, fillvalue=np.float32("nan"))
            for name in names
        ]
        for layer in layers:
            if unit:
                layer.attrs["units"] = unit
            if place.crs is not None:
                layer.attrs["grid_mapping"] = "crs"

        def write(layer: int, row: int, column: int, values: Singles) -> None:
            layers[layer][row : row + values.shape[0], column : column + values.shape[1]] = values

        yield write


@contextmanager
def _npy(
    path: Path, place: Place, shape: tuple[int, int], names: tuple[str, ...], unit: str
) -> Iterator[Write]:
    full = shape if len(names) == 1 else (len(names), *shape)
    target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=full)
    layers = target.reshape(len(names), *shape)

    def write(layer: int, row: int, column: int, values: Singles) -> None:
        layers[layer, row : row + values.shape[0], column : column + values.shape[1]] = values

    yield write
    target.flush()
