"""`terrella weather predict`: the next days from two states, as NetCDF-CF or zarr in WeatherBench's layout."""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import terrella.earth.proj_first  # noqa: F401
from terrella import __version__
from terrella.engine.device import choose_device
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import replace_file, replace_folder
from terrella.weather.bundle import WeatherModel, load_weather
from terrella.weather.data.store import consolidate
from terrella.weather.data.variables import known
from terrella.weather.judging.forecasts import rolled_out
from terrella.weather.use.start import States, states_before

_KINDS = (".nc", ".zarr")


def predict_weather(
    given: Path | str,
    bundle: str,
    output: Path,
    report: Report,
    *,
    start: str | None = None,
    days: float = 10.0,
) -> Sequence[str]:
    """Write a forecast from the last two states of fields, or those up to `start`; return lines on it.

    Dimensions are time (of the start), prediction_timedelta, level, latitude and longitude, as WeatherBench 2 and
    WeatherBench-X read forecasts.

    Raises:
        InputError: where the bundle or the fields are at fault.
    """
    if output.suffix not in _KINDS:
        raise InputError(f"{output}: a name that ends in {' or '.join(_KINDS)} is expected")
    model = load_weather(bundle)
    steps = round(24 * days / model.layout.step_hours)
    if steps < 1:
        raise InputError(f"--days {days:g}: at least one step of {model.layout.step_hours} h is expected")
    past, moment = states_before(str(given), model, start, report)
    each = _forecast(model, past, moment, steps, report)
    if output.suffix == ".zarr":
        replace_folder(output, partial(_write_zarr, states=each))
    else:
        replace_file(output, partial(_write_netcdf, states=each))
    hours = steps * model.layout.step_hours
    return [
        f"{output}: {steps} steps to {hours} h from {str(moment)[:16]}, {len(model.layout.channels)} channels"
    ]


def _forecast(
    model: WeatherModel, past: States, moment: np.datetime64, steps: int, report: Report
) -> Iterator[xr.Dataset]:
    layout = model.layout
    network = model.network.to(choose_device(model.settings.fit.device))
    each = rolled_out(
        network, past[None], np.array([moment]), steps, (layout.latitude, layout.longitude), layout.step_hours,
        layout.statistics, layout.forcings,
    )  # fmt: skip
    for step, state in enumerate(each, 1):
        report({"kind": "progress", "stage": "predict", "done": step, "total": steps, "note": "steps"})
        yield _dataset(model, state[0], moment, step)


def _dataset(model: WeatherModel, state: States, moment: np.datetime64, step: int) -> xr.Dataset:
    """Return one state of a forecast, (point, channel), as a labelled dataset."""
    layout = model.layout
    across = (len(layout.latitude), len(layout.longitude))
    made: dict[str, Any] = {}
    for name, own in itertools.groupby(enumerate(layout.channels), lambda pair: pair[1].variable):
        numbers = [number for number, _ in own]
        variable = known(name)
        attributes = {"units": variable.unit if variable else "", "long_name": name.replace("_", " ")}
        values = state[:, numbers].T.reshape(1, 1, len(numbers), *across)
        if layout.channels[numbers[0]].level is None:
            made[name] = (
                ("time", "prediction_timedelta", "latitude", "longitude"),
                values[:, :, 0],
                attributes,
            )
            continue
        levels = [layout.channels[number].level for number in numbers]
        field = xr.DataArray(
            values, dims=("time", "prediction_timedelta", "level", "latitude", "longitude"),
            coords={"level": ("level", levels, {"units": "hPa", "positive": "down"})}, attrs=attributes,
        )  # fmt: skip
        made[name] = field
    lead = np.timedelta64(step * layout.step_hours, "h").astype("timedelta64[ns]")
    degrees = {
        name: {"units": f"degrees_{way}", "standard_name": name}
        for name, way in (("latitude", "north"), ("longitude", "east"))
    }
    return xr.Dataset(
        made,
        coords={
            "time": ("time", [moment.astype("datetime64[ns]")], {"long_name": "time of the start"}),
            "prediction_timedelta": ("prediction_timedelta", [lead], {"long_name": "time after the start"}),
            "latitude": ("latitude", layout.latitude, degrees["latitude"]),
            "longitude": ("longitude", layout.longitude, degrees["longitude"]),
        },
        attrs={
            "Conventions": "CF-1.11", "source": f"Terrella {__version__}, mesh network",
            **({"comment": "of a simulated planet"} if model.simulated else {}),
        },
    )  # fmt: skip


def _write_netcdf(path: Path, states: Iterator[xr.Dataset]) -> None:
    whole = xr.concat(
        list(states),
        "prediction_timedelta",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="exact",
    )
    packing = {str(name): {"zlib": True, "complevel": 1} for name in whole.data_vars}
    hours = {"prediction_timedelta": {"units": "hours"}, "time": {"units": "hours since 1970-01-01"}}
    whole.to_netcdf(path, engine="h5netcdf", encoding={**packing, **hours})


def _write_zarr(folder: Path, states: Iterator[xr.Dataset]) -> None:
    hours = {
        "prediction_timedelta": {"units": "hours", "dtype": "int64"},
        "time": {"units": "hours since 1970-01-01"},
    }
    for number, state in enumerate(states):  # one at a time, so that no whole forecast is held
        if number == 0:
            state.to_zarr(folder, mode="w", encoding=hours, consolidated=False)
        else:
            state.to_zarr(folder, append_dim="prediction_timedelta", consolidated=False)
    consolidate(folder)
