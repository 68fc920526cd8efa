"""Molchan's diagram: how many events an alarm misses for the part of space and time that it occupies."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.engine.judge.bootstrap import Blocks, Floats, Interval, interval, ratio

_BINS = 1 << 14  # alarm levels; events at one level count as ties
_CHUNK = 2_000_000  # values looked at together


@dataclass(frozen=True, eq=False)
class Molchan:
    """The diagram of one model and the area above its curve.

    `occupied` (τ) and `missed` (ν) run from no alarm, (0, 1), to alarm everywhere, (1, 0).
    """

    occupied: Floats
    missed: Floats
    area_skill: Interval
    unskilled_error: float  # standard deviation of the area skill of a forecast without skill


def molchan(
    alarm: npt.NDArray[np.float32],
    measure: npt.NDArray[np.float32],
    counts: npt.NDArray[np.float32],
    blocks: Blocks,
) -> Molchan:
    """Return the diagram of an alarm function on observed counts, all (time, cell).

    Alarms are raised from the highest value of `alarm` down; `measure` says how much of space and time each cell
    occupies, as a reference expects events (Molchan 1990; Zechar & Jordan 2008, eq. 5). The area skill score
    (Zechar & Jordan 2008, eq. 6) is the mean over events of the part of the measure whose alarm is lower than at
    the event, ties half: 1 for a perfect forecast, 1/2 on average without skill, there with variance 1/(12 N) for
    N independent events. Its interval resamples blocks, since events come in clusters.
    """
    low, high = float(alarm.min()), float(alarm.max())
    scale = (_BINS - 1) / (high - low) if high > low else 0.0

    def level(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        return np.asarray((values - low) * scale, np.int64)

    measured = np.zeros(_BINS)
    for part in _parts(alarm):
        measured += np.bincount(level(alarm[part]).ravel(), measure[part].ravel(), _BINS)
    measured /= measured.sum()
    time, cell = counts.nonzero()
    n, at = counts[time, cell].astype(float), level(alarm[time, cell])
    below = np.cumsum(measured) - measured / 2
    won = np.bincount(time, n * below[at], len(counts))
    skill = interval(ratio(blocks.sums(won), blocks.sums(counts.sum(1))))
    hits = np.bincount(at, n, _BINS)[::-1]
    total = max(float(hits.sum()), 1.0)
    # The curve is straight between levels with events.
    bend = np.flatnonzero((hits > 0) | (np.append(hits[1:], 0.0) > 0))
    occupied = np.minimum(np.cumsum(measured[::-1])[bend], 1)
    missed = 1 - np.cumsum(hits)[bend] / total
    return Molchan(
        occupied=np.concatenate([[0.0], occupied, [1.0]]),
        missed=np.concatenate([[1.0], missed, [0.0 if len(n) else 1.0]]),
        area_skill=skill,
        unskilled_error=float(np.sqrt(1 / (12 * total))),
    )


def _parts(values: npt.NDArray[np.float32]) -> Iterator[slice]:
    rows = max(1, _CHUNK // max(values.shape[1], 1))
    for first in range(0, len(values), rows):
        yield slice(first, first + rows)
