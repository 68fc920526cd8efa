"""Packed numbers and fill values after the CF conventions, decoded by xarray where an array has any."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_WORDS = ("scale_factor", "add_offset", "_FillValue", "missing_value", "_Unsigned")


def encoding(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that say how numbers are to be decoded; none where they are as they stand."""
    held = {name: attributes[name] for name in _WORDS if name in attributes}
    return {name: value for name, value in held.items() if not _is_nan(value)}


def decoded(values: npt.NDArray[Any], held: Mapping[str, Any]) -> npt.NDArray[Any]:
    """Return numbers as xarray decodes them; what is filled becomes NaN."""
    if not held:
        return values
    import xarray as xr

    import terrella.earth.proj_first  # noqa: F401

    dims = [f"axis_{i}" for i in range(values.ndim)]
    data = xr.Dataset({"values": (dims, values, dict(held))})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of several values for what is missing, all of which are
        return xr.decode_cf(data, decode_times=False, decode_coords=False)["values"].to_numpy()


def _is_nan(value: Any) -> bool:
    """Tell whether a fill value is NaN, as which it is read anyway."""
    try:
        return bool(np.all(np.isnan(np.asarray(value, np.float64))))
    except (TypeError, ValueError):
        return False
