"""How evenly the samples of an axis follow each other: holes and overlaps anywhere, and what was never recorded."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.formats.sections.units import axis_unit

_UNEVEN = 0.05  # of a step
_FINE = 4  # ticks of the numbers in a step, from which on one more or less is rounding
_AROUND = 8  # samples on either side of a hole, which clocks that jitter must agree on
_NEVER = 1e30  # NetCDF's own value for what was not written is 9.97e36


@dataclass(frozen=True)
class Steps:
    """What the values of a coordinate say."""

    step: float  # in the coordinate's own unit, below 0 where it falls; 0 where it cannot be told
    after: int | None = None  # the sample after which it is not even, counted from 1
    jump: float = 0.0  # from that sample to the next


def steps_of(values: npt.NDArray[Any], jitters: bool = False) -> Steps:
    """Return the step of a coordinate and the first place where it is not even.

    Clocks that jitter are uneven where a shift of more than half a step stays.
    """
    if len(values) < 2:
        return Steps(0.0)
    ticks = _from_first(values)
    lag = max(1, (len(ticks) - 1) // 8)  # long, so that rounding and few holes do not count
    step = float(np.nanmedian((ticks[lag:] - ticks[:-lag]) / lag))
    if not (step and np.isfinite(step)):
        return Steps(0.0, 1, float(ticks[1]))
    jumps = np.diff(ticks)
    off = _shifts(ticks, step) if jitters else ~(np.abs(jumps - step) <= _allowed(values, step))
    if off.any():
        first = int(np.argmax(off))
        return Steps(step, first + 1, float(jumps[first]))
    return Steps(_rounded(float(ticks[-1]) / (len(ticks) - 1), values.dtype))


def length_step_m(values: npt.NDArray[Any], unit: str) -> float | None:
    """Return the distance between neighbours in m, or None where it varies or its unit is no length."""
    length, steps = axis_unit(unit), steps_of(values)
    if length is None or length[1] != "m" or steps.after is not None:
        return None
    return abs(steps.step) * length[0] or None


def recorded(values: npt.NDArray[Any], fill: object = None) -> int:
    """Return how many samples were recorded; those after have no time, as where a recording broke off."""
    numbers = np.asarray(values)
    if numbers.dtype.kind in "mM":
        never = np.isnat(numbers)
    elif numbers.dtype.kind == "f":
        never = ~(np.abs(numbers) < _NEVER)
    else:
        never = (
            numbers <= np.iinfo(np.int64).min + 2
            if numbers.dtype == np.int64
            else np.zeros(len(numbers), bool)
        )
    if fill is not None:
        never = never | (numbers == fill)
    if numbers.dtype.kind in "fiu" and _ends_in_zeros(numbers):
        never = never | (numbers == 0) & (np.arange(len(numbers)) > 0)
    return int(len(numbers) - np.argmax(~never[::-1])) if not never.all() else 0


def _from_first(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the distance from the first value, subtracted before integers of nanoseconds lose digits."""
    if values.dtype.kind in "mMiu":
        whole = values.view(np.int64) if values.dtype.kind in "mM" else values.astype(np.int64)
        return (whole - whole[0]).astype(np.float64)
    return values.astype(np.float64) - float(values[0])


def _ends_in_zeros(numbers: npt.NDArray[Any]) -> bool:
    if len(numbers) < 3 or numbers[-1] != 0:
        return False
    return bool(numbers[-2] == 0 or numbers[1] > numbers[0] > 0)


def _allowed(values: npt.NDArray[Any], step: float) -> float:
    tick = 2 * float(np.spacing(np.nanmax(np.abs(values)))) if values.dtype.kind == "f" else 1.0
    return _UNEVEN * abs(step) + (tick if abs(step) >= _FINE * tick else 0.0)


def _shifts(ticks: npt.NDArray[np.float64], step: float) -> npt.NDArray[np.bool_]:
    """Return after which samples all that follow are shifted against all before, as far as both are looked at."""
    late = (ticks - step * np.arange(len(ticks))) / step
    around = np.lib.stride_tricks.sliding_window_view(np.pad(late, _AROUND, mode="edge"), _AROUND)
    before, behind = around[1 : len(late)], around[_AROUND + 1 : _AROUND + len(late)]
    return (behind.min(1) - before.max(1) > 0.5) | (before.min(1) - behind.max(1) > 0.5)


def _rounded(step: float, dtype: np.dtype[Any]) -> float:
    return float(f"{step:.6g}") if dtype == np.float32 else step
