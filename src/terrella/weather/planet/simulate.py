"""A store of a simulated planet: members that began from states of their own, one after the other in time."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import replace_folder
from terrella.weather.data.regrid import area_weights
from terrella.weather.data.statistics import Streaming
from terrella.weather.data.store import Channel, Store, Writer, zarr_module
from terrella.weather.planet import held_suarez as planet

Floats = npt.NDArray[np.float32]
PLANET = "planet"  # the store that is simulated where none is named
EVERY = 4  # states, of which one is kept as the solver has it
_LEVELED = ("geopotential", "temperature", "u_component_of_wind", "v_component_of_wind")
_SURFACE = "surface_pressure"
_START = np.datetime64("2001-01-01T00", "s")  # a date of no meaning
_GAP_DAYS = 30  # between members, so that no window reaches from one into the next
_SPUN_UP = Path(__file__).with_name("states.npz")  # made by scripts/spin_up_planet.py
_SOLVER_STATES = "solver_states"


def cached_planet(days: int, members: int, report: Report) -> Path:
    """Return the store of the simulated planet in the user's cache, simulated where it is not there yet."""
    cache = Path(os.environ.get("TERRELLA_CACHE") or Path.home() / ".cache" / "terrella")
    path = cache / "weather" / f"held_suarez_{members}x{days}.zarr"
    if not path.is_dir():
        told = f"simulating a planet: {members} members of {days} days, kept in {path}"
        report({"kind": "message", "message": told})
        simulate(path, days, members, report)
    return path


def simulate(output: Path, days: int, members: int, report: Report) -> None:
    """Write a store of so many days of each member, and of the solver's own states.

    Raises:
        InputError: where the solver is not installed, or there are fewer states to begin from than members.
    """
    planet.check_installed()
    zarr_module()
    states = _spun_up(members)
    number = days * 24 // planet.STEP_HOURS
    channels = planet_channels()
    step, gap = np.timedelta64(planet.STEP_HOURS, "h"), np.timedelta64(_GAP_DAYS, "D")
    starts = _START + np.arange(members) * (number * step + gap)
    times = (starts[:, None] + np.arange(number) * step).reshape(-1)
    solver = planet.solver()
    about = {
        "simulated": "Held–Suarez, dry, T21, 8 layers",
        "members": members,
        "days": days,
        "from": [PLANET],
    }

    def write(folder: Path) -> None:
        grid = (solver.latitude, solver.longitude)
        writer = Writer(folder, channels, grid, times, planet.STEP_HOURS, {}, about)
        fields, kept = _run(solver, states, number, report)
        statistics = Streaming(len(channels), np.repeat(area_weights(grid[0]), len(grid[1])))
        for name, values in fields.items():
            writer.write(0, name, values.reshape(-1, *values.shape[2:]))
        for member in range(members):
            statistics.add(_points(fields, member), [False] + [True] * (number - 1))
        writer.write_array(_SOLVER_STATES, kept)
        writer.finish(statistics.result())

    replace_folder(output, write)


def planet_channels() -> tuple[Channel, ...]:
    """Return the channels of the planet's states."""
    return (*(Channel(name, level) for name in _LEVELED for level in planet.LEVELS), Channel(_SURFACE))


def solver_states(store: Store, states: npt.NDArray[np.int64]) -> Floats:
    """Return the solver's own states for states of its store that were kept: every fourth of a member.

    Raises:
        InputError: where one was not kept, or the store is no planet's.
    """
    number = len(store.times) // int(store.about["members"])
    within = states % number
    if (within % EVERY).any():
        raise InputError(f"the solver's own state is kept for every {EVERY}th state of the planet alone")
    group = zarr_module().open_group(store.path, mode="r")
    kept: Floats = group[_SOLVER_STATES][:]
    return np.asarray(kept[states // number, within // EVERY])


def _run(
    solver: planet.Solver, states: Floats, number: int, report: Report
) -> tuple[Mapping[str, Floats], Floats]:
    """Return fields (member, time, …) and the kept states (member, time, …)."""
    fields: dict[str, Floats] = {}
    kept = []
    for at, state in enumerate(solver.frames(states, number)):
        for name, values in solver.fields(state).items():
            if name not in fields:
                fields[name] = np.empty((len(values), number, *values.shape[1:]), np.float32)
            fields[name][:, at] = values
        if at % EVERY == 0:
            kept.append(state)
        report({"kind": "progress", "stage": "simulate", "done": at + 1, "total": number, "note": "states"})
    order = {name: fields[name] for name in (*_LEVELED, _SURFACE)}
    return order, np.stack(kept, axis=1)


def _points(fields: Mapping[str, Floats], member: int) -> Floats:
    """Return the states of a member as (time, point, channel)."""
    each = [
        values[member].reshape(values.shape[1], -1, values.shape[-2] * values.shape[-1])
        for values in fields.values()
    ]
    return np.concatenate(each, axis=1).transpose(0, 2, 1)


def _spun_up(members: int) -> Floats:
    """Return states of the planet whose climate has settled, (member, 3 × layer + 1, coefficient)."""
    with np.load(_SPUN_UP) as stored:
        states: Floats = stored["states"]
    if members > len(states):
        raise InputError(f"{members} members; there are states for {len(states)} of them to begin from")
    return states[:members]
