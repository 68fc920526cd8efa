"""GeoTIFF and other rasters, by GDAL through rasterio: the extra `gis`."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from terrella.errors import InputError
from terrella.surface.grids.arrays import UNPLACED, as_singles, refuse_type
from terrella.surface.grids.grid import Grid, Place, Singles

# The one driver that a name stands for: tried by content, a virtual raster would reach for other files.
DRIVERS = {
    ".tif": "GTiff", ".tiff": "GTiff", ".asc": "AAIGrid", ".hgt": "SRTMHGT", ".bil": "EHdr", ".flt": "EHdr",
    ".ers": "ERS", ".gxf": "GXF", ".dem": "USGSDEM", ".sdat": "SAGA", ".img": "HFA",
}  # fmt: skip
_SURFER = {b"DSAA": "GSAG", b"DSBB": "GSBG", b"DSRB": "GS7BG"}  # called .grd, as NetCDF of GMT is
_ESRI = re.compile(rb"\s*n(?:col|row)s\s+\d+\s")
_ESRI_GAP = -9999.0  # where its header names no NODATA_value
_OF_POINTS = (
    "SRTMHGT",
    "GSAG",
    "GSBG",
    "GS7BG",
    "USGSDEM",
)  # whose first and last nodes lie on the edges they state


def rasterio() -> ModuleType:
    """Return rasterio.

    Raises:
        InputError: where it is not installed.
    """
    try:
        import rasterio
    except ImportError:
        raise InputError("GeoTIFF and other rasters need rasterio; pip install 'terrella[gis]'") from None
    module: ModuleType = rasterio
    return module


def driver_of(path: Path) -> str | None:
    """Return GDAL's driver of a raster, by its name and, of .grd and .txt, its first bytes; None for none."""
    suffix = path.suffix.lower()
    if suffix not in (".grd", ".txt") or not path.is_file():
        return DRIVERS.get(suffix)
    with path.open("rb") as file:
        start = file.read(64)
    if suffix == ".txt":
        return "AAIGrid" if _ESRI.match(start.lower()) else None
    return _SURFER.get(start[:4])


def open_raster(path: Path, layer: str | None) -> Grid:
    """Return a band of a raster.

    Raises:
        InputError: where it cannot be read, is rotated, holds no real numbers, or has several bands and none is
            chosen.
    """
    import warnings

    gdal = rasterio()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file without a georeference, which is found out below
            source = gdal.open(path, driver=driver_of(path))
    except gdal.errors.RasterioIOError as error:
        raise InputError(
            f"{path} cannot be read ({error}); a GeoTIFF or another raster is expected"
        ) from None
    band = _band(path, source.count, layer)
    refuse_type(str(path), np.dtype(source.dtypes[band - 1]), source.shape)
    place, findings = _place(path, source)
    nodata = source.nodatavals[band - 1]
    if nodata is None and source.driver == "AAIGrid":
        nodata = _ESRI_GAP
        findings += (f"its header names no NODATA_value: {nodata:g} are gaps, as ESRI has it",)
    scale, offset = source.scales[band - 1], source.offsets[band - 1]

    def read(rows: slice, columns: slice) -> Singles:
        window = gdal.windows.Window.from_slices(rows, columns)
        values = as_singles(source.read(band, window=window), nodata)
        return values if (scale, offset) == (1.0, 0.0) else (scale * values + offset).astype(np.float32)

    return Grid(str(path), source.shape, place, read, source.units[band - 1] or "", findings)


def _band(path: Path, count: int, layer: str | None) -> int:
    if layer is None and count == 1:
        return 1
    if layer is None or not layer.isdecimal() or not 1 <= int(layer) <= count:
        said = "choose one" if layer is None else f"{layer!r} is none of them"
        raise InputError(f"{path} has {count} bands; {said} by data.layer, 1 to {count}")
    return int(layer)


def _place(path: Path, source: Any) -> tuple[Place, tuple[str, ...]]:
    tagged = source.tags().get("AREA_OR_POINT") == "Point"
    affine, points = source.transform, tagged or source.driver in _OF_POINTS
    if affine.is_identity:
        return Place(), (UNPLACED,)
    if abs(affine.b) > 1e-9 * abs(affine.a) or abs(affine.d) > 1e-9 * abs(affine.e):
        raise InputError(
            f"{path} is rotated or sheared against its axes; warp it onto them first, as by gdalwarp"
        )
    findings: tuple[str, ...] = ()
    crs, unit = None, "unknown unit"
    if source.crs is None:
        findings = ("no CRS: steps are taken as they are, their unit unknown",)
    else:
        crs = source.crs.to_wkt()
        unit = "degree" if source.crs.is_geographic else source.crs.linear_units
    if points:
        why = "AREA_OR_POINT=Point" if tagged else f"nodes of {source.driver}"
        findings += (f"values of points ({why}), taken for means of the cells around them",)
    return Place(affine.c, affine.f, affine.a, affine.e, crs, unit, points), findings
