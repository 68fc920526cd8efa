"""Why picks belong to no event: those that none explains, and those that lie too far from the nearest one."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.pick.association.settle import TOO_FAR
from terrella.pick.association.tables import Picks
from terrella.pick.association.travel_time_table import TravelTimeTable

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

UNEXPLAINED = "no event explains it"
TWICE = "an event has another pick of this station and phase"
NOT_TAKEN = "near an event's arrival, but the associator did not take it"

_NEAR_S = 5.0  # farther than that from every predicted arrival, no event explains a pick


def left_out(
    picks: Picks,
    sites: Floats,
    seconds: Floats,
    hypocentres: Floats,
    assignments: pd.DataFrame,
    table: TravelTimeTable,
    misfit_s: float,
    refused: Mapping[int, str],
) -> pd.DataFrame:
    """Return a row for each pick of no event: pick, reason, and the event and misfit in s of the nearest arrival.

    `sites` (pick, 3) are x, y and elevation in km of the picks' stations, `hypocentres` (event, 4) x, y, depth in
    km and seconds, in order of time; the event is −1 where none is near. `misfit_s` is the most that a pick in an
    event may have. `refused` holds picks whose reason is known.
    """
    used = assignments["pick"].to_numpy(np.int64)
    rest = np.setdiff1d(np.arange(len(picks)), used)
    is_s = picks.phase == "S"
    taken = {
        (int(event), picks.station[pick], bool(is_s[pick]))
        for event, pick in zip(assignments["event"], used, strict=True)
    }
    origins, longest = hypocentres[:, 3], float(table.s.max()) + _NEAR_S
    rows = []
    for pick in rest.tolist():
        first, end = np.searchsorted(origins, [seconds[pick] - longest, seconds[pick] + _NEAR_S])
        near = hypocentres[first:end]
        x, y, elevation = sites[pick]
        distance = np.hypot(near[:, 0] - x, near[:, 1] - y)
        phases = np.full(len(near), is_s[pick])
        travel = table.times(phases, distance, near[:, 2], np.full(len(near), elevation))
        misfit = seconds[pick] - near[:, 3] - travel
        if not len(misfit) or np.abs(misfit).min() > _NEAR_S:
            rows.append((pick, refused.get(pick, UNEXPLAINED), -1, np.nan))
            continue
        best = int(np.abs(misfit).argmin())
        event = int(first) + best
        if pick in refused:
            reason = refused[pick]
        elif (event, picks.station[pick], bool(is_s[pick])) in taken:
            reason = TWICE
        else:
            reason = TOO_FAR if abs(misfit[best]) > misfit_s else NOT_TAKEN
        rows.append((pick, reason, event, float(misfit[best])))
    return pd.DataFrame(rows, columns=["pick", "reason", "event", "misfit_s"])
