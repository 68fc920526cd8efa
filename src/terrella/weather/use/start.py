"""The two states that a forecast begins from, from a store or any fields that `terrella weather data` reads."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.weather.bundle import WeatherModel
from terrella.weather.data.convert import Fields
from terrella.weather.data.open import open_fields, readable, times_of
from terrella.weather.data.store import Store, is_store, open_store
from terrella.weather.data.units import unit_factors
from terrella.weather.data.windows import PAST
from terrella.weather.layout import Layout
from terrella.weather.planet.simulate import PLANET, cached_planet

States = npt.NDArray[np.float32]


def states_before(
    given: str, model: WeatherModel, start: str | None, report: Report
) -> tuple[States, np.datetime64]:
    """Return the two states up to a time (2, point, channel), in the variables' units, and that time.

    By default the last one of which the state before is there too.

    Raises:
        InputError: where the fields cannot be read, or lack a time, variable, level or grid that the network needs.
    """
    if given == PLANET:
        given = str(cached_planet(model.settings.data.days, model.settings.data.members, report))
    if is_store(Path(given)):
        return _of_store(open_store(Path(given)), model.layout, start)
    data, said = open_fields([given])
    for line in said:
        report({"kind": "message", "message": line})
    data = data.sortby("time") if "time" in data.dims else data
    at = _at(times_of(data, given), start, model.layout.step_hours, given)
    layout = model.layout
    names = list(dict.fromkeys(channel.variable for channel in layout.channels))
    for channel in layout.channels:
        if channel.variable not in data:
            raise InputError(f"{given} has no variable {channel.variable}, which the network needs")
        layers = data["level"].values if "level" in data[channel.variable].dims else ()
        if channel.level is not None and channel.level not in layers:
            raise InputError(f"{given} has no level {channel.level} hPa, which the network needs")
    if data.sizes["longitude"] < len(layout.longitude):
        raise InputError(
            f"{given}: its grid {data.sizes['longitude']}x{data.sizes['latitude']} is coarser than the network's, "
            f"{_grid(layout)}; what is finer cannot be made of it"
        )
    with readable(given):
        factors, _ = unit_factors(data.isel(time=at), names, given)
    fields = Fields(data.isel(time=at), layout.channels, factors, given, (layout.latitude, layout.longitude))
    each = [fields.read(name, 0, PAST).reshape(PAST, -1, layout.points) for name in names]
    return np.concatenate(each, axis=1).transpose(0, 2, 1).copy(), times_of(data, given)[at[-1]]


def _of_store(store: Store, layout: Layout, start: str | None) -> tuple[States, np.datetime64]:
    same = len(store.latitude) == len(layout.latitude) and len(store.longitude) == len(layout.longitude)
    if not (same and np.allclose(store.latitude, layout.latitude, atol=1e-3)):
        raise InputError(
            f"{store.path}: its grid {store.grid} is not the network's, {_grid(layout)}; convert the fields "
            f"again with --grid {_grid(layout)}"
        )
    for channel in layout.channels:
        if channel not in store.channels:
            level = "" if channel.level is None else f" at {channel.level} hPa"
            raise InputError(f"{store.path} has no {channel.variable}{level}, which the network needs")
    at = _at(store.times, start, layout.step_hours, str(store.path))
    order = [store.channels.index(channel) for channel in layout.channels]
    return store.states(at)[..., order], store.times[at[-1]]


def _at(
    times: npt.NDArray[np.datetime64], start: str | None, step_hours: int, where: str
) -> npt.NDArray[np.int64]:
    """Return where the two states lie: one step before the start, and at it."""
    step = np.timedelta64(step_hours, "h")
    if start is None:
        ready = np.flatnonzero(np.isin(times - step, times))
        if len(ready) == 0:
            raise InputError(
                f"{where}: no two states are {step_hours} h apart, and a forecast begins from two"
            )
        moment = times[ready[-1]]
    else:
        try:
            moment = np.datetime64(start, "s")
        except ValueError:
            raise InputError(f"--start {start!r} is no time; one such as 2020-01-01T12 is expected") from None
    places = [np.flatnonzero(times == each) for each in (moment - step, moment)]
    for each, found in zip((moment - step, moment), places, strict=True):
        if len(found) == 0:
            raise InputError(
                f"{where} has no state at {str(each)[:16]}; its states are from {times[0]} to {times[-1]}, and a "
                f"forecast needs two, {step_hours} h apart"
            )
    return np.concatenate(places)


def _grid(layout: Layout) -> str:
    return f"{len(layout.longitude)}x{len(layout.latitude)}"
