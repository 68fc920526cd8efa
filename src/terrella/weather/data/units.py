"""Units of fields: told by the file, and held against what the values can be."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from terrella.errors import InputError
from terrella.weather.data.regrid import Floats, area_weights
from terrella.weather.data.variables import GRAVITY, Variable, known


def unit_factors(
    data: xr.Dataset, names: Sequence[str], where: str
) -> tuple[dict[str, tuple[float, float]], list[str]]:
    """Return the factor and offset that bring each variable into its unit, and lines on what they change.

    The mean over the globe at the first time must be one that the variable can have.

    Raises:
        InputError: where the values are not in the unit that the file names, with what they look like.
    """
    found, said = {}, []
    for name in names:
        variable = known(name)
        assert variable is not None  # others are never opened
        means = _means(data[name])
        if not np.isfinite(means).all():
            raise InputError(f"{where}: {name} has no values at its first time; leave that out with --start")
        levels = np.asarray(data["level"].values, float) if "level" in data[name].dims else np.ones(1)
        told = str(data[name].attrs.get("units", "")).strip()
        scale = _scale(variable, told, means, levels, where)
        if scale != (1.0, 0.0):
            said.append(f"{where}: {name} is in {told}; converted to {variable.unit}")
        found[name] = scale
    return found, said


def _scale(variable: Variable, told: str, means: Floats, levels: Floats, where: str) -> tuple[float, float]:
    ranges = {variable.unit: (1.0, 0.0), **variable.others}
    unit = variable.unit if told in ("", *variable.spellings) else told
    if unit not in ranges:
        raise InputError(
            f"{where}: {variable.name} is in {told!r}; {' or '.join(ranges)} expected: convert it, or mend its "
            "attribute units"
        )
    if _possible(variable, means, levels, ranges[unit]):
        return ranges[unit]
    likely = [
        name for name, scale in ranges.items() if name != unit and _possible(variable, means, levels, scale)
    ]
    hint = f"it looks like {likely[0]}: set its attribute units to that" if likely else "check the file"
    spread = f"{means.min():.4g}" if len(means) == 1 else f"{means.min():.4g} to {means.max():.4g} by level"
    raise InputError(f"{where}: the mean of {variable.name}, {spread}, is none in {unit}; {hint}")


def _possible(variable: Variable, means: Floats, levels: Floats, scale: tuple[float, float]) -> bool:
    low, high = np.array(variable.mean)
    if variable.name == "geopotential":  # that of an atmosphere of 7.4 km scale height, within a fifth
        about = GRAVITY * 7400 * np.log(1013 / levels)
        low, high = 0.8 * about - 3000, 1.2 * about + 3000
    held = means * scale[0] + scale[1]
    return bool(((held >= low) & (held <= high)).all())


def _means(field: xr.DataArray) -> Floats:
    """Return the mean over the globe at the first time, for each level, (level,)."""
    if "time" in field.dims:
        field = field.isel(time=0)
    values = np.asarray(field.transpose(..., "latitude", "longitude").values, float)
    weights = np.where(np.isfinite(values), area_weights(field["latitude"].values)[:, None], 0.0)
    total = weights.sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.atleast_1d((np.nan_to_num(values) * weights).sum(axis=(-2, -1)) / total)
