"""The past of any issue time, from the event list: exponential memories on the cells of a grid.

Two memories are kept for each cell. The *triggering* memory spreads every event's expected direct aftershocks
over the cells by ETAS's spatial kernel; every function of the events' ages that ETAS needs is a weighted sum
over its time constants. The *local* memories hold what happened in the cell itself: counts by magnitude band
and seismic moment. Both decay as exponentials, so that `sweep` carries them from one issue time to the next
and adds only the events in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from footprint_oracle import Footprints, make_footprints
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.forecast.etas.model import ETAS
from terrella.forecast.features.exponentials import TIME_CONSTANTS_DAYS
from terrella.formats.catalogues.catalogue import Catalogue

_CHUNK = 256  # events whose footprints are held at once: about what fits a processor's cache
_BATCH_CELLS = 150_000  # issue times × cells that are held at once


@dataclass(frozen=True, eq=False)
class State:
    """The memories just before a time: what a sweep carries forward."""

    day: Tensor  # (1,) float64
    events: Tensor  # (1,) number of events before it
    triggering: Tensor  # (1, time constant, column)
    local: Tensor  # (1, band, memory, layer × column)


@dataclass(frozen=True, eq=False)
class Past:
    """Events and knots on a device; `memories` answers for issue times.

    Cells are those inside the grid's mask: `columns` of them on the map, times the depth layers.
    """

    days: Tensor  # (event,) float64, since the epoch
    longitude: Tensor  # float32
    latitude: Tensor
    productivity: Tensor
    zone_km2: Tensor
    cell: Tensor  # flat (layer, column) index, −1 outside
    weights: Tensor  # (event, band) of the local memories
    footprints: Footprints
    columns: Tensor  # flat map index of each column
    layers: int
    memory_days: Tensor
    time_constants: Tensor

    def memories(self, issue_days: Tensor, state: State | None = None) -> tuple[Tensor, Tensor]:
        """Return the memories at issue times (n,) in days since the epoch, none before the state's.

        Shapes: triggering (n, time constant, column), local (n, band, memory, layer, column). Events at or
        after an issue time do not enter.
        """
        state = state or self._nothing()
        since = (issue_days - state.day).clamp(min=0).float()[:, None]
        triggering = state.triggering * torch.exp(-since / self.time_constants)[:, :, None]
        local = state.local * torch.exp(-since / self.memory_days)[:, None, :, None]
        last = torch.searchsorted(self.days, issue_days)
        owner, event = spans(state.events.expand_as(last), last)
        self._add_local(local, owner, event, issue_days)
        self._add_triggering(triggering, owner, event, issue_days)
        return triggering, local.unflatten(-1, (self.layers, len(self.columns)))

    def state(self, day: Tensor, before: State | None = None) -> State:
        """Return the state at a time (1,), from an earlier one where there is one."""
        triggering, local = self.memories(day, before)
        return State(day, torch.searchsorted(self.days, day), triggering, local.flatten(3))

    def _nothing(self) -> State:
        device, cells = self.days.device, self.layers * len(self.columns)
        return State(
            day=torch.zeros(1, dtype=torch.float64, device=device),
            events=torch.zeros(1, dtype=torch.int64, device=device),
            triggering=torch.zeros(1, len(self.time_constants), len(self.columns), device=device),
            local=torch.zeros(1, self.weights.shape[1], len(self.memory_days), cells, device=device),
        )

    def counts(self, issue_days: Tensor, horizons_days: Tensor) -> Tensor:
        """Return the events that follow within each horizon, (n, horizon, layer, column), as float32."""
        ends = issue_days[:, None] + horizons_days
        first = torch.searchsorted(self.days, issue_days)
        last = torch.searchsorted(self.days, ends.amax(1))
        owner, event = spans(first, last)
        cells = self.layers * len(self.columns)
        within = (self.days[event, None] < ends[owner]) & (self.cell[event] >= 0)[:, None]
        which, horizon = within.nonzero(as_tuple=True)
        flat = (owner[which] * len(horizons_days) + horizon) * cells + self.cell[event[which]]
        counts = torch.bincount(flat, minlength=len(issue_days) * len(horizons_days) * cells)
        return counts.float().view(len(issue_days), len(horizons_days), self.layers, len(self.columns))

    def _add_local(self, local: Tensor, owner: Tensor, event: Tensor, issue_days: Tensor) -> None:
        inside = self.cell[event] >= 0
        owner, event = owner[inside], event[inside]
        age = (issue_days[owner] - self.days[event]).float()
        decay = torch.exp(-age[:, None] / self.memory_days)
        _, bands, memories, cells = local.shape
        values = self.weights[event][:, :, None] * decay[:, None, :]
        series = (
            owner[:, None] * bands * memories + torch.arange(bands * memories, device=owner.device)
        ) * cells
        local.view(-1).index_add_(0, (series + self.cell[event][:, None]).flatten(), values.flatten())

    def _add_triggering(self, triggering: Tensor, owner: Tensor, event: Tensor, issue_days: Tensor) -> None:
        events, position = torch.unique(event, return_inverse=True)
        for start in range(0, len(events), _CHUNK):
            chunk = events[start : start + _CHUNK]
            shares = self._shares(chunk)
            chosen = (position >= start) & (position < start + len(chunk))
            age = (issue_days[owner[chosen]] - self.days[event[chosen]]).float()
            decay = torch.exp(-age[:, None] / self.time_constants)
            # Weights (issue time, time constant, event of the chunk), then one product for the whole batch.
            weights = torch.zeros(len(issue_days), len(self.time_constants), len(chunk), device=age.device)
            weights[owner[chosen], :, position[chosen] - start] = decay
            triggering += (weights.flatten(0, 1) @ shares).view_as(triggering)

    def _shares(self, events: Tensor) -> Tensor:
        shares = self.footprints.shares(self.longitude[events], self.latitude[events], self.zone_km2[events])
        return shares.flatten(1)[:, self.columns] * self.productivity[events, None]


def sweep(past: Past, issue_days: Tensor) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yield batches of issue times, which must ascend, as their slice and both memories (see `memories`)."""
    size = max(1, _BATCH_CELLS // (past.layers * len(past.columns)))
    state = None
    for first in range(0, len(issue_days), size):
        batch = slice(first, min(first + size, len(issue_days)))
        # One state for the batch: what came before its first issue time is added once, not for each of them.
        state = past.state(issue_days[first : first + 1], state)
        yield batch, *past.memories(issue_days[batch], state)


def spans(first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """Return owner and value of each integer in the half-open ranges first..last, one range after another."""
    length = (last - first).clamp(min=0)
    owner = torch.repeat_interleave(torch.arange(len(first), device=first.device), length)
    start = torch.cumsum(length, 0) - length
    return owner, torch.arange(len(owner), device=first.device) - start[owner] + first[owner]


def make_past(
    catalogue: Catalogue,
    epoch: np.datetime64,
    grid: Grid,
    etas: ETAS,
    memory_days: tuple[float, ...],
    band_steps: tuple[float, ...],
    device: torch.device | str = "cpu",
) -> Past:
    """Return a catalogue's past on a grid; every event of the catalogue counts, wherever it lies."""

    def tensor(values: np.ndarray, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), dtype=dtype, device=device)

    columns = np.flatnonzero(grid.mask)
    column_of = np.full(grid.mask.size, -1)
    column_of[columns] = np.arange(len(columns))
    flat = grid.cell_of(catalogue.longitude, catalogue.latitude, catalogue.depth_km)
    layer, on_map = np.divmod(flat, grid.mask.size)
    cell = np.where(flat >= 0, layer * len(columns) + column_of[on_map], -1)
    step = catalogue.magnitude - etas.min_magnitude
    counts = [step >= band - 1e-9 for band in band_steps]
    # Seismic moment relative to that of the smallest magnitude (Hanks & Kanamori 1979).
    weights = np.stack([*counts, 10 ** (1.5 * step)], axis=1)
    days = tensor(catalogue.days_since(epoch), torch.float64)
    return Past(
        days=days,
        longitude=tensor(catalogue.longitude),
        latitude=tensor(catalogue.latitude),
        productivity=tensor(etas.productivity(catalogue.magnitude)),
        zone_km2=tensor(etas.zone_km2(catalogue.magnitude)),
        cell=tensor(cell, torch.int64),
        weights=tensor(weights),
        footprints=make_footprints(grid, etas.rho, device),
        columns=tensor(columns, torch.int64),
        layers=grid.shape[0],
        memory_days=tensor(np.asarray(memory_days)),
        time_constants=tensor(TIME_CONSTANTS_DAYS),
    )
