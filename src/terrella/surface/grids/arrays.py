"""Arrays of NumPy, whose place is stated beside them or not at all."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.surface.grids.grid import Grid, Place

UNPLACED = "no georeference: unit pixels are assumed, the first row as the north"
_EDGES = ("xmin", "xmax", "ymin", "ymax")


def refuse_type(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Refuse what is no grid of real numbers.

    Raises:
        InputError: naming the type or the shape.
    """
    if dtype.kind not in "iuf":
        what = "complex numbers" if dtype.kind == "c" else f"values of the type {dtype}"
        raise InputError(f"{name} holds {what}; a grid of integers or floats is expected")
    if len(shape) != 2 or min(shape) < 2:
        raise InputError(f"{name} has the shape {shape}; rows and columns are expected")


def as_singles(values: npt.ArrayLike, nodata: float | None = None) -> npt.NDArray[np.float32]:
    """Return values in float32, gaps (NaN, infinities, nodata) as NaN."""
    given = np.asarray(values)
    found = given.astype(np.float32)
    gap = ~np.isfinite(found)
    if nodata is not None:
        gap |= given == nodata
    found[gap] = np.nan
    return found


def open_array(path: Path, layer: str | None) -> Grid:
    """Return the grid of a .npy, or of a .npz, with edges xmin, xmax, ymin, ymax where it has them.

    Raises:
        InputError: where it cannot be read, or has several grids and none is chosen.
    """
    try:
        loaded = np.load(path, mmap_mode="r", allow_pickle=False)
        beside: dict[str, Any] = {}
        if path.suffix.lower() == ".npz":
            with loaded:
                grids = [name for name in loaded.files if loaded[name].ndim == 2]
                chosen = _chosen(path, grids, layer)
                values = loaded[chosen]
                beside = {key: float(loaded[key]) for key in _EDGES if key in loaded.files}
        else:
            values = loaded
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{path} cannot be read ({str(error).splitlines()[0]}); .npy or .npz is expected"
        ) from None
    refuse_type(str(path), values.dtype, values.shape)
    shape = (int(values.shape[0]), int(values.shape[1]))
    place, findings = Place(), (UNPLACED,)
    if len(beside) == len(_EDGES):
        # The order of ymin and ymax is not kept by all who write such files: the first row is taken as the north.
        south, north = sorted((beside["ymin"], beside["ymax"]))
        west, east = sorted((beside["xmin"], beside["xmax"]))
        place = Place(west, north, (east - west) / shape[1], (south - north) / shape[0], None, "unknown unit")
        findings = ("edges xmin to ymax without a CRS; the first row is taken as the north",)
    return Grid(
        str(path), shape, place, lambda rows, columns: as_singles(values[rows, columns]), "", findings
    )


def _chosen(path: Path, names: list[str], layer: str | None) -> str:
    if layer is not None and layer in names:
        return layer
    if layer is None and len(names) == 1:
        return names[0]
    said = f"no grid {layer!r}" if layer is not None else f"{len(names)} grids" if names else "no grid"
    raise InputError(f"{path} has {said}; choose data.layer of {', '.join(names) or 'none'}")
