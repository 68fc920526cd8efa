"""The time of a record's samples: the rate that it names, and the time stamps that should bear it out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.labelled import fault_of, unfinished
from terrella.formats.sections.steps import recorded, steps_of

_TOLERANCE = 1e-3  # of rates that must agree, and
_SAMPLES = 2  # over the whole record, by which clocks that jitter may differ
_TICKS = (1e-6, 1e-9, 1e-3, 1.0)  # s, in which instruments count time, whatever their format says
_LATEST_S = 1e10  # since 1970, beyond which time is not counted in that unit


@dataclass(frozen=True)
class Clock:
    """What a record says of time."""

    interval_s: float  # 0 where it says nothing
    count: int  # samples that were recorded
    notes: tuple[str, ...] = ()


def read_clock(
    path: Path,
    n_samples: int,
    nominal_s: float,
    given: float | None,
    names: tuple[str, str],
    stamps: npt.NDArray[Any] | None = None,
    tick_s: float = 0.0,
) -> Clock:
    """Return the interval, how many samples were recorded, and what a user should know.

    `names` are those of the nominal rate and of the time stamps, which count in `tick_s`, or in what makes them
    agree with the nominal rate. An interval that is `given` is believed.

    Raises:
        InputError: where time has a hole, or the rate and the time stamps contradict each other.
    """
    if stamps is None or (held := min(recorded(stamps), n_samples)) < 2:
        return Clock(nominal_s, n_samples)
    notes: tuple[str, ...] = (unfinished(n_samples - held),) if held < n_samples else ()
    steps = steps_of(stamps[:held], jitters=True)
    largest = float(abs(stamps[0])) if stamps.dtype.kind in "fiu" else 0.0
    tick_s = next(
        (
            t
            for t in (tick_s, *_TICKS)
            if _agree(steps.step * t, nominal_s, held) and not largest * t > _LATEST_S
        ),
        tick_s,
    )
    by_time = abs(steps.step) * tick_s
    if fault := fault_of(steps, names[1], tick_s):
        if given is None:
            raise InputError(f"{path}: {fault}; cut it there, or say --interval to take its samples as even")
        notes += (f"{fault}; read as even, as --interval says",)
    elif given is None and by_time and nominal_s and not _agree(by_time, nominal_s, held):
        raise InputError(
            f"{path}: {names[0]} says {nominal_s:g} s between samples and {names[1]} {by_time:g} s; say which with "
            "--interval"
        )
    elif given is None and steps.step < 0:
        raise InputError(f"{path}: {names[1]} runs backwards; turn the record round in time")
    return Clock(nominal_s or by_time, held, notes)


def _agree(one: float, other: float, count: int) -> bool:
    return bool(one and other) and abs(one - other) <= (_TOLERANCE + _SAMPLES / max(count - 1, 1)) * other
