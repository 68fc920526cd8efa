"""States as batches: two of the past, the future's, and the forcings of all; held, or streamed from a store."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from terrella.engine.feed import Batch, Streamed
from terrella.weather.data.forcings import Forcing, forcing_names, forcings_at
from terrella.weather.data.statistics import Statistics
from terrella.weather.data.store import Store
from terrella.weather.data.windows import PAST, Indices

Floats = npt.NDArray[np.float32]


def normalised(states: Floats, statistics: Statistics) -> Floats:
    """Return states (…, channel) with mean zero and standard deviation one, in place."""
    states -= statistics.mean.astype(np.float32)
    states /= statistics.std.astype(np.float32)
    return states


def denormalised(states: Floats, statistics: Statistics) -> Floats:
    """Return normalised states (…, channel) in the variables' units."""
    return states * statistics.std.astype(np.float32) + statistics.mean.astype(np.float32)


@dataclass(frozen=True, eq=False)
class HeldWindows:
    """Windows of states that are all held in memory, once: (time, point, channel) and (time, point, forcing)."""

    states: Tensor
    forcings: Tensor
    first: Tensor  # (window,): the first state of each
    rollout: int  # states of the future
    device: torch.device
    low: int = 0  # the store's number of the first state
    frames_per_chunk: int = 1

    def __len__(self) -> int:
        return len(self.first)

    @property
    def borders(self) -> Tensor:
        """Those of the chunks on disk, so that the order is that of windows which are streamed."""
        return torch.from_numpy(_chunk_starts(self.first.cpu().numpy() + self.low, self.frames_per_chunk))

    def read(self, indices: Tensor) -> Batch:
        """Return the windows of indices (n,)."""
        starts = self.first[indices.to(self.first.device)]
        at = starts[:, None] + torch.arange(PAST + self.rollout, device=starts.device)
        states = self.states[at]
        batch = {
            "past": states[:, :PAST], "future": states[:, PAST:], "forcings": self.forcings[at],
        }  # fmt: skip
        return {name: values.to(self.device, non_blocking=True) for name, values in batch.items()}


@dataclass(frozen=True, eq=False)
class StoredWindows:
    """The same windows read from a store, chunk by chunk of its zarr arrays."""

    store: Store
    first: Indices
    rollout: int
    forcings: tuple[Forcing, ...]

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def _starts(self) -> Indices:
        return _chunk_starts(self.first, self.store.frames_per_chunk)

    @property
    def borders(self) -> Tensor:
        """The first window of each chunk and their number, (chunk + 1,)."""
        return torch.from_numpy(self._starts)

    def describe(self, chunk: int) -> str:
        """Return the store and the time at which the chunk begins."""
        return f"{self.store.path}, from {self.store.times[self.first[self._starts[chunk]]]} on"

    def read_chunk(self, chunk: int, out: Batch) -> None:
        """Fill `out` with the windows of a chunk."""
        own = self.first[self._starts[chunk] : self._starts[chunk + 1]]
        states, forcings = self._frames(int(own[0]), int(own[-1]) + PAST + self.rollout)
        at = torch.from_numpy(own - own[0])
        for number in range(PAST + self.rollout):
            into = out["past"][:, number] if number < PAST else out["future"][:, number - PAST]
            torch.index_select(states, 0, at + number, out=into) if into.is_contiguous() else into.copy_(
                states[at + number]
            )
            out["forcings"][:, number] = forcings[at + number]

    def read(self, indices: Tensor) -> Batch:
        """Return the windows of indices (n,), each read by itself."""
        length, points = PAST + self.rollout, self.store.points
        shape = (len(indices), length, points)
        states = torch.empty((*shape, len(self.store.channels)))
        forcings = torch.empty((*shape, len(forcing_names(self.forcings))))
        for number, index in enumerate(indices.tolist()):
            start = int(self.first[index])
            states[number], forcings[number] = self._frames(start, start + length)
        return {"past": states[:, :PAST], "future": states[:, PAST:], "forcings": forcings}

    def _frames(self, first: int, last: int) -> tuple[Tensor, Tensor]:
        states = normalised(self.store.read(first, last), self.store.statistics)
        return torch.from_numpy(states), torch.from_numpy(
            store_forcings(self.store, first, last, self.forcings)
        )


def _chunk_starts(first: Indices, frames_per_chunk: int) -> Indices:
    """Return where the windows of each chunk begin, (chunk + 1,); chunks without windows are left out."""
    chunk = first // frames_per_chunk
    return np.append(np.flatnonzero(np.diff(chunk, prepend=-1)), len(chunk))


def store_forcings(store: Store, first: int, last: int, forcings: tuple[Forcing, ...]) -> Floats:
    """Return the forcings of a store's states from one to before another, (time, point, forcing)."""
    return forcings_at(store.times[first:last], store.latitude, store.longitude, store.step_hours, forcings)


def held_windows(
    store: Store,
    first: Indices,
    rollout: int,
    forcings: tuple[Forcing, ...],
    device: torch.device,
    resident: bool,
) -> HeldWindows:
    """Return windows whose states are held in memory, on the device where `resident`."""
    low, high = int(first.min()), int(first.max()) + PAST + rollout
    states = np.empty((high - low, store.points, len(store.channels)), np.float32)
    known = np.empty((high - low, store.points, len(forcing_names(forcings))), np.float32)
    some = max(store.frames_per_chunk, 1)
    for start in range(low, high, some):  # some at a time, so that no second copy is held
        part = slice(start - low, min(start + some, high) - low)
        store.read(start, min(start + some, high), states[part])
        normalised(states[part], store.statistics)
        known[part] = store_forcings(store, start, min(start + some, high), forcings)
    where = device if resident else torch.device("cpu")
    return HeldWindows(
        torch.from_numpy(states).to(where), torch.from_numpy(known).to(where),
        torch.from_numpy(first - low).to(where), rollout, device, low, store.frames_per_chunk,
    )  # fmt: skip


def streamed_windows(
    store: Store, first: Indices, rollout: int, forcings: tuple[Forcing, ...], device: torch.device
) -> Streamed:
    """Return windows that are read from the store as they are needed."""
    return Streamed(StoredWindows(store, first, rollout, forcings), device)


def static_features(store: Store) -> Floats:
    """Return what does not change, (point, feature): orography over 3 km and land, where they are known."""
    made = []
    if "geopotential_at_surface" in store.static:
        made.append(store.static["geopotential_at_surface"].reshape(-1) / (9.80665 * 3000))
    if "land_sea_mask" in store.static:
        made.append(store.static["land_sea_mask"].reshape(-1))
    return np.stack(made, 1).astype(np.float32) if made else np.zeros((store.points, 0), np.float32)
