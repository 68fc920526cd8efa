"""Fields of others: WeatherBench 2 zarr by path or URL, NetCDF of the CDS, GRIB; one lazy dataset comes out."""

import glob
import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import terrella.earth.proj_first  # noqa: F401
from terrella.errors import InputError
from terrella.weather.data.axes import local_path, with_axes
from terrella.weather.data.variables import STATIC, VARIABLES, canonical, known

_NETCDF = (".nc", ".nc4", ".h5", ".cdf")
_LEVELS = {"level", "pressure_level", "plev", "isobaricInhPa"}
_GRIB = (".grib", ".grb", ".grib2", ".grb2")


def open_fields(sources: Sequence[str]) -> tuple[xr.Dataset, list[str]]:
    """Return fields of one or several files as one lazy dataset in the house's form, and lines on what was changed.

    Axes are (time, level, latitude, longitude), variables are named as in WeatherBench 2.

    Raises:
        InputError: where a source is missing or unreadable, or an axis cannot be told.
    """
    opened, said = [], list[str]()
    for source in _listed(sources):
        with readable(source):
            data, more = with_axes(_named(_open(source), source), source)
        opened.append(data)
        said += more
    data = opened[0] if len(opened) == 1 else _joined(opened)
    return data, said


@contextmanager
def readable(source: str) -> Iterator[None]:
    """Say in one line why a source cannot be read.

    Raises:
        InputError: in place of what a reader raised.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of readers, on what they leave out
            yield
    except InputError:
        raise
    except ImportError as error:
        raise InputError(
            f"{source}: {error.name or error} is not installed, which reads such a URL or file"
        ) from None
    except Exception as error:  # of many readers and file systems, each with errors of its own
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{source} cannot be read: {reason}") from None


def _listed(sources: Sequence[str]) -> list[str]:
    found: list[str] = []
    for source in sources:
        path = local_path(source)
        if path is None or path.exists():
            found.append(source)
            continue
        many = sorted(glob.glob(source))
        if not many:
            raise InputError(f"{source}: no such file or folder; a zarr, NetCDF or GRIB file expected")
        found += many
    return found


def _open(source: str) -> xr.Dataset:
    suffix = Path(source.rstrip("/")).suffix.lower()
    chunks: Any = {}
    if suffix in _GRIB:
        return _open_grib(source)
    if suffix == ".zarr" or _is_zarr(source):
        if importlib.util.find_spec("zarr") is None:
            raise InputError(f"{source}: zarr files need zarr 3: pip install 'terrella[weather]'")
        return xr.open_dataset(source, engine="zarr", chunks=chunks, decode_timedelta=False)
    if suffix in _NETCDF:
        return xr.open_dataset(source, chunks=chunks, decode_timedelta=False)
    raise InputError(
        f"{source}: its name says no format; .zarr, {', '.join(_NETCDF[:2])} or {', '.join(_GRIB[:2])} expected"
    )


def _is_zarr(source: str) -> bool:
    path = local_path(source)
    return path is not None and any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zmetadata"))


def _open_grib(source: str) -> xr.Dataset:
    if importlib.util.find_spec("cfgrib") is None:
        raise InputError(
            f"{source}: GRIB files need cfgrib, which is not installed: pip install 'terrella[grib]'"
        )
    # No index is left beside the file, which may lie where nothing can be written.
    return xr.open_dataset(
        source, engine="cfgrib", chunks={}, decode_timedelta=False, backend_kwargs={"indexpath": ""}
    )


def _named(data: xr.Dataset, source: str) -> xr.Dataset:
    names = {
        name: canonical(str(name), ("level",) if _has_levels(each) else ())
        for name, each in data.data_vars.items()
    }
    doubled = {new for new in names.values() if list(names.values()).count(new) > 1}
    if doubled:
        raise InputError(f"{source}: several variables are {sorted(doubled)[0]}; leave one")
    kept = [name for name, new in names.items() if known(new)]
    if not kept:
        raise InputError(
            f"{source}: no variable that is known; it has {', '.join(map(str, data.data_vars)) or 'none'}, and "
            f"{', '.join(each.name for each in VARIABLES[:4])} … are expected, or their short names"
        )
    return data[[*kept, *(["expver"] if "expver" in data.variables else [])]].rename(
        {old: new for old, new in names.items() if old in kept and old != new}
    )


def _has_levels(field: xr.DataArray) -> bool:
    """Return whether a field lies on pressure levels; GRIB's may lie on a single one."""
    return "lev" in field.dims or bool(_LEVELS & {*field.dims, *field.coords})


def _joined(opened: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return several files as one: others' variables beside, later times after."""
    grids = {(data.sizes["latitude"], data.sizes["longitude"]) for data in opened}
    if len(grids) > 1:
        raise InputError(f"the files have different grids: {', '.join(f'{b}x{a}' for a, b in sorted(grids))}")
    try:
        data = xr.combine_by_coords(
            list(opened), combine_attrs="override", coords="minimal", compat="no_conflicts", join="outer"
        )
    except ValueError as error:
        raise InputError(f"the files cannot be joined: {str(error).splitlines()[0][:160]}") from None
    assert isinstance(data, xr.Dataset)
    return data


def static_names(data: xr.Dataset) -> list[str]:
    """Return the fields of a dataset that do not change."""
    return [each.name for each in STATIC if each.name in data]


def times_of(data: xr.Dataset, where: str) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Return the times of a dataset.

    Raises:
        InputError: where it has none, or one twice.
    """
    if "time" not in data.dims or data["time"].dtype.kind != "M":
        raise InputError(f"{where}: no axis of times; states at known times are needed, not means by month")
    times = data["time"].values.astype("datetime64[s]")
    again = np.unique(times, return_counts=True)
    if (again[1] > 1).any():
        raise InputError(
            f"{where}: the time {again[0][again[1] > 1][0]} is there twice; leave one of them out"
        )
    return times
