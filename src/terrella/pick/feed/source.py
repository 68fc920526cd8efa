"""Windows of labelled traces as batches: chosen, cut, changed, normalised and labelled all at once."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from terrella.engine.feed import Batch
from terrella.pick.feed.augment import superpose
from terrella.pick.feed.buffers import Buffers
from terrella.pick.feed.changes import (
    NUMBERS,
    UNCHANGED,
    Shares,
    change,
    rotated,
    superposed_peak,
    with_events,
)
from terrella.pick.feed.draws import Floats, draw
from terrella.pick.feed.labels import Onsets, make_labels
from terrella.pick.feed.recipes import Recipe
from terrella.pick.feed.resident import cut_resident
from terrella.pick.feed.windows import Samples, Traces, choose_starts, cut, picks_in
from terrella.pick.networks.architecture import Architecture

# Purposes of random numbers, each independent of the others.
_PLACE, _CHANGE, _SECOND = range(3)


@dataclass(frozen=True, eq=False)
class WindowSource:
    """An engine's source: random windows of traces, the same for the same seed, epoch and index."""

    traces: Traces
    architecture: Architecture
    recipe: Recipe
    device: torch.device
    seed: int = 0
    per_trace: int = 1  # windows of each trace in an epoch
    shares: Shares = UNCHANGED
    held: tuple[Tensor, ...] = ()  # samples of the stores, where the device holds them
    epoch: int = 0
    buffers: Buffers = field(default_factory=Buffers)

    def __len__(self) -> int:
        return len(self.traces) * self.per_trace

    def in_epoch(self, epoch: int) -> "WindowSource":
        """Return the windows of an epoch."""
        return replace(self, epoch=epoch)

    def read(self, indices: Tensor) -> Batch:
        """Return `x` (window, component, sample) as the network takes it, and `y` in the shape of its answer."""
        numbers = indices.numpy()
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(self)):
            raise IndexError(f"there are {len(self)} windows; got the index {numbers.max()}")
        trace = numbers // self.per_trace
        starts = self._starts(trace, self._drawn(numbers, _PLACE, 3), self.recipe)
        onsets = self._onsets(trace, starts)
        if not self.shares.any():
            labels = make_labels(self.architecture, self.recipe, onsets, self.buffers)
            return {"x": self._cut(trace, starts, prepared=True), "y": labels}
        return self._changed(numbers, self._cut(trace, starts), onsets)

    def _drawn(self, numbers: Samples, purpose: int, count: int) -> Floats:
        return draw(self.seed, self.epoch, numbers, purpose, count)

    def _starts(self, trace: Samples, drawn: Floats, recipe: Recipe) -> Samples:
        return choose_starts(self.traces, trace, self.architecture.window, recipe, drawn)

    def _cut(self, trace: Samples, starts: Samples, prepared: bool = False) -> Tensor:
        about = (self.traces, trace, starts, self.architecture)
        if not self.held:
            return torch.from_numpy(cut(*about, prepared, self.buffers)).to(self.device)
        windows = cut_resident(self.held, *about)
        return self.architecture.prepared(windows) if prepared else windows

    def _onsets(self, trace: Samples, starts: Samples) -> Onsets:
        """Return the picks of windows, as those of one event each."""
        p, s = (picks_in(picks[trace], starts)[:, None] for picks in (self.traces.p, self.traces.s))
        fixed = self.traces.fixed[trace][:, None]
        return Onsets(*(torch.from_numpy(each).to(self.device) for each in (p, s, fixed)))

    def _changed(self, numbers: Samples, windows: Tensor, onsets: Onsets) -> Batch:
        drawn = torch.from_numpy(self._drawn(numbers, _CHANGE, NUMBERS)).to(self.device, torch.float32)
        if self.shares.superpose:
            windows, onsets = self._superposed(numbers, windows, onsets)
        windows = change(windows, onsets, self.shares, drawn)
        labels = make_labels(self.architecture, self.recipe, onsets, self.buffers)
        if self.shares.rotate:
            windows, labels = rotated(windows, labels, self.shares.rotate, drawn)
        return {"x": self.architecture.prepared(windows), "y": labels}

    def _superposed(self, numbers: Samples, windows: Tensor, onsets: Onsets) -> tuple[Tensor, Onsets]:
        """Add windows around picks of other traces to some, with their picks as second events."""
        drawn = self._drawn(numbers, _SECOND, 6)
        picked = np.flatnonzero((self.traces.p >= 0).any(1) | (self.traces.s >= 0).any(1))
        rows = np.flatnonzero((drawn[:, 0] < self.shares.superpose) & (len(picked) > 0))
        drawn = drawn[rows]
        others = picked[np.floor(drawn[:, 1] * len(picked)).astype(np.int64)]
        starts = self._starts(others, drawn[:, 3:], replace(self.recipe, around_share=1.0))
        at = torch.from_numpy(rows).to(self.device)
        peak = superposed_peak(torch.from_numpy(drawn[:, 2]).to(self.device))
        both = superpose(windows[at], self._cut(others, starts), peak)
        return windows.index_copy(0, at, both), with_events(onsets, at, self._onsets(others, starts))
