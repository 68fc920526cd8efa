"""Axes of fields brought into one form: time, level, latitude from south to north, longitude from 0 to 360."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from terrella.errors import InputError
from terrella.weather.data.variables import known

Floats = npt.NDArray[np.float64]
_NAMES = {
    "lat": "latitude", "lon": "longitude", "valid_time": "time", "pressure_level": "level", "plev": "level",
    "isobaricInhPa": "level", "lev": "level", "month": "time_of_year",
}  # fmt: skip
_ALONE = ("number", "step", "surface", "heightAboveGround", "meanSea", "realization", "member")


def with_axes(data: xr.Dataset, where: str) -> tuple[xr.Dataset, list[str]]:
    """Return a dataset with its axes in the house's form, and lines on what was changed.

    Raises:
        InputError: where an axis is missing, is none of the globe's, or cannot be told.
    """
    said: list[str] = []
    taken = {old: new for old, new in _NAMES.items() if old in data.variables or old in data.dims}
    # A GRIB file has both: `time` of issue and `valid_time`; of a reanalysis they are the same.
    if "time" in data.variables and "valid_time" in data.variables:
        data = _valid_times(data, where)
        taken.pop("valid_time")
    data = data.rename({old: new for old, new in taken.items() if new not in data.variables})
    data = _without_versions(data, where, said)
    data = _without_members(data, where)
    for name in ("latitude", "longitude"):
        if name not in data.dims or name not in data.coords:
            raise InputError(
                f"{where}: no axis {name}; its axes are {', '.join(map(str, data.dims)) or 'none'}, and fields "
                "need a regular grid of latitude and longitude"
            )
    return _globe(_levels(data, where), where, said), said


def _valid_times(data: xr.Dataset, where: str) -> xr.Dataset:
    valid = data["valid_time"]
    if valid.dims == ("time",):
        return data.assign_coords(time=valid.values).drop_vars("valid_time")
    if valid.ndim == 0 and data["time"].ndim == 0:
        return data.assign_coords(time=valid.values).drop_vars("valid_time")
    raise InputError(
        f"{where}: its fields are forecasts of several steps; one state for each time is needed, as of a reanalysis"
    )


def _without_versions(data: xr.Dataset, where: str, said: list[str]) -> xr.Dataset:
    """Return the data without `expver`, which tells final (1) from preliminary (5) fields of ERA5."""
    if "expver" not in data.variables and "expver" not in data.dims:
        return data
    if "expver" in data.dims:
        merged = data.isel(expver=0, drop=True)
        for number in range(1, data.sizes["expver"]):
            merged = merged.combine_first(data.isel(expver=number, drop=True))
        said.append(f"{where}: preliminary fields (ERA5T) stand where there are no final ones")
        return merged
    versions = np.char.lstrip(np.atleast_1d(data["expver"].values).astype(str), "0")
    early = (versions != "1") & (versions != "")
    if early.any() and data["expver"].dims == ("time",):
        first = data["time"].values[early][0]
        said.append(
            f"{where}: {early.sum():,} of {early.size:,} times from {str(first)[:13]} on are preliminary (ERA5T)"
        )
    return data.drop_vars("expver")


def _without_members(data: xr.Dataset, where: str) -> xr.Dataset:
    for name in _ALONE:
        if data.sizes.get(name, 1) > 1:
            raise InputError(
                f"{where}: {data.sizes[name]} {name}s; choose one of them first, such as with "
                f"xarray's isel({name}=0)"
            )
        if name in data.dims:
            data = data.isel({name: 0}, drop=True)
        elif name in data.coords:
            data = data.drop_vars(name)
    return data


def _levels(data: xr.Dataset, where: str) -> xr.Dataset:
    if "level" not in data.dims and "level" in data.coords:  # a single one, as cfgrib has it
        level, data = data["level"], data.drop_vars("level")
        held = {
            name: each for name, each in data.data_vars.items() if (kind := known(str(name))) and kind.levels
        }
        data = data.assign({name: each.expand_dims(level=[level.values]) for name, each in held.items()})
    if "level" not in data.dims:
        return data
    levels = np.asarray(data["level"].values, float)
    if levels.max() > 2000:  # in Pa
        levels = levels / 100
    if (
        (levels <= 0).any()
        or len(np.unique(levels)) < len(levels)
        or not np.allclose(levels, np.round(levels))
    ):
        raise InputError(f"{where}: the levels {levels[:5]} … are no pressures in hPa")
    return data.assign_coords(level=np.round(levels).astype(int)).sortby("level")


def _globe(data: xr.Dataset, where: str, said: list[str]) -> xr.Dataset:
    latitude = np.asarray(data["latitude"].values, float)
    longitude = np.asarray(data["longitude"].values, float)
    if len(latitude) < 4 or len(longitude) < 4:
        raise InputError(
            f"{where}: {len(latitude)} latitudes and {len(longitude)} longitudes are no global grid"
        )
    if not _monotonic(latitude):
        raise InputError(
            f"{where}: latitudes neither rise nor fall throughout; sort them, or leave out doubles"
        )
    if latitude[0] > latitude[-1]:
        data = data.isel(latitude=slice(None, None, -1))
        latitude = latitude[::-1]
        said.append(f"{where}: latitudes fall; turned to run from south to north")
    if longitude.min() < 0:
        said.append(f"{where}: longitudes from {longitude.min():g}° on; shifted to run from 0 to 360")
    turned = np.mod(longitude, 360.0)
    if len(longitude) > 1 and np.isclose(abs(longitude[-1] - longitude[0]), 360.0):
        data, turned = data.isel(longitude=slice(0, -1)), turned[:-1]
        said.append(f"{where}: the last meridian repeats the first; left out")
    order = np.argsort(turned)
    data = data.assign_coords(longitude=turned).isel(longitude=order)
    _check_globe(latitude, turned[order], where)
    return data.assign_coords(latitude=latitude)


def _check_globe(latitude: Floats, longitude: Floats, where: str) -> None:
    step = 360.0 / len(longitude)
    if not np.allclose(np.diff(longitude), step, atol=1e-2 * step):
        raise InputError(
            f"{where}: longitudes from {longitude[0]:g} to {longitude[-1]:g} do not go around the globe in equal "
            "steps; a regional field cannot be used"
        )
    widest = np.diff(latitude).max()
    if max(90 + latitude[0], 90 - latitude[-1]) > 1.01 * widest:
        raise InputError(
            f"{where}: latitudes from {latitude[0]:g} to {latitude[-1]:g} do not reach both poles; a regional "
            "field cannot be used"
        )


def _monotonic(values: Floats) -> bool:
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())


def local_path(source: str) -> Path | None:
    """Return the path of a source that is no URL."""
    return None if "://" in source else Path(source)
