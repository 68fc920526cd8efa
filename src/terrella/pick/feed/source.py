"""Windows of labelled traces as batches: chosen, cut, changed, normalised and labelled all at once."""

from dataclasses import dataclass, field, replace
from functools import cached_property

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
from terrella.pick.feed.chunks import window_borders
from terrella.pick.feed.draws import Floats, draw
from terrella.pick.feed.labels import Onsets, make_labels
from terrella.pick.feed.normalise import prepare
from terrella.pick.feed.recipes import Recipe
from terrella.pick.feed.resident import cut_resident
from terrella.pick.feed.windows import Samples, Traces, choose_starts, cut, picks_in
from terrella.pick.networks.architecture import Architecture

# Purposes of random numbers, each independent of the others.
_PLACE, _CHANGE, _SECOND, _PARTNER = range(4)


@dataclass(frozen=True, eq=False)
class Spans:
    """Where windows lie, and second windows that some of them are given."""

    trace: Samples
    start: Samples
    rows: Samples  # (second,): which windows have a second one
    other: Samples  # (second,): its trace
    other_start: Samples
    peak: Floats  # (second,): of its event over that of the first


@dataclass(frozen=True, eq=False)
class WindowSource:
    """An engine's source: random windows of traces, the same for the same seed, epoch and index.

    Second events come from one other chunk for all windows of a chunk, drawn anew in each epoch, so that a stream
    finds them side by side.
    """

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

    @cached_property
    def borders(self) -> Tensor:
        """The first window of each chunk and the number of windows, (chunk + 1,), int64."""
        return torch.from_numpy(window_borders(self.traces, self.per_trace, self.architecture))

    def in_epoch(self, epoch: int) -> "WindowSource":
        """Return the windows of an epoch."""
        return replace(self, epoch=epoch)

    def read(self, indices: Tensor) -> Batch:
        """Return `x` (window, component, sample) as the network takes it, and `y` in the shape of its answer."""
        numbers = indices.numpy()
        at = self.spans(numbers)
        if not (self.shares.any() or self.held) and self.device.type == "cpu":
            # Prepared while they are in the processor's cache.
            return {
                "x": self._cut(at.trace, at.start, prepared=True),
                "y": self._labels(self._picks(at.trace, at.start)),
            }
        return self.finished(numbers, at, self._cut(at.trace, at.start), self._cut(at.other, at.other_start))

    def spans(self, numbers: Samples) -> Spans:
        """Return where windows (n,) lie."""
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(self)):
            raise IndexError(f"there are {len(self)} windows; got the index {numbers.max()}")
        trace = numbers // self.per_trace
        start = self._starts(trace, self._drawn(numbers, _PLACE, 3), self.recipe)
        if not self.shares.superpose or not len(self.traces.picked):
            nothing = trace[:0]
            return Spans(trace, start, nothing, nothing, nothing, np.empty(0))
        drawn = self._drawn(numbers, _SECOND, 6)
        rows = np.flatnonzero(drawn[:, 0] < self.shares.superpose)
        drawn = drawn[rows]
        other = self._others(numbers[rows], drawn[:, 1])
        around = self._starts(other, drawn[:, 3:], replace(self.recipe, around_share=1.0))
        return Spans(trace, start, rows, other, around, drawn[:, 2])

    def finished(self, numbers: Samples, at: Spans, windows: Tensor, seconds: Tensor) -> Batch:
        """Return windows as they were cut, and second ones of `at.rows`, as a batch; it may change them."""
        onsets = self._picks(at.trace, at.start)
        if len(at.rows):
            rows = torch.from_numpy(at.rows).to(self.device)
            peak = superposed_peak(torch.from_numpy(at.peak).to(self.device))
            windows = windows.index_copy(0, rows, superpose(windows[rows], seconds, peak))
            onsets = with_events(onsets, rows, self._picks(at.other, at.other_start))
        if not self.shares.any():
            return {"x": self._prepared(windows), "y": self._labels(onsets)}
        drawn = torch.from_numpy(self._drawn(numbers, _CHANGE, NUMBERS)).to(self.device, torch.float32)
        windows, labels = change(windows, onsets, self.shares, drawn), self._labels(onsets)
        if self.shares.rotate:
            windows, labels = rotated(windows, labels, self.shares.rotate, drawn)
        return {"x": self._prepared(windows), "y": labels}

    def _drawn(self, numbers: Samples, purpose: int, count: int) -> Floats:
        return draw(self.seed, self.epoch, numbers, purpose, count)

    def _starts(self, trace: Samples, drawn: Floats, recipe: Recipe) -> Samples:
        return choose_starts(self.traces, trace, self.architecture.window, recipe, drawn)

    def _others(self, numbers: Samples, drawn: Floats) -> Samples:
        """Return a trace with picks for each window; over the epochs, all of them are as likely."""
        picked, borders = self.traces.picked, self.borders.numpy()
        chunk = np.searchsorted(borders, numbers, side="right") - 1
        one = picked[np.floor(self._drawn(chunk, _PARTNER, 1)[:, 0] * len(picked)).astype(np.int64)]
        chunk = np.searchsorted(borders, one * self.per_trace, side="right") - 1
        low = np.searchsorted(picked, borders[chunk] // self.per_trace)
        high = np.searchsorted(picked, (borders[chunk + 1] - 1) // self.per_trace, side="right")
        return picked[low + np.floor(drawn * (high - low)).astype(np.int64)]

    def _cut(self, trace: Samples, starts: Samples, prepared: bool = False) -> Tensor:
        about = (self.traces, trace, starts, self.architecture)
        if self.held:
            return cut_resident(self.held, *about)
        return torch.from_numpy(cut(*about, prepared, self.buffers)).to(self.device)

    def _prepared(self, windows: Tensor) -> Tensor:
        if self.device.type != "cpu":
            return self.architecture.prepared(windows)
        prepare(windows.numpy(), self.architecture)
        return windows

    def _picks(self, trace: Samples, starts: Samples) -> Onsets:
        """Return the picks of windows, as those of one event each."""
        p, s = (picks_in(picks[trace], starts)[:, None] for picks in (self.traces.p, self.traces.s))
        fixed = self.traces.fixed[trace][:, None]
        return Onsets(*(torch.from_numpy(each).to(self.device) for each in (p, s, fixed)))

    def _labels(self, onsets: Onsets) -> Tensor:
        return make_labels(self.architecture, self.recipe, onsets, self.buffers)
