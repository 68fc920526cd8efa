"""`terrella weather data`: fields of others become a store, checked, regridded and laid out as they are read."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from terrella.engine.journal import Journal, alone, room_needed, source_state
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import recover_folder, swap_folder
from terrella.weather.data.open import open_fields, readable, static_names, times_of
from terrella.weather.data.regrid import Regrid, area_weights, named_grid
from terrella.weather.data.statistics import Statistics, Streaming
from terrella.weather.data.store import Channel, Times, Writer, open_store, zarr_module
from terrella.weather.data.units import unit_factors
from terrella.weather.data.variables import STATIC, VARIABLES, known
from terrella.weather.data.windows import check_steps

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Wanted:
    """What is taken of the fields; all of it where nothing is named."""

    variables: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()  # in hPa
    grid: str | None = None  # such as 64x32; by default that of the fields
    step_hours: int = 6
    start: str | None = None
    end: str | None = None  # its day included


def convert(sources: Sequence[str], output: Path, report: Report, wanted: Wanted | None = None) -> list[str]:
    """Write fields as a store, and return lines on what was found and done.

    The store gets its name when it is whole. Stopped at any moment and called again, it goes on; where a source
    changed meanwhile, it begins anew.

    Raises:
        InputError: where a source cannot be read, or lacks what is wanted.
        TerrellaError: where the disk is full; what is written stays.
    """
    wanted = wanted or Wanted()
    zarr_module()
    if output.suffix != ".zarr":
        raise InputError(f"{output}: the output is a folder whose name ends in .zarr")
    where = sources[0] if len(sources) == 1 else f"{sources[0]} and {len(sources) - 1} more"
    target = named_grid(wanted.grid) if wanted.grid else None
    data, said = open_fields(sources)
    channels = _channels(data, wanted, where)
    data, times, more = _at_steps(data, wanted, where)
    names = list(dict.fromkeys(channel.variable for channel in channels))
    fixed = static_names(data)
    with readable(where):
        factors, converted = unit_factors(data, [*names, *fixed], where)
    source = Fields(data, channels, factors, where, target)
    static = {name: source.static(name) for name in fixed}
    said += [*more, *converted, *_static_lines(fixed, where)]

    state = _state(sources)
    journal = Journal(output.with_name(f".{output.name}.journal"), {"from": state, "wanted": asdict(wanted)})
    part = output.with_name(f".{output.name}.part")
    with alone(output):
        recover_folder(output)
        again = part.is_dir() and journal.resume()
        if not again:
            shutil.rmtree(part, ignore_errors=True)
        about = {"from": [Path(s).name for s in sources]}
        try:
            with room_needed(output):
                writer = Writer(
                    part, channels, source.grid, times, wanted.step_hours, static, about, again=again
                )
                if not again:
                    journal.begin()
                said += _written(writer, source, times, wanted.step_hours, journal, report)
                if _state(sources) != state:
                    raise InputError(f"{where} changed while it was read; type the same command again")
                swap_folder(part, output)
        except InputError:  # what is mended is other fields
            shutil.rmtree(part, ignore_errors=True)
            journal.end()
            raise
        journal.end()
    return [*said, *described(output)]


def described(path: Path) -> list[str]:
    """Return what is in a store, in words."""
    store = open_store(path)
    first, last = (str(store.times[n])[:13] for n in (0, -1))
    return [
        f"{path}: {len(store.times):,} states from {first} to {last}, every {store.step_hours} h; grid "
        f"{store.grid}, {len(store.channels)} channels: {', '.join(channel.short for channel in store.channels)}"
    ]


class Fields:
    """Fields of a dataset, in their units, on the target grid."""

    def __init__(
        self,
        data: xr.Dataset,
        channels: Sequence[Channel],
        factors: dict[str, tuple[float, float]],
        where: str,
        target: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None,
    ) -> None:
        own = (np.asarray(data["latitude"].values, float), np.asarray(data["longitude"].values, float))
        self.grid = target or own
        self.channels = channels
        self.missing: dict[str, npt.NDArray[np.bool_]] = {}
        self._data, self._factors, self.where = data, factors, where
        same = target is None or all(
            a.shape == b.shape and np.allclose(a, b) for a, b in zip(own, target, strict=True)
        )
        self._regrid = None if same else Regrid.between(own, self.grid)

    def static(self, name: str) -> Floats:
        """Return a field that does not change, (latitude, longitude)."""
        field = self._data[name]
        field = field.isel({dim: 0 for dim in field.dims if dim not in ("latitude", "longitude")})
        return np.nan_to_num(self._laid(name, field.transpose("latitude", "longitude")))

    def read(self, name: str, first: int, last: int) -> Floats:
        """Return a variable's states, (time, [level,] latitude, longitude), without gaps."""
        field = self._data[name].isel(time=slice(first, last))
        levels = [channel.level for channel in self.channels if channel.variable == name]
        dims = ["time", "latitude", "longitude"]
        if levels[0] is not None:
            field, dims = field.sel(level=levels), ["time", "level", "latitude", "longitude"]
        values = self._laid(name, field.transpose(*dims))
        return self._filled(name, values, first)

    def _laid(self, name: str, field: xr.DataArray) -> Floats:
        factor, offset = self._factors[name]
        with readable(self.where):
            values = field.values
        values = values * np.float32(factor) + np.float32(offset) if (factor, offset) != (1, 0) else values
        return np.asarray(values if self._regrid is None else self._regrid(values), np.float32)

    def _filled(self, name: str, values: Floats, first: int) -> Floats:
        """Return states whose always missing cells hold the mean of the others."""
        gone = ~np.isfinite(values)
        if not gone.any() and name not in self.missing:
            return values
        cells = self.missing.setdefault(name, gone.reshape(-1, *gone.shape[-2:])[0]) if first == 0 else (
            self.missing.get(name, np.zeros(gone.shape[-2:], bool))
        )  # fmt: skip
        if (other := np.argwhere((gone != cells).any(axis=tuple(range(1, gone.ndim))))).size or cells.all():
            at = first + int(other[0, 0]) if other.size else first
            time = str(self._data["time"].values[at])[:13]
            raise InputError(
                f"{self.where}: {name} lacks {gone[at - first].sum():,} values at {time}, not those that it "
                "lacks at other times; mend the file, or leave that time out with --start and --end"
            )
        weights = np.where(cells, 0.0, area_weights(self.grid[0])[:, None])
        mean = (np.nan_to_num(values) * weights).sum(axis=(-2, -1), keepdims=True) / weights.sum()
        return np.where(cells, mean, values).astype(np.float32)


def _state(sources: Sequence[str]) -> list[dict[str, Any]]:
    """Return what tells sources from changed ones; of a URL its name alone."""
    return [source_state(Path(each)) if Path(each).exists() else {"path": each} for each in sources]


def _written(
    writer: Writer, source: Fields, times: Times, step_hours: int, journal: Journal, report: Report
) -> list[str]:
    """Write what the journal does not have, missing cells and statistics; return lines on missing cells."""
    statistics = _write(writer, source, times, step_hours, journal, report)
    said = []
    for name, cells in source.missing.items():
        writer.write_missing(name, cells)
        said.append(
            f"{source.where}: {name} has no values in {cells.mean():.0%} of the cells, always the same ones; they "
            "hold the mean of the others and are left out of scores"
        )
    writer.finish(statistics)
    return said


def _write(
    writer: Writer, source: Fields, times: Times, step_hours: int, journal: Journal, report: Report
) -> Statistics:
    """Write the states that the journal does not have, and return the statistics of all."""
    names = list(dict.fromkeys(channel.variable for channel in source.channels))
    area = np.repeat(area_weights(source.grid[0]), len(source.grid[1]))
    of_each = {name: sum(channel.variable == name for channel in source.channels) for name in names}
    found = {name: Streaming(number, area) for name, number in of_each.items()}
    follows = np.append(False, np.diff(times) == np.timedelta64(step_hours, "h"))
    firsts = range(0, len(times), writer.frames)
    if journal.found:
        told = f"{len(journal.found):,} of {len(firsts):,} chunks are written already"
        report({"kind": "message", "message": told})
    for number, first in enumerate(firsts):
        last = min(first + writer.frames, len(times))
        held = number in journal.found
        for name in names:
            # The first chunk is read from the source each time: it tells which cells never have values.
            values = writer.read(first, last, name) if held and number else None
            if values is None or not np.isfinite(values).all():
                values = source.read(name, first, last)
                writer.write(first, name, values)
            points = values.reshape(last - first, of_each[name], -1).transpose(0, 2, 1)
            found[name].add(points, follows[first:last])
        if not held:
            journal.add(number, {})
        note = f"{str(times[last - 1])[:13]}"
        report({"kind": "progress", "stage": "convert", "done": last, "total": len(times), "note": note})
    each = [found[name].result() for name in names]
    return Statistics(
        *(np.concatenate([getattr(s, part) for s in each]) for part in ("mean", "std", "difference_std"))
    )


def _channels(data: xr.Dataset, wanted: Wanted, where: str) -> list[Channel]:
    """Return the channels that are wanted, in the order of the known variables and of levels."""
    held = [each.name for each in VARIABLES if each.name in data and "time" in data[each.name].dims]
    names = [(found.name if (found := known(name)) else name) for name in wanted.variables] or held
    if absent := [name for name in names if name not in held]:
        raise InputError(
            f"{where} has no variable {absent[0]}; it has {', '.join(held) or 'none that change'}"
        )
    layers = [int(level) for level in data["level"].values] if "level" in data.dims else []
    if missing := [level for level in wanted.levels if level not in layers]:
        raise InputError(
            f"{where} has no level {missing[0]} hPa; it has {', '.join(map(str, layers)) or 'none'}"
        )
    levels = sorted(wanted.levels) or layers
    made = []
    for name in (each for each in held if each in names):
        if "level" not in data[name].dims and (kind := known(name)) and kind.levels:
            raise InputError(
                f"{where}: {name} is there without an axis of levels; a coordinate level in hPa is needed"
            )
        own = levels if "level" in data[name].dims else [None]
        made += [Channel(name, level) for level in own]
    if not made:
        raise InputError(f"{where} has no variable that changes in time")
    return made


def _at_steps(data: xr.Dataset, wanted: Wanted, where: str) -> tuple[xr.Dataset, Times, list[str]]:
    """Return the states at whole steps of the day, their times, and lines on gaps."""
    data = data.sortby("time") if "time" in data.dims else data
    times = times_of(data, where)
    if not len(times):
        raise InputError(f"{where} holds no state")
    kept = np.ones(len(times), bool)
    for text, side in ((wanted.start, 1), (wanted.end, -1)):
        if text is not None:
            kept &= _beyond(times, text, side)
    if not kept.any():
        raise InputError(
            f"{where}: no state between {wanted.start or 'its start'} and {wanted.end or 'its end'}; it goes from "
            f"{times[0]} to {times[-1]}"
        )
    since_midnight = (times - times.astype("datetime64[D]")).astype("timedelta64[s]").astype(int)
    whole = kept & (since_midnight % (3600 * wanted.step_hours) == 0)
    said = check_steps(times[kept], times[whole], wanted.step_hours, where)
    return data.isel(time=np.flatnonzero(whole)), times[whole], said


def _beyond(times: Times, text: str, side: int) -> npt.NDArray[np.bool_]:
    try:
        limit = np.datetime64(text)
    except ValueError:
        raise InputError(f"{text!r} is no date; one such as 2015-12-31 is expected") from None
    if side > 0:
        return np.asarray(times >= limit)
    return np.asarray(times < limit + 1)  # one more of the date's own unit: its day, month or hour included


def _static_lines(fixed: Sequence[str], where: str) -> list[str]:
    absent = [each.name for each in STATIC if each.name not in fixed]
    return [f"{where}: no {' and no '.join(absent)}; the network learns without"] if absent else []
