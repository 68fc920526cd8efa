"""Values that NetCDF's conventions pack into smaller numbers (CF 1.11, section 8.1)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.formats.records.record_store import Reader

_MISSING = ("_FillValue", "missing_value")


def unpacked(
    reader: Reader, dtype: np.dtype[Any], shape: tuple[int, ...], attributes: Mapping[str, Any]
) -> tuple[Reader, np.dtype[Any]]:
    """Return a reader of what `scale_factor`, `add_offset` and `_FillValue` describe, and its type.

    Packed integers become floats and missing values NaN; integers without scale and offset stay as they are.
    """
    scale, offset = _number(attributes.get("scale_factor")), _number(attributes.get("add_offset"))
    missing = [value for name in _MISSING if (value := _number(attributes.get(name))) is not None]
    if scale is None and offset is None and (dtype.kind != "f" or not missing):
        return reader, dtype
    wide = dtype.itemsize > (4 if dtype.kind == "f" else 2)
    plain = np.dtype(np.float64 if wide else np.float32)

    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        raw = np.empty((end - first, *shape), dtype)
        reader(first, end, raw)
        np.multiply(raw, 1.0 if scale is None else scale, out=out, casting="unsafe")
        out += offset or 0.0
        for value in missing:
            out[raw == dtype.type(value)] = np.nan

    return read, plain


def _number(value: Any) -> float | None:
    """Return an attribute as a number; xarray writes some to zarr as text, which zarr's own fill value repeats."""
    try:
        return None if value is None else float(np.ravel(value)[0])
    except ValueError:
        return None
