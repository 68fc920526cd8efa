"""When forecasts are due: at fixed hours, and hour by hour after a large event."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.earth.magnitude import reaches
from terrella.live.settings import LiveSettings
from terrella.live.times import HOUR

Times = npt.NDArray[np.int64]  # microseconds since 1970, UTC

_MINUTE = 60_000_000


@dataclass(frozen=True)
class Due:
    """A time at which a forecast is due, and why."""

    time_us: int
    reason: str


def due_between(
    settings: LiveSettings, seen_us: Times, magnitude: npt.NDArray[np.float64], after_us: int, until_us: int
) -> list[Due]:
    """Return what is due after one time and until another, in order; one reason for each time.

    `seen_us` and `magnitude` (event,) are the region's events and when they became known: the first forecast
    after a large one is due in the minute that follows.
    """
    step = round(settings.every_hours * HOUR)
    times = range((after_us // step + 1) * step, until_us + 1, step)
    found = dict.fromkeys(times, f"every {settings.every_hours:g} h")
    large = reaches(magnitude, settings.trigger_magnitude)
    for seen, size in zip(seen_us[large].tolist(), magnitude[large].tolist(), strict=True):
        first = (seen // _MINUTE + 1) * _MINUTE
        for hours in range(int(settings.hourly_for_hours) + 1):
            time = first + hours * HOUR
            if after_us < time <= until_us:
                found.setdefault(time, f"{hours} h after M {size:g}")
    return [Due(time, found[time]) for time in sorted(found)]
