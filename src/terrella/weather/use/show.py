"""Maps of a forecast or of a store's states."""

from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import terrella.earth.proj_first  # noqa: F401
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.weather.data.open import readable
from terrella.weather.data.variables import known, short_name
from terrella.weather.judging.figures import draw_map, spread_limits

_KINDS = (".png", ".pdf", ".svg")
_MOST = 6


def show_weather(source: Path, output: Path, variable: str | None, level: int | None) -> None:
    """Write maps of a variable: of a forecast at leads evenly spread, of a store at its last times.

    Raises:
        InputError: where the file cannot be read, or has no such variable or level.
    """
    if output.suffix not in _KINDS:
        raise InputError(f"{output}: a name that ends in {', '.join(_KINDS)} is expected")
    engine = "zarr" if source.is_dir() else "h5netcdf"
    with readable(str(source)), xr.open_dataset(source, engine=engine, decode_timedelta=True) as data:
        field, name = _chosen(data, source, variable, level)
        replace_file(output, partial(_draw, field=field, name=name, simulated="simulated" in str(data.attrs)))


def _chosen(
    data: xr.Dataset, source: Path, variable: str | None, level: int | None
) -> tuple[xr.DataArray, str]:
    held = [
        str(name)
        for name, each in data.data_vars.items()
        if {"latitude", "longitude", "time"} <= {*each.dims}
    ]
    wanted = variable or next(
        (name for name in ("geopotential", "2m_temperature") if name in held), held[0] if held else ""
    )
    name = found.name if (found := known(wanted)) else wanted
    if name not in held:
        raise InputError(
            f"{source} has no variable {wanted or 'that changes'}; it has {', '.join(held) or 'none'}"
        )
    field = data[name]
    if "level" not in field.dims:
        return field, short_name(name, None)
    levels = [int(each) for each in data["level"].values]
    chosen = level or (500 if 500 in levels else levels[-1])
    if chosen not in levels:
        raise InputError(f"{source} has no level {chosen} hPa; it has {', '.join(map(str, levels))}")
    return field.sel(level=chosen), short_name(name, chosen)


def _draw(path: Path, *, field: xr.DataArray, name: str, simulated: bool) -> None:
    along = "prediction_timedelta" if "prediction_timedelta" in field.dims else "time"
    if along != "time":
        field = field.isel(time=0)
    number = min(_MOST, field.sizes[along])
    places = np.unique(np.linspace(0, field.sizes[along] - 1, number).astype(int))
    if along == "time":
        places = np.arange(field.sizes[along] - number, field.sizes[along])
    fields = field.isel({along: places}).transpose(along, "latitude", "longitude")
    values, limits = fields.values.astype(float), spread_limits(fields.values)
    rows = -(-len(places) // 2)
    figure = Figure(figsize=(8, 1.9 * rows + 0.4), layout="constrained")
    every = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, state, at in zip(every, values, fields[along].values, strict=False):
        mesh = draw_map(
            axes,
            state,
            fields["latitude"].values,
            fields["longitude"].values,
            limits,
            "viridis",
            not simulated,
        )
        axes.set_title(
            f"{at / np.timedelta64(1, 'D'):.2f} days ahead" if along != "time" else str(at)[:16], fontsize=8
        )
    for axes in every[len(places) :]:
        axes.set_axis_off()
    figure.colorbar(mesh, ax=list(every), shrink=0.7, label=f"{name} ({field.attrs.get('units', '')})")
    figure.savefig(path, dpi=150)
