"""Simulated futures: what an ETAS model lets happen after an issue time, as thousands of catalogues.

Each catalogue begins with background events and the direct aftershocks of the past; every event then has its
own, until the window ends (Zhuang & Touati 2015, Theme V of CORSSA, doi 10.5078/corssa-43806322).
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numba
import numpy as np

from terrella.earth.grid import Grid
from terrella.earth.magnitude import reaches
from terrella.earth.region import Region
from terrella.earth.sphere import EARTH_RADIUS_KM as MAP_RADIUS_KM
from terrella.errors import InputError
from terrella.forecast.etas.model import EARTH_RADIUS_KM, ETAS
from terrella.forecast.simulation.futures_kernel import (
    Block,
    Given,
    Ints,
    Law,
    Polygon,
    Ratio,
    Singles,
    Sources,
    make_sources,
    omori_integral,
    simulate_block,
)
from terrella.formats.catalogues.catalogue import Catalogue, Floats
from terrella.formats.catalogues.futures import Futures

_BLOCK = 32  # catalogues that share a stream of random numbers: how many threads there are changes nothing
_MOST_EVENTS = 1_000_000  # of one catalogue
_MOST_KEPT = 100_000_000  # of all that are held at once, 16 bytes each

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Outlook:
    """An ETAS model at an issue time, with the past that it knows, ready to simulate from."""

    issue_time_utc: np.datetime64
    days: float
    min_magnitude: float
    law: Law
    given: Given


@dataclass(frozen=True, eq=False)
class FutureCounts:
    """What many futures come to: by catalogue, and by cell of a grid's map (latitude, longitude)."""

    count: Ints  # (catalogue,)
    largest: Singles  # (catalogue,) magnitude, −∞ without events
    expected_count: Floats  # mean count of each cell, 0 outside the mask
    probability: Floats  # of one or more events in each cell

    def count_quantiles(self, levels: Sequence[float]) -> Floats:
        """Return quantiles of the number of events in all, wherever they are."""
        return np.asarray(np.quantile(self.count, levels, method="inverted_cdf"), float)

    def probability_of(self, magnitude: float) -> float:
        """Return the probability of at least one event of this magnitude or more, wherever it is."""
        return float(np.mean(reaches(self.largest, magnitude)))


def make_outlook(
    etas: ETAS,
    past: Catalogue,
    region: Region,
    issue_time_utc: np.datetime64 | str,
    days: float = 7.0,
    max_magnitude: float = 8.5,
    magnitude_bin: float = 0.0,
    keep_all: bool = False,
    ratio: Ratio | None = None,
) -> Outlook:
    """Return what futures of `days` after the issue time are drawn from.

    Events of `past` before the issue time have aftershocks; background events fall into the region. Events
    outside of it have aftershocks too, and are kept only with `keep_all`. Magnitudes follow Gutenberg and
    Richter's law up to `max_magnitude`, continuously, or rounded down to bins of `magnitude_bin` that begin at the
    model's smallest.

    Parameters
    ----------
    etas : ETAS
        The model.
    past : Catalogue
        Events that are known; those at or after the issue time are left out.
    region : Region
        Where background events fall, in degrees.
    issue_time_utc : datetime64 or str
        When the window begins, in UTC.
    days : float
        Length of the window.
    max_magnitude : float
        Where Gutenberg and Richter's law ends.
    magnitude_bin : float
        Width of the bins of simulated magnitudes, 0 for none.
    keep_all : bool
        Whether events outside of the region are kept.
    ratio : Ratio, optional
        From `make_ratio`: what a forecast expects of each cell over what the model does.

    Raises
    ------
    InputError
        Where the window is empty or the largest magnitude is not above the model's smallest.
    """
    issue = np.datetime64(issue_time_utc).astype("datetime64[us]")
    if not 0 < days < np.inf:
        raise InputError(f"futures need a window of more than 0 days; got {days}")
    if not max_magnitude > etas.min_magnitude:
        raise InputError(
            f"the largest magnitude must exceed the model's smallest, {etas.min_magnitude:g}; got {max_magnitude}"
        )
    law = _law(etas, float(days), max_magnitude, magnitude_bin)
    past = past[past.time_utc < issue].above(etas.min_magnitude)
    return Outlook(
        issue_time_utc=issue,
        days=float(days),
        min_magnitude=etas.min_magnitude,
        law=law,
        given=_given(etas, law, past, -past.days_since(issue), region, ratio or _ONE, keep_all),
    )


def make_ratio(expected: Floats, by_model: Floats, grid: Grid) -> Ratio:
    """Return how the first generation must be scaled for futures to come to what a forecast expects.

    Events are counted where their first ancestor after the issue time is, as ETAS's expected counts are: a cell's
    background events and direct aftershocks of the past, scaled by the ratio, bring their descendants along.

    Parameters
    ----------
    expected, by_model : array (cell,)
        Counts that the forecast and the model expect over the window, of the cells inside the grid's mask, layer by
        layer.
    grid : Grid
        Of both.
    """
    theirs, own = (each.reshape(grid.shape[0], -1).sum(0) for each in (expected, by_model))
    values = np.ones(grid.mask.shape)
    values[grid.mask] = theirs / own
    return Ratio(grid.longitude_edges, grid.latitude_edges, values, float(max(values.max(), 1.0)))


def simulate_futures(outlook: Outlook, number: int = 10_000, seed: int = 1) -> Futures:
    """Return simulated catalogues, 16 bytes an event. Same seed, same catalogues, on any number of threads.

    Parameters
    ----------
    outlook : Outlook
        From `make_outlook`.
    number : int
        Of catalogues.
    seed : int
        0 or more.

    Returns
    -------
    Futures
        Arrays (event,) of days after the issue time, degrees and magnitude, catalogue after catalogue, and `start`
        (catalogue + 1,) where each begins.

    Raises
    ------
    InputError
        Where the process explodes within the window, there is too much to hold, or number or seed are too small.

    References
    ----------
    Zhuang & Touati (2015), Theme V of CORSSA.
    """
    blocks: list[Block] = []
    total = 0
    with closing(_map_blocks(outlook, number, seed, lambda block: block)) as made:
        for block in made:
            blocks.append(block)
            total += len(block.time_days)
            if total > _MOST_KEPT:
                raise InputError(
                    f"more than {_MOST_KEPT:,} events in the first {len(blocks) * _BLOCK} of {number} futures, "
                    "too many to hold; simulate fewer of them, or a shorter window"
                )
    ends = [np.diff(block.start) for block in blocks]
    columns = [np.concatenate(column) for column in list(zip(*blocks, strict=True))[1:]]
    start = np.concatenate([[0], np.cumsum(np.concatenate(ends))])
    return Futures(outlook.issue_time_utc, outlook.days, outlook.min_magnitude, start, *columns)


def simulate_counts(outlook: Outlook, grid: Grid, number: int = 10_000, seed: int = 1) -> FutureCounts:
    """Return the counts of the futures that `simulate_futures` would return, which are not held.

    Parameters
    ----------
    outlook : Outlook
        From `make_outlook`.
    grid : Grid
        Of the map; its depth layers are taken together.
    number : int
        Of catalogues.
    seed : int
        0 or more.

    Returns
    -------
    FutureCounts
        `count` and `largest` magnitude (catalogue,); `expected_count` and `probability` of one or more events in a
        cell (latitude, longitude), over the outlook's days.

    Raises
    ------
    InputError
        Where the process explodes within the window, or number or seed are too small.
    """
    return _counts(_map_blocks(outlook, number, seed, lambda block: _count(block, grid)), number)


def count_futures(futures: Futures, grid: Grid) -> FutureCounts:
    """Return the counts of futures, in all and on the map of a grid (its depth layers together)."""
    columns = (futures.time_days, futures.longitude, futures.latitude, futures.magnitude)
    return _counts([_count(Block(futures.start, *columns), grid)], len(futures))


def _law(etas: ETAS, days: float, max_magnitude: float, magnitude_bin: float) -> Law:
    return Law(
        days=days,
        rate=float(etas.productivity(etas.min_magnitude) / etas.time_integral()),
        growth=etas.a - etas.rho * etas.gamma,
        c_days=etas.c_days,
        omega=etas.omega,
        tau_days=etas.tau_days,
        zone_km2=etas.d_km2,
        zone_growth=etas.gamma,
        rho=etas.rho,
        min_magnitude=etas.min_magnitude,
        beta=etas.beta,
        magnitude_span=max_magnitude - etas.min_magnitude,
        magnitude_bin=magnitude_bin,
        radius_km=EARTH_RADIUS_KM,
    )


def _given(
    etas: ETAS, law: Law, past: Catalogue, age_days: Floats, region: Region, ratio: Ratio, keep_all: bool
) -> Given:
    weight = law.rate * np.exp(law.growth * (past.magnitude - law.min_magnitude)) * _integrals(law, age_days)
    background = etas.background
    if background is None:
        centres, bandwidth, smoothed_rate, uniform_rate = _NOWHERE, np.zeros(1), 0.0, etas.mu
    else:
        centres = _sources(background.longitude, background.latitude, background.weight)
        bandwidth = background.bandwidth_km / MAP_RADIUS_KM
        smoothed_rate, uniform_rate = background.smoothed_rate, background.uniform_rate
    corners = np.array([*region.corners, region.corners[0]], float)
    return Given(
        proposals=float(weight.sum()),
        parents=_sources(past.longitude, past.latitude, weight),
        age_days=age_days,
        zone_km2=etas.zone_km2(past.magnitude),
        smoothed=smoothed_rate * law.days,
        centres=centres,
        bandwidth=bandwidth,
        uniform=uniform_rate * region.area_km2 * law.days,
        polygon=Polygon(corners[:, 0].copy(), corners[:, 1].copy(), np.array(region.bounds)),
        ratio=ratio,
        keep_all=keep_all,
    )


_ONE = Ratio(np.zeros(1), np.zeros(1), np.zeros((0, 0)), 1.0)
_NOWHERE = make_sources(np.zeros(1), np.zeros(1), np.ones(1))


def _sources(longitude: Floats, latitude: Floats, weight: Floats) -> Sources:
    """Return a table of sources, or one that is never asked where none has any weight."""
    return make_sources(longitude, latitude, weight) if weight.sum() > 0 else _NOWHERE


@numba.njit(cache=True)
def _integrals(law, age_days):
    found = np.empty(len(age_days))
    for i in range(len(age_days)):
        found[i] = omori_integral(law, age_days[i], law.days)
    return found


def _map_blocks(outlook: Outlook, number: int, seed: int, use: Callable[[Block], _T]) -> Generator[_T]:
    """Yield `use` of each block of catalogues in order, made on as many threads as numba may use."""
    if number < 1:
        raise InputError(f"the number of futures must be 1 or more; got {number}")
    if seed < 0:
        raise InputError(f"a seed is 0 or more; got {seed}")

    def make(first: int) -> _T:
        wanted = min(_BLOCK, number - first)
        random = np.random.default_rng([seed, first // _BLOCK])
        block = simulate_block(random, wanted, outlook.law, outlook.given, _MOST_EVENTS)
        if len(block.start) <= wanted:
            raise InputError(
                f"the process explodes: more than {_MOST_EVENTS:,} events in one of the futures of "
                f"{outlook.days:g} days; shorten the window or lower the largest magnitude"
            )
        return use(block)

    pool = ThreadPoolExecutor(numba.get_num_threads())
    try:
        yield from pool.map(make, range(0, number, _BLOCK))
    finally:
        pool.shutdown(cancel_futures=True)


_Count = tuple[
    Ints, Singles, Ints, Ints
]  # by catalogue: events, largest; by cell: events, catalogues with any


def _count(block: Block, grid: Grid) -> _Count:
    return _count_block(block, grid.longitude_edges, grid.latitude_edges, grid.mask)


def _counts(counted: Iterable[_Count], number: int) -> FutureCounts:
    count, largest = [], []
    events, hits = np.zeros((), np.int64), np.zeros((), np.int64)
    for by_catalogue, their_largest, by_cell, with_any in counted:
        count.append(by_catalogue)
        largest.append(their_largest)
        # Maps are added up as they come: thousands of them would not fit.
        events, hits = events + by_cell, hits + with_any
    return FutureCounts(np.concatenate(count), np.concatenate(largest), events / number, hits / number)


@numba.njit(cache=True, nogil=True)
def _count_block(block, longitude_edges, latitude_edges, mask):
    number = len(block.start) - 1
    largest = np.full(number, -np.inf, np.float32)
    events, hits = np.zeros(mask.shape, np.int64), np.zeros(mask.shape, np.int64)
    latest = np.full(mask.shape, -1, np.int64)  # catalogue that a cell was hit by
    for catalogue in range(number):
        for i in range(block.start[catalogue], block.start[catalogue + 1]):
            largest[catalogue] = max(largest[catalogue], block.magnitude[i])
            longitude = np.float64(block.longitude[i])
            if longitude < longitude_edges[0]:
                longitude += 360.0
            column = np.searchsorted(longitude_edges, longitude, "right") - 1
            row = np.searchsorted(latitude_edges, np.float64(block.latitude[i]), "right") - 1
            if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1] and mask[row, column]:
                events[row, column] += 1
                hits[row, column] += latest[row, column] != catalogue
                latest[row, column] = catalogue
    return np.diff(block.start), largest, events, hits
