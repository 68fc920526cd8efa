"""The verbs of `terrella weather` that are its own: demo, data, predict, show."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from terrella.cli.flags import SETTINGS, Bundle, DemoRun, Output, shown
from terrella.cli.planning import Limiting, show_plan
from terrella.cli.task_commands import chosen_settings
from terrella.cli.tasks import load_task
from terrella.engine.terminal import say
from terrella.errors import InputError
from terrella.weather.settings import WeatherSettings

__all__ = ["data", "demo", "plan", "predict", "show"]

Several = Parameter(consume_multiple=True, negative_iterable=())


def demo(*, run: DemoRun = Path("runs/weather/demo"), seed: int = 0) -> None:
    """Simulate a planet, train a small mesh network on it in two stages, and judge forecasts of ten days.

    Persistence, climatology, damped persistence and the solver at half its resolution stand beside it.

    Example: terrella weather demo

    Parameters
    ----------
    seed
        Seed of weights and order.
    """
    from terrella.weather.planet.held_suarez import check_installed

    check_installed()  # before what trains is imported
    following = f"terrella weather predict planet --bundle {run} -o forecast.nc"
    shown(lambda report: load_task("weather").demo(run, report, seed), following)


def data(
    fields: Annotated[list[str], Several],
    *,
    output: Output,
    variables: Annotated[tuple[str, ...], Several] = (),
    levels: Annotated[tuple[int, ...], Several] = (),
    grid: str | None = None,
    step: int = 6,
    start: str | None = None,
    end: str | None = None,
) -> None:
    """Convert fields of a reanalysis to a store: checked, regridded, with statistics, laid out as they are read.

    Example: terrella weather data era5.zarr -o era5_64x32.zarr --grid 64x32 --levels 250 500 850

    Parameters
    ----------
    fields
        WeatherBench 2's zarr (path or URL), NetCDF of the CDS, or GRIB; several files are joined.
    output
        Folder to write, its name ending in .zarr.
    variables
        Of the fields, such as temperature or t; by default all that are known.
    levels
        Pressure levels in hPa; by default all.
    grid
        Longitudes × latitudes to regrid to conservatively, such as 64x32 or 240x121; by default as they are.
    step
        Hours between states, from midnight on.
    start
        First date or time that is taken.
    end
        Last date that is taken.
    """
    from terrella.weather.data.convert import Wanted, convert

    wanted = Wanted(variables, levels, grid, step, start, end)
    following = f"terrella weather train {output} --run runs/weather/{output.stem}"
    shown(lambda report: convert(fields, output, report, wanted), following)


def plan(
    store: str | None = None,
    *,
    variant: str | None = None,
    devices: int = 1,
    samples: int | None = None,
    limiting: Limiting | None = None,
    settings: Annotated[WeatherSettings | None, SETTINGS] = None,
) -> None:
    """Say how much memory a training takes and how long it lasts, stage by stage; nothing is read or trained.

    Example: terrella weather plan --variant 0.25-37 --on tpu-v4 --devices 32

    Parameters
    ----------
    store
        Store that `data` wrote; by default a planet is simulated.
    variant
        A published network, in place of settings: 0.25-37, 0.25-13-operational or 1.0-13-small, beside what its
        training took.
    devices
        That share the variant's training.
    samples
        Number of windows in an epoch, in place of those of the data or the settings.
    """
    limiting = limiting or Limiting()
    if variant is not None:
        if store is not None or settings is not None or limiting.config is not None:
            raise InputError("--variant stands in place of a store and of settings; leave these out")
        from terrella.cli.weather_plan import plan_variant

        plan_variant(variant, limiting, devices)
        return
    chosen = chosen_settings("weather", limiting.run, limiting.config, store, settings)
    show_plan("weather", chosen, samples, limiting)


def predict(
    fields: str, *, bundle: Bundle, output: Output, start: str | None = None, days: float = 10.0
) -> None:
    """Forecast the days after the last two states of fields, as NetCDF-CF or zarr in WeatherBench's layout.

    Example: terrella weather predict era5_64x32.zarr --bundle runs/weather/era5_64x32 -o forecast.nc

    Parameters
    ----------
    fields
        A store, or fields that `data` reads; planet for the simulated one.
    output
        Name ending in .nc or .zarr.
    start
        Time of the last known state, such as 2020-01-01T12; by default the last one there is.
    days
        How far ahead.
    """
    from terrella.engine.use.find import find_bundle

    find_bundle(Path(bundle), "weather")  # before what predicts is imported
    shown(
        lambda report: load_task("weather").predict(fields, bundle, output, report, start=start, days=days),
        f"terrella weather show {output} -o {output.with_suffix('.png')}",
    )


def show(fields: Path, *, output: Output, variable: str | None = None, level: int | None = None) -> None:
    """Draw maps of a forecast at several leads, or of the last states of a store.

    Example: terrella weather show forecast.nc -o forecast.png --variable temperature --level 850

    Parameters
    ----------
    fields
        What `terrella weather predict` or `terrella weather data` wrote.
    output
        Picture to write: .png, .pdf or .svg.
    variable
        Such as temperature or t; by default the geopotential.
    level
        In hPa; by default 500.
    """
    from terrella.files import must_exist

    must_exist(fields, "a forecast or a store of states")
    from terrella.weather.use.show import show_weather

    show_weather(fields, output, variable, level)
    say(f"written: {output}")
