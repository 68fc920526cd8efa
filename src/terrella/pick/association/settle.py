"""An event's last place: located, rid of picks that do not fit, located again."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.pick.association.locate import locate
from terrella.pick.association.travel_time_table import TravelTimeTable

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TOO_FAR = "too far from the arrival that the nearest event predicts"
S_FIRST = "of an S before the P of its station, it fits the event worse"
TOO_FEW = "its event was left with too few picks that fit it"


@dataclass(frozen=True, eq=False)
class Settled:
    """An event's hypocentre (x, y, depth in km, seconds), its picks, and those refused with the reason."""

    hypocentre: Floats
    picks: Ints
    residual_s: Floats
    refused: Mapping[int, str]


def settle(
    table: TravelTimeTable,
    start: Floats,
    picks: Ints,
    sites: Floats,
    station: npt.NDArray[np.object_],
    is_s: npt.NDArray[np.bool_],
    time_s: Floats,
    low: Floats,
    high: Floats,
    misfit_s: float,
) -> Settled:
    """Locate an event, refuse its worst pick while one does not fit, and locate it anew each time.

    A pick does not fit with a residual of more than `misfit_s`, nor where S comes before P at one station. `sites`,
    `station`, `is_s` and `time_s` are of all picks; the event has some, by number.
    """
    refused: dict[int, str] = {}
    while True:
        hypocentre, residual = locate(table, start, sites[picks], is_s[picks], time_s[picks], low, high)
        wrong = np.abs(residual) > misfit_s
        reason = TOO_FAR
        if not wrong.any():
            wrong, reason = _s_first(station[picks], is_s[picks], time_s[picks]), S_FIRST
        if not wrong.any():
            return Settled(hypocentre, picks, residual, refused)
        if len(picks) <= len(hypocentre):  # as many unknowns
            return Settled(
                hypocentre, picks[:0], residual[:0], refused | dict.fromkeys(picks.tolist(), TOO_FEW)
            )
        worst = int(np.where(wrong, np.abs(residual), -1.0).argmax())
        refused[int(picks[worst])] = reason
        picks, start = np.delete(picks, worst), hypocentre


def _s_first(
    station: npt.NDArray[np.object_], is_s: npt.NDArray[np.bool_], time_s: Floats
) -> npt.NDArray[np.bool_]:
    """Return the picks of stations whose S does not come after their P."""
    wrong = np.zeros(len(station), bool)
    for name in np.unique(station.astype(str)):
        here = station == name
        if time_s[here & is_s].min(initial=np.inf) <= time_s[here & ~is_s].max(initial=-np.inf):
            wrong |= here
    return wrong
