"""A store: states at equal steps as zarr in WeatherBench 2's layout, with statistics; xarray opens it as well."""

import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.engine.settings import fingerprint
from terrella.errors import InputError
from terrella.weather.data.statistics import Statistics
from terrella.weather.data.variables import STATIC, known, short_name

Floats = npt.NDArray[np.float32]
Times = npt.NDArray[np.datetime64]
VERSION = 1
_KEPT_BYTES = 1 << 30
_SHARD_BYTES = 4 << 20  # of one variable's chunk
_ATTRIBUTE = "terrella_weather"


def zarr_module() -> Any:
    """Return zarr.

    Raises:
        InputError: where it is not installed, or older than 3.
    """
    try:
        import zarr
    except ImportError:
        raise InputError("stores of weather need zarr 3: pip install 'terrella[weather]'") from None
    if int(zarr.__version__.split(".")[0]) < 3:
        raise InputError(
            f"stores of weather need zarr 3, not {zarr.__version__}: pip install 'terrella[weather]'"
        )
    return zarr


@dataclass(frozen=True, order=True)
class Channel:
    """A variable, at a level in hPa where it has levels."""

    variable: str
    level: int | None = None

    @property
    def short(self) -> str:
        """What tables call it, such as Z500."""
        return short_name(self.variable, self.level)


@dataclass(frozen=True, eq=False)
class Store:
    """An open store; channels are in the order of variables, and of levels within them."""

    path: Path
    channels: tuple[Channel, ...]
    latitude: npt.NDArray[np.float64]
    longitude: npt.NDArray[np.float64]
    times: Times  # (time,), in s
    step_hours: int
    statistics: Statistics
    static: Mapping[str, Floats]  # fields (latitude, longitude) that do not change
    missing: Mapping[str, Floats]  # of variables without values over land or sea: 1 in such cells
    frames_per_chunk: int
    about: Mapping[str, Any]  # what it was made from, whether it is simulated
    kept: "OrderedDict[int, Floats]" = field(default_factory=OrderedDict)  # chunks that were read of late

    @property
    def points(self) -> int:
        """Points of the grid."""
        return len(self.latitude) * len(self.longitude)

    @property
    def simulated(self) -> bool:
        """Whether its states are those of a simulated planet."""
        return bool(self.about.get("simulated"))

    @property
    def grid(self) -> str:
        """The grid's name, such as 64x32."""
        return f"{len(self.longitude)}x{len(self.latitude)}"

    @property
    def mark(self) -> str:
        """Fingerprint of what is in it."""
        known_by = [self.grid, self.step_hours, str(self.times[0]), str(self.times[-1]), len(self.times)]
        return fingerprint(repr((known_by, self.channels, self.statistics.rounded())))

    @cached_property
    def _arrays(self) -> dict[str, Any]:
        group = zarr_module().open_group(self.path, mode="r")
        return {name: group[name] for name in {channel.variable for channel in self.channels}}

    @cached_property
    def _places(self) -> dict[str, tuple[list[int], list[int | None]]]:
        """For each variable, which channels it fills, and from which of its levels."""
        places: dict[str, tuple[list[int], list[int | None]]] = {}
        levels = list(self.about["levels"])
        for number, channel in enumerate(self.channels):
            own = places.setdefault(channel.variable, ([], []))
            own[0].append(number)
            own[1].append(None if channel.level is None else levels.index(channel.level))
        return places

    def read(self, first: int, last: int, out: Floats | None = None) -> Floats:
        """Return the states from one to before another, (time, point, channel), in the variables' units.

        Raises:
            InputError: where the store is damaged.
        """
        made = np.empty((last - first, self.points, len(self.channels)), np.float32) if out is None else out
        for variable, (channels, levels) in self._places.items():
            try:
                values = self._arrays[variable][first:last]
            except Exception as error:  # of codecs and file systems
                raise InputError(
                    f"{self.path}: {variable} cannot be read ({error}); convert it again"
                ) from None
            values = values.reshape(last - first, -1, self.points)
            for channel, level in zip(channels, levels, strict=True):
                made[:, :, channel] = values[:, level or 0]
        return made

    def states(self, which: npt.NDArray[np.int64]) -> Floats:
        """Return single states, (state, point, channel); chunks read of late are kept, up to a gigabyte."""
        made = np.empty((len(which), self.points, len(self.channels)), np.float32)
        chunks = which // self.frames_per_chunk
        for chunk in np.unique(chunks):
            own = np.flatnonzero(chunks == chunk)
            made[own] = self._chunk(int(chunk))[which[own] - chunk * self.frames_per_chunk]
        return made

    def _chunk(self, chunk: int) -> Floats:
        found = self.kept.pop(chunk, None)
        if found is None:
            first = chunk * self.frames_per_chunk
            found = self.read(first, min(first + self.frames_per_chunk, len(self.times)))
            while self.kept and (len(self.kept) + 1) * found.nbytes > _KEPT_BYTES:
                self.kept.popitem(last=False)
        self.kept[chunk] = found
        return found

    def chosen(self, variables: Sequence[str], levels: Sequence[int]) -> "Store":
        """Return the store with some of its variables and levels; all where none are named.

        Raises:
            InputError: where one is not in it.
        """
        held = {channel.variable for channel in self.channels}
        layers = {channel.level for channel in self.channels} - {None}
        names = [(found.name if (found := known(name)) else name) for name in variables]
        if missing := [name for name in names if name not in held]:
            raise InputError(f"{self.path} has no variable {missing[0]}; it has {', '.join(sorted(held))}")
        if absent := [level for level in levels if level not in layers]:
            had = ", ".join(str(level) for level in sorted(each for each in layers if each is not None))
            raise InputError(f"{self.path} has no level {absent[0]} hPa; it has {had or 'none'}")
        kept = [
            number
            for number, channel in enumerate(self.channels)
            if (not names or channel.variable in names)
            and (not levels or channel.level is None or channel.level in levels)
        ]
        return replace(
            self,
            channels=tuple(self.channels[n] for n in kept),
            statistics=self.statistics.of(kept),
            kept=OrderedDict(),
        )


def consolidate(path: Path) -> None:
    """Gather a group's metadata in one place, where xarray looks for them first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr warns that its standard has no such place yet
        zarr_module().consolidate_metadata(path)


def is_store(path: Path) -> bool:
    """Return whether a folder is a store."""
    try:
        return path.is_dir() and _ATTRIBUTE in dict(zarr_module().open_group(path, mode="r").attrs)
    except (OSError, ValueError):
        return False


def open_store(path: Path) -> Store:
    """Return a store that `terrella weather data` wrote.

    Raises:
        InputError: where there is none, or it is not finished.
    """
    zarr = zarr_module()
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; a store that `terrella weather data` wrote is expected")
    try:
        group = zarr.open_group(path, mode="r")
        told = dict(group.attrs).get(_ATTRIBUTE)
    except Exception as error:
        raise InputError(f"{path} is no zarr group ({str(error).splitlines()[0][:100]})") from None
    if not isinstance(told, dict) or "statistics" not in told:
        raise InputError(
            f"{path} is no store of states yet; convert it: terrella weather data {path} -o STORE.zarr"
        )
    if told["version"] > VERSION:
        raise InputError(
            f"{path} was written by a newer Terrella (store version {told['version']}); update Terrella"
        )
    names = {each.name for each in STATIC}
    try:
        times = np.datetime64("1970-01-01T00", "s") + group["time"][:].astype("timedelta64[h]")
        return Store(
            path,
            tuple(Channel(variable, level) for variable, level in told["channels"]),
            group["latitude"][:].astype(float),
            group["longitude"][:].astype(float),
            times,
            int(told["step_hours"]),
            Statistics.parsed(told["statistics"]),
            {name: group[name][:] for name in names if name in group},
            {name: group[f"missing_{name}"][:] for name, _ in told["channels"] if f"missing_{name}" in group},
            int(told["frames_per_chunk"]),
            told["about"],
        )
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); convert it again") from None


class Writer:
    """Writes a store, some states at a time, perhaps `again` where it stopped; it is none before `finish`."""

    def __init__(
        self,
        path: Path,
        channels: Sequence[Channel],
        grid: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
        times: Times,
        step_hours: int,
        static: Mapping[str, Floats],
        about: Mapping[str, Any],
        again: bool = False,
    ) -> None:
        self._channels = tuple(channels)
        self._path, self._group = path, zarr_module().open_group(path, mode="r+" if again else "w")
        latitude, longitude = grid
        levels = sorted({channel.level for channel in channels if channel.level is not None})
        frame = 4 * len(latitude) * len(longitude) * max(len(levels), 1)
        self.frames = max(1, min(64, len(times), _SHARD_BYTES // frame))
        self._told = {
            "version": VERSION, "channels": [[each.variable, each.level] for each in channels],
            "step_hours": step_hours, "frames_per_chunk": self.frames, "about": {**about, "levels": levels},
        }  # fmt: skip
        if again:
            return
        hours = (times.astype("datetime64[h]") - np.datetime64("1970-01-01", "h")).astype(np.int64)
        self._axis("time", hours, {"units": "hours since 1970-01-01", "calendar": "proleptic_gregorian"})
        self._axis("latitude", latitude, {"units": "degrees_north", "standard_name": "latitude"})
        self._axis("longitude", longitude, {"units": "degrees_east", "standard_name": "longitude"})
        if levels:
            self._axis("level", np.array(levels), {"units": "hPa", "positive": "down"})
        for name, fixed in static.items():
            self._array(name, ("latitude", "longitude"), fixed.shape, fixed.shape)[:] = fixed
        across = (len(latitude), len(longitude))
        for name in dict.fromkeys(channel.variable for channel in channels):
            if any(each.variable == name and each.level is not None for each in channels):
                dims: tuple[str, ...] = ("time", "level", "latitude", "longitude")
                shape: tuple[int, ...] = (len(times), len(levels), *across)
            else:
                dims, shape = ("time", "latitude", "longitude"), (len(times), *across)
            self._array(name, dims, shape, (self.frames, *shape[1:]))

    def write(self, first: int, name: str, values: Floats) -> None:
        """Write a variable's states from one on, (time, [level,] latitude, longitude)."""
        self._group[name][first : first + len(values)] = values

    def read(self, first: int, last: int, name: str) -> Floats:
        """Return a variable's states that were written."""
        return np.asarray(self._group[name][first:last])

    def write_missing(self, name: str, cells: npt.NDArray[np.bool_]) -> None:
        """Write where a variable never has values, (latitude, longitude)."""
        array = self._array(f"missing_{name}", ("latitude", "longitude"), cells.shape, cells.shape)
        array[:] = cells.astype(np.float32)

    def write_array(self, name: str, values: Floats) -> None:
        """Write an array of its own, which is no field."""
        dims = tuple(f"{name}_{number}" for number in range(values.ndim))
        self._array(name, dims, values.shape, (1, *values.shape[1:]))[:] = values

    def finish(self, statistics: Statistics) -> None:
        """Write the statistics, which make a store of it."""
        self._group.attrs.update(
            {"Conventions": "CF-1.11", _ATTRIBUTE: {**self._told, "statistics": statistics.plain()}}
        )
        consolidate(self._path)

    def _axis(self, name: str, values: npt.NDArray[Any], attributes: Mapping[str, str]) -> None:
        array = self._group.create_array(
            name, shape=values.shape, dtype=values.dtype, dimension_names=(name,)
        )
        array[:] = values
        array.attrs.update(attributes)

    def _array(
        self, name: str, dims: tuple[str, ...], shape: tuple[int, ...], chunks: tuple[int, ...]
    ) -> Any:
        array = self._group.create_array(
            name, shape=shape, chunks=chunks, dtype="float32", dimension_names=dims, fill_value=float("nan"),
            overwrite=True,
        )  # fmt: skip
        variable = known(name)
        if variable is not None:
            array.attrs["units"] = variable.unit
        return array
