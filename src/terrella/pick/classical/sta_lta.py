"""The ratio of a short-term to a long-term average as a detector."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from terrella.pick.classical.segments import VERTICAL, Floats, band_pass, batches, cut
from terrella.pick.picker import Answers, Windows
from terrella.pick.store import Store

Kind = Literal["classic", "recursive"]


@dataclass(frozen=True)
class STALTA:
    """A window's detection value is the largest STA/LTA of the vertical component in it.

    Averages of squares, as in Withers et al. (1998), which reach back before the window where the trace does.
    """

    sta_s: float = 1.0
    lta_s: float = 20.0
    band_hz: tuple[float, float] = (1.0, 20.0)
    kind: Kind = "recursive"
    name: str = "STA/LTA"

    def answer(self, store: Store, windows: Windows) -> Answers:
        """Return detections; phase and onsets are NaN."""
        detection = np.full(len(windows), np.nan, np.float32)
        lead = 2 * round(self.lta_s * store.rate_hz)
        longest = int((windows.end - windows.start).max(initial=0))
        for of in batches(windows, longest + lead):
            length = int(windows.end[of[0]] - windows.start[of[0]])
            values, inside = cut(
                store, windows.trace[of], windows.start[of] - lead, length + lead, VERTICAL[0]
            )
            filtered = band_pass(values, self.band_hz, store.rate_hz)
            first = inside.argmax(1)  # zeros outside the trace are no record
            ratio = sta_lta(filtered, *self._lengths(store.rate_hz), self.kind, first)
            detection[of] = ratio[:, lead:].max(1, initial=0.0)
        none = [np.full(len(windows), np.nan, np.float32) for _ in range(3)]
        return Answers(detection, *none)

    def _lengths(self, rate_hz: float) -> tuple[int, int]:
        return max(round(self.sta_s * rate_hz), 1), max(round(self.lta_s * rate_hz), 2)


def sta_lta(
    values: npt.NDArray[np.floating],
    sta: int,
    lta: int,
    kind: Kind = "recursive",
    first: npt.NDArray[np.int64] | int = 0,
) -> Floats:
    """Return the ratio of the averages of squares over the last `sta` and `lta` samples, (…, sample).

    Where fewer than `lta` samples came since a record's sample `first`, the long average takes those; with fewer
    than `sta` the ratio is 0, and so it is where nothing moves. Averages of kind "recursive" forget exponentially.
    """
    n = values.shape[-1]
    power = np.square(values, dtype=np.float64)
    count = np.arange(1, n + 1) - np.asarray(first)[..., None]  # of samples so far
    power = np.where(count > 0, power, 0.0)
    average = _sliding if kind == "classic" else _forgetting
    short, long = (average(power, length, np.maximum(count, 1)) for length in (sta, lta))
    moving = (count >= sta) & (long > np.finfo(float).tiny)
    return np.where(moving, short / np.where(moving, long, 1.0), 0.0)


def _sliding(power: Floats, length: int, count: npt.NDArray[np.int64]) -> Floats:
    total = power.cumsum(-1)
    earlier = np.zeros_like(total)
    earlier[..., length:] = total[..., :-length]
    # The difference of two sums may round to less than nothing.
    return np.maximum(total - earlier, 0.0) / np.minimum(length, count)


def _forgetting(power: Floats, length: int, count: npt.NDArray[np.int64]) -> Floats:
    kept = 1 - 1 / length
    made = lfilter([1 - kept], [1, -kept], power)
    return np.asarray(made / (1 - kept**count))
