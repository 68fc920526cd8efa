"""Clusters of events by windows of space and time, to tell one sequence of earthquakes from the next.

Gardner, J. K. & Knopoff, L. (1974). Is the sequence of earthquakes in Southern California, with aftershocks
removed, Poissonian? Bulletin of the Seismological Society of America, 64(5), 1363–1367. Their table 1 gives how
far and how long aftershocks of a magnitude reach.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.earth.magnitude import reaches
from terrella.earth.sphere import distance_km
from terrella.formats.catalogues.catalogue import Catalogue, Floats

# Table 1 of Gardner & Knopoff (1974).
_MAGNITUDE = np.arange(2.5, 8.01, 0.5)
_REACH_KM = np.array([19.5, 22.5, 26, 30, 35, 40, 47, 54, 61, 70, 81, 94])
_LAST_DAYS = np.array([6, 11.5, 22, 42, 83, 155, 290, 510, 790, 915, 960, 985])
LONGEST_DAYS = 985


@dataclass(frozen=True, eq=False)
class Clusters:
    """Mainshocks with the events of their windows, the largest mainshock last; one entry per cluster.

    `main` are indices of events; `start_day` is the time of the first event, before the mainshock if it is a
    foreshock; `end_day` is when the window of the mainshock closes.
    """

    main: npt.NDArray[np.intp]
    magnitude: Floats
    longitude: Floats
    latitude: Floats
    reach_km: Floats
    start_day: Floats
    end_day: Floats
    events: npt.NDArray[np.int64]  # the mainshock counts too

    def __len__(self) -> int:
        return len(self.main)


def reach_km(magnitude: npt.ArrayLike) -> Floats:
    """Return how far aftershocks lie from a mainshock (Gardner & Knopoff 1974, table 1, log-linear between)."""
    return np.asarray(np.exp(np.interp(np.asarray(magnitude, float), _MAGNITUDE, np.log(_REACH_KM))))


def last_days(magnitude: npt.ArrayLike) -> Floats:
    """Return how long aftershocks last in days (Gardner & Knopoff 1974, table 1, log-linear between)."""
    return np.asarray(np.exp(np.interp(np.asarray(magnitude, float), _MAGNITUDE, np.log(_LAST_DAYS))))


def find_clusters(
    catalogue: Catalogue, epoch: np.datetime64, min_magnitude: float, fewest_events: int = 10
) -> Clusters:
    """Return the clusters around mainshocks of at least a magnitude, with at least so many events.

    Events are taken as mainshocks from the largest down; each claims the events not yet claimed within its reach
    that follow within its window, or in whose own window it falls: its foreshocks.
    """
    day = catalogue.days_since(epoch)
    magnitude, lon, lat = catalogue.magnitude, catalogue.longitude, catalogue.latitude
    reach, lasting = reach_km(magnitude), last_days(magnitude)
    free = np.ones(len(catalogue), bool)
    found = []
    large = np.flatnonzero(reaches(magnitude, min_magnitude))
    for main in large[np.lexsort((day[large], -magnitude[large]))]:
        if not free[main]:
            continue
        first, last = np.searchsorted(day, [day[main] - LONGEST_DAYS, day[main] + lasting[main]])
        near = np.arange(first, last)[free[first:last]]
        near = near[day[near] + lasting[near] >= day[main]]
        near = near[distance_km(lon[near], lat[near], lon[main], lat[main]) <= reach[main]]
        free[near] = False
        if len(near) >= fewest_events:
            found.append((main, day[near].min(), len(near)))
    found.reverse()
    mains = np.array([main for main, _, _ in found], np.intp)
    return Clusters(
        main=mains,
        magnitude=magnitude[mains],
        longitude=lon[mains],
        latitude=lat[mains],
        reach_km=reach[mains],
        start_day=np.array([start for _, start, _ in found], float),
        end_day=day[mains] + lasting[mains],
        events=np.array([size for _, _, size in found], np.int64),
    )
