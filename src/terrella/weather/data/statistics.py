"""Means, standard deviations and those of differences, found as states stream by, or told by files of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

Floats = npt.NDArray[np.float64]
# Of U-Cast (37 levels), and of Otter (13), whose potentials and pressures are in thousands of the unit.
_UCAST, _OTTER = "ucast_era5_{}.nc", "otter_era5_240x121_{}.nc"
_FILES = {_UCAST: ("mean", "std", "residual_std"), _OTTER: ("mean", "std", "diff_std")}
_THOUSANDS = ("geopotential", "mean_sea_level_pressure")


@dataclass(frozen=True, eq=False)
class Statistics:
    """Of each channel over time and the globe, (channel,): mean, standard deviation, that of a step's change."""

    mean: Floats
    std: Floats
    difference_std: Floats

    def of(self, channels: Sequence[int]) -> "Statistics":
        """Return those of some channels."""
        return Statistics(*(each[list(channels)] for each in (self.mean, self.std, self.difference_std)))

    @property
    def difference_scale(self) -> Floats:
        """The standard deviation of a step's difference in units of that of the channel."""
        return np.asarray(self.difference_std / self.std)

    def plain(self) -> dict[str, list[float]]:
        """Return lists for JSON."""
        return {name: getattr(self, name).tolist() for name in ("mean", "std", "difference_std")}

    def rounded(self) -> list[list[str]]:
        """Return what tells them from others, in six digits."""
        return [[f"{value:.6g}" for value in own] for own in self.plain().values()]

    @classmethod
    def parsed(cls, told: Mapping[str, Sequence[float]]) -> "Statistics":
        """Return what `plain` made."""
        return cls(*(np.array(told[name], float) for name in ("mean", "std", "difference_std")))


class Streaming:
    """Statistics of states that come some at a time, weighted by area; changes are between neighbours in time."""

    def __init__(self, channels: int, area: npt.ArrayLike) -> None:
        self._area = np.asarray(area, float) / np.sum(area)  # (point,)
        self._count, self._pairs = 0, 0
        self._mean = np.zeros(channels)
        self._squares = np.zeros(channels)  # about the mean so far
        self._change = np.zeros(channels)
        self._changed = np.zeros(channels)  # squared
        self._last: npt.NDArray[np.float32] | None = None
        self._last_follows = False

    def add(self, states: npt.NDArray[np.float32], follows: npt.ArrayLike) -> None:
        """Take in states (time, point, channel); `follows` says which are one step after the one before."""
        means = np.einsum("tpc,p->tc", states, self._area, dtype=float)
        squares = np.einsum("tpc,p->tc", np.square(states - means[:, None], dtype=float), self._area)
        for mean, square in zip(means, squares, strict=True):  # Chan et al. (1983), one state at a time
            self._count += 1
            shift = mean - self._mean
            self._mean += shift / self._count
            self._squares += square + shift * (mean - self._mean)
        before = states[:-1] if self._last is None else np.concatenate([self._last[None], states[:-1]])
        pairs = np.asarray(follows, bool)[len(states) - len(before) :]
        change = (states[len(states) - len(before) :] - before)[pairs]
        self._change += np.einsum("tpc,p->c", change, self._area, dtype=float)
        self._changed += np.einsum("tpc,p->c", np.square(change, dtype=float), self._area)
        self._pairs += int(pairs.sum())
        self._last = states[-1].copy()

    def result(self) -> Statistics:
        """Return what was found.

        Raises:
            InputError: where no state follows another.
        """
        if self._pairs == 0:
            raise InputError("no two states are one step apart; nothing can be learned from them")
        std = np.sqrt(self._squares / self._count)
        change = np.sqrt(self._changed / self._pairs - (self._change / self._pairs) ** 2)
        return Statistics(self._mean.copy(), std, change)


def from_files(folder: Path, channels: Sequence[tuple[str, int | None]]) -> Statistics:
    """Return the statistics of ERA5 that others published, for channels of variable and level in hPa.

    The folder holds U-Cast's files (37 levels) or Otter's (13 levels); differences are of 6 h.

    Raises:
        InputError: where a file, a variable or a level is not there.
    """
    import xarray as xr

    import terrella.earth.proj_first  # noqa: F401

    missing = ""
    for pattern, kinds in _FILES.items():
        paths = [folder / pattern.format(kind) for kind in kinds]
        if not all(path.is_file() for path in paths):
            missing = missing or f"{folder}: no statistics; {paths[0].name} and the like are expected"
            continue
        try:
            each = [_values(xr.load_dataset(path), channels, path) for path in paths]
        except InputError as error:
            missing = missing or str(error)
            continue
        thousands = [pattern == _OTTER and variable in _THOUSANDS for variable, _ in channels]
        return Statistics(*(own * np.where(thousands, 1e3, 1.0) for own in each))
    raise InputError(missing)


def _values(data: Any, channels: Sequence[tuple[str, int | None]], path: Path) -> Floats:
    found = []
    for variable, level in channels:
        if variable not in data:
            raise InputError(f"{path}: no variable {variable}")
        own = data[variable]
        if level is not None and level not in data["level"].values:
            raise InputError(f"{path}: no level {level} hPa")
        found.append(float(own if level is None else own.sel(level=level)))
    return np.array(found)
