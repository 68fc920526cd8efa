"""The past at many issue times in order, carried forward on all cells of a grid, as large as the globe.

The memories are those of `Past`: triggering, every event's expected direct aftershocks over the cells by
ETAS's spatial kernel, one number per time constant; and local, counts by magnitude band and seismic moment of
the cell's own events, one number per memory. A column of cells is brought forward only when an event reaches
it or an answer asks for it, so that the cost goes with events and answers, not with cells.

An event's aftershocks lie in a window around it (see `window_shares`). On a grid of the whole globe the rest
is spread evenly over the Earth, so that nothing is lost; on others it falls away.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.earth.magnitude import reaches
from terrella.errors import InputError
from terrella.forecast.etas.model import ETAS
from terrella.forecast.etas.window_shares import WindowGrid, make_window_grid, reach_km, window_shares
from terrella.forecast.features.exponentials import TIME_CONSTANTS_DAYS
from terrella.formats.catalogues.catalogue import Catalogue, Floats

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

_CHUNK = 4096  # events whose shares are held at once
_BLOCK = 64  # neighbouring columns that one thread owns
# What a cell's memory of its own events ends at: a trillionth of an event changes no answer, while sums under
# kernels take many times as long where numbers fall below 1e-38, single precision's smallest normal one.
_ENDED = 1e-12
_NO_RATE = 1e-30  # events per day that a memory of aftershocks ends at


@dataclass(frozen=True, eq=False)
class Sources:
    """Events as a sweep takes them, in the order of time."""

    days: Floats  # since the epoch
    longitude: Floats
    latitude: Floats
    productivity: Floats
    zone_km2: Floats
    reach_km: Floats
    rho: float
    column: Ints  # of the event itself, −1 outside the grid
    layer: Ints
    weights: Floats  # (event, band) of the local memories
    grid: Grid
    cells: WindowGrid
    n_columns: int
    layers: int
    evenly: Floats  # (column,) share of what lies beyond the windows
    memory_days: Floats
    time_constants: Floats


@dataclass(frozen=True, eq=False)
class Swept:
    """Memories at the issue times `first`…`last`: triggering (n, time constant, column) and local
    (n, band, memory, layer, column)."""

    first: int
    last: int
    triggering: Singles
    local: Singles


def make_sources(
    catalogue: Catalogue,
    epoch: np.datetime64,
    grid: Grid,
    etas: ETAS,
    memory_days: tuple[float, ...],
    band_steps: tuple[float, ...],
) -> Sources:
    """Return a catalogue's events over a grid; every event of the catalogue counts, wherever it lies."""
    columns = np.flatnonzero(grid.mask)
    column_of = np.full(grid.mask.size, -1)
    column_of[columns] = np.arange(len(columns))
    flat = grid.cell_of(catalogue.longitude, catalogue.latitude, catalogue.depth_km)
    layer, on_map = np.divmod(flat, grid.mask.size)
    step = catalogue.magnitude - etas.min_magnitude
    counts = [reaches(catalogue.magnitude, etas.min_magnitude + band) for band in band_steps]
    area = grid.area_km2[grid.mask]
    whole = grid.wraps and grid.mask.all() and np.ptp(grid.latitude_edges) > 180 - 1e-6
    return Sources(
        days=catalogue.days_since(epoch),
        longitude=np.asarray(catalogue.longitude, float),
        latitude=np.asarray(catalogue.latitude, float),
        productivity=etas.productivity(catalogue.magnitude),
        zone_km2=etas.zone_km2(catalogue.magnitude),
        reach_km=reach_km(etas, catalogue.magnitude),
        rho=etas.rho,
        column=np.where(flat >= 0, column_of[on_map], -1),
        layer=np.where(flat >= 0, layer, 0),
        # Seismic moment relative to that of the smallest magnitude (Hanks & Kanamori 1979).
        weights=np.stack([*counts, 10 ** (1.5 * step)], axis=1),
        grid=grid,
        cells=make_window_grid(grid),
        n_columns=len(columns),
        layers=grid.shape[0],
        evenly=area / area.sum() if whole else np.zeros(len(columns)),
        memory_days=np.asarray(memory_days, float),
        time_constants=np.asarray(TIME_CONSTANTS_DAYS, float),
    )


def sweep(sources: Sources, issue_days: npt.ArrayLike, batch: int = 16) -> Iterator[Swept]:
    """Yield the memories of all columns at issue times (n,) in ascending order, `batch` of them at a time.

    Events at or after an issue time do not enter. One batch holds batch × columns × (25 + layers × bands ×
    memories) × 4 bytes.

    Raises:
        InputError: where the issue times are not in ascending order.
    """
    issue = _ascending(issue_days, "issue times")
    bands, memories = sources.weights.shape[1], len(sources.memory_days)
    state = _make_state(sources)
    for first in range(0, len(issue), batch):
        last = min(first + batch, len(issue))
        n, columns = last - first, sources.n_columns
        triggering = np.empty((n, len(sources.time_constants), columns), np.float32)
        local = np.empty((n, bands, memories, sources.layers, columns), np.float32)
        flat = local.reshape(n, bands * memories, sources.layers, columns)
        _run(state, sources, issue[first:last], triggering, flat)
        yield Swept(first, last, triggering, local)


@dataclass(frozen=True, eq=False)
class _State:
    """What is carried: values (column, time constants, then series × layer), and the day each belongs to.

    Double precision: with single, slow decays would stop below a ten-millionth per step.
    """

    values: Floats
    day: Floats  # (column,)
    beyond: Floats  # (thread, time constant): events' shares beyond their windows, a copy for each thread
    beyond_day: Floats  # (thread,)
    event: list[int]  # the next event, as the only element


def _make_state(sources: Sources) -> _State:
    series = sources.weights.shape[1] * len(sources.memory_days) * sources.layers
    threads = numba.get_num_threads()
    return _State(
        values=np.zeros((sources.n_columns, len(sources.time_constants) + series)),
        day=np.full(sources.n_columns, -np.inf),
        beyond=np.zeros((threads, len(sources.time_constants))),
        beyond_day=np.full(threads, -np.inf),
        event=[0],
    )


def _run(state: _State, sources: Sources, issue: Floats, triggering: Singles, local: Singles) -> None:
    """Add the events before the issue times (n,) and write the memories at each of them into the outputs."""
    before = np.searchsorted(sources.days, issue)  # number of events before each issue time
    done = 0
    while done < len(issue):
        start = state.event[0]
        stop = min(start + _CHUNK, int(before[-1]))
        ready = int(np.searchsorted(before, stop, "right"))
        events = slice(start, stop)
        shares = window_shares(
            sources.cells,
            sources.longitude[events],
            sources.latitude[events],
            sources.zone_km2[events],
            sources.rho,
            sources.reach_km[events],
        )
        due = np.searchsorted(issue, sources.days[events], "right")
        _carry(
            state.values, state.day, state.beyond, state.beyond_day,
            sources.days[events], due, sources.productivity[events], sources.column[events],
            sources.layer[events], sources.weights[events], shares.first, shares.column, shares.share,
            issue, done, ready, sources.time_constants, sources.memory_days, sources.evenly,
            triggering, local, sources.layers,
        )  # fmt: skip
        state.event[0], done = stop, ready


@numba.njit(cache=True, parallel=True)
def _carry(
    values, day, beyond, beyond_day,
    days, due, productivity, column, layer, weights, share_first, share_column, share,
    issue, begin, end, time_constants, memory_days, evenly,
    triggering, local, layers,
):  # fmt: skip
    """Bring the state through the issue times begin…end; events due later are added at their own issue time.

    Each thread owns blocks of columns and goes through all events and issue times for these.
    """
    threads = len(beyond)
    n_time, n_memory, bands = len(time_constants), len(memory_days), weights.shape[1]
    whole = evenly[0] > 0
    for thread in numba.prange(threads):
        factor, decay = np.empty(n_time + n_memory), np.empty(n_time + n_memory)
        rates = np.empty(n_time + n_memory)
        rates[:n_time], rates[n_time:] = 1 / time_constants, 1 / memory_days
        span = -1.0  # what `decay` holds
        event = 0
        for index in range(begin, min(end + 1, len(issue))):
            now = issue[index]
            while event < len(days) and due[event] == index:
                for k in range(n_time + n_memory):
                    factor[k] = _exponential((now - days[event]) * rates[k])
                number = productivity[event]
                for at in range(share_first[event], share_first[event + 1]):
                    cell = share_column[at]
                    if (cell // _BLOCK) % threads == thread:
                        span = _advance(values[cell], day, cell, now, rates, decay, span, n_time, layers)
                        amount = number * share[at]
                        for k in range(n_time):
                            values[cell, k] += amount * factor[k]
                cell = column[event]
                if cell >= 0 and (cell // _BLOCK) % threads == thread:
                    span = _advance(values[cell], day, cell, now, rates, decay, span, n_time, layers)
                    at = n_time + layer[event]
                    for band in range(bands):
                        for memory in range(n_memory):
                            values[cell, at] += _left(weights[event, band] * factor[n_time + memory], _ENDED)
                            at += layers
                if whole:
                    inside = 0.0
                    for at in range(share_first[event], share_first[event + 1]):
                        inside += share[at]
                    _forward(beyond[thread], beyond_day, thread, now, rates)
                    for k in range(n_time):
                        beyond[thread, k] += number * (1 - inside) * factor[k]
                event += 1
            if index == end:
                break
            if whole:
                _forward(beyond[thread], beyond_day, thread, now, rates)
            for block in range(thread * _BLOCK, len(values), threads * _BLOCK):
                limit = min(block + _BLOCK, len(values))
                for cell in range(block, limit):
                    span = _advance(values[cell], day, cell, now, rates, decay, span, n_time, layers)
                for k in range(n_time):
                    for cell in range(block, limit):
                        triggering[index, k, cell] = values[cell, k] + beyond[thread, k] * evenly[cell]
                for series in range(local.shape[1]):
                    for depth in range(layers):
                        at = n_time + series * layers + depth
                        for cell in range(block, limit):
                            local[index, series, depth, cell] = values[cell, at]


@numba.njit(cache=True, inline="always")
def _exponential(x):
    """Return e^−x, quickly where nothing is left of it."""
    return np.exp(-x) if x < 700 else 0.0


@numba.njit(cache=True)
def _advance(row, day, cell, now, rates, decay, span, n_time, layers):
    """Let a column's values decay until now; `decay` holds the factors of `span` days, which is returned."""
    elapsed = now - day[cell]
    if elapsed == 0:
        return span
    day[cell] = now
    if elapsed != span:
        for k in range(len(rates)):
            decay[k] = _exponential(elapsed * rates[k])
    for k in range(n_time):
        row[k] = _left(row[k] * decay[k], _NO_RATE)
    memories = len(rates) - n_time
    at = n_time
    while at < len(row):
        for memory in range(memories):
            for _ in range(layers):
                row[at] = _left(row[at] * decay[n_time + memory], _ENDED)
                at += 1
    return elapsed


@numba.njit(cache=True, inline="always")
def _left(value, least):
    """Return a memory, or nothing where it has all but ended."""
    return value if value > least else 0.0


@numba.njit(cache=True)
def _forward(row, day, thread, now, rates):
    elapsed = now - day[thread]
    if elapsed > 0:
        for k in range(len(row)):
            row[k] = _left(row[k] * _exponential(elapsed * rates[k]), _NO_RATE)
        day[thread] = now


def _ascending(values: npt.ArrayLike, what: str) -> Floats:
    array = np.asarray(values, float)
    if array.ndim != 1 or np.any(np.diff(array) < 0) or not np.all(np.isfinite(array)):
        raise InputError(f"{what} must be finite and in ascending order, as a list; got {values!r:.80}")
    return array
