"""Points x, y, z, averaged in the cells of a grid."""

import csv
import io
import lzma
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.formats.encoding import Decoded, decoded, lines_of
from terrella.surface.grids.grid import Grid, Place, held_grid

_SUFFIXES = (".csv", ".xyz", ".txt", ".dat")
_PACKED = (".gz", ".xz", ".bz2", ".zip")
_X, _Y = ("x", "longitude", "lon", "easting", "easting_m"), ("y", "latitude", "lat", "northing", "northing_m")
_MOST_CELLS = 1 << 28


def is_table(path: Path) -> bool:
    """Return whether a file's name is that of a table of points."""
    suffixes = [each.lower() for each in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in _SUFFIXES


def bin_points(path: Path, layer: str | None, spacing: float | None) -> Grid:
    """Return the means of points in square cells, the first row the northernmost; a cell without points is a gap.

    Columns are named x, y or longitude, latitude; `layer` is that of the values, where there are several. Without a
    head, the first three columns are taken.

    Raises:
        InputError: where the table cannot be read, several columns may hold the values, or no spacing is given.
    """
    found = _read(path)
    x, y, z, unit = _columns(path, found.text, layer)
    usual = _usual_spacing(x, y)
    if spacing is None:
        raise InputError(
            f"{path} holds {len(z):,} points; give the size of the cells in which they are averaged by "
            f"data.spacing, in their own unit ({usual:.3g} holds one point in two cells)"
        )
    west, north = np.floor(x.min() / spacing) * spacing, np.ceil(y.max() / spacing) * spacing
    column = np.minimum((x - west) / spacing, np.floor((x.max() - west) / spacing)).astype(np.int64)
    row = np.minimum((north - y) / spacing, np.floor((north - y.min()) / spacing)).astype(np.int64)
    shape = int(row.max()) + 1, int(column.max()) + 1
    if shape[0] * shape[1] > _MOST_CELLS or min(shape) < 2:
        raise InputError(
            f"{path}: data.spacing {spacing:g} makes {shape[0]:,} × {shape[1]:,} cells; some {usual:.3g} would do"
        )
    flat = row * shape[1] + column
    number = np.bincount(flat, minlength=shape[0] * shape[1])
    total = np.bincount(flat, z, minlength=shape[0] * shape[1])
    values = np.where(number > 0, total / np.maximum(number, 1), np.nan).reshape(shape).astype(np.float32)
    findings = (
        *found.findings,
        f"{len(z):,} points averaged in {int((number > 0).sum()):,} of {number.size:,} cells of {spacing:g}",
    )
    return held_grid(
        str(path), values, Place(float(west), float(north), spacing, -spacing, None, unit), findings
    )


def _read(path: Path) -> Decoded:
    import pandas.io.common as packed

    try:
        with packed.get_handle(path, "rb", compression="infer", is_text=False) as file:
            content: bytes = file.handle.read()
    except (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} cannot be read ({reason}); points x, y, z are expected") from None
    return decoded(content, str(path), names=True)


def _columns(path: Path, text: str, layer: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    body, first = text.encode(), next((line for line in lines_of(text) if not line.startswith("#")), "")
    try:
        table = pd.read_csv(io.BytesIO(body), sep=None, engine="python", comment="#", nrows=5)
        headed = not all(_is_number(name) for name in table.columns)
        separator = "," if table.shape[1] > 1 and "," in first else r"\s+"
        table = pd.read_csv(io.BytesIO(body), sep=separator, comment="#", header=0 if headed else None)
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read ({str(error).splitlines()[0]}); points x, y, z are expected"
        ) from None
    names = [str(name).strip().lower() for name in table.columns]
    at_x = next((names.index(each) for each in _X if each in names), None if headed else 0)
    at_y = next((names.index(each) for each in _Y if each in names), None if headed else 1)
    if at_x is None or at_y is None or len(names) < 3:
        raise InputError(
            f"{path} has the columns {', '.join(names)}; x, y or longitude, latitude, and a value are expected"
        )
    others = [name for k, name in enumerate(names) if k not in (at_x, at_y)]
    if headed and (
        (layer is None and len(others) > 1) or (layer is not None and layer.lower() not in others)
    ):
        said = "several columns that may hold the values" if layer is None else f"no column {layer!r}"
        raise InputError(f"{path} has {said}; choose data.layer of {', '.join(others)}")
    at_z = (names.index(layer.lower()) if layer else names.index(others[0])) if headed else 2
    columns = [pd.to_numeric(table.iloc[:, k], errors="coerce").to_numpy(float) for k in (at_x, at_y, at_z)]
    bad = np.flatnonzero(~np.isfinite(np.stack(columns[:2])).all(0))
    if len(bad):
        raise InputError(f"{path}, row {bad[0] + 1 + headed}: coordinates that are no numbers")
    known = np.isfinite(columns[2])
    if known.sum() < 2:
        raise InputError(f"{path}: its column {names[at_z]!r} holds no values")
    x, y, z = (each[known] for each in columns)
    degrees = names[at_x].startswith("lon") or names[at_y].startswith("lat")
    if degrees and (np.abs(y).max() > 90 or np.abs(x).max() > 360):
        raise InputError(
            f"{path}: its longitudes and latitudes are beyond 360° and 90°, so of other or mixed units"
        )
    return x, y, z, "degree" if degrees else "unknown unit"


def _usual_spacing(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.sqrt(max(np.ptp(x), 1e-12) * max(np.ptp(y), 1e-12) / (2 * len(x))))


def _is_number(text: object) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return True
