"""A network's probabilities along a record, from windows whose places do not depend on where the record begins."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import nn

from terrella.pick.continuous.evaluate import Evaluate, batch_size, make_evaluator
from terrella.pick.continuous.policies import halves, phases_of, step_of
from terrella.pick.continuous.record import Record
from terrella.pick.networks.architecture import Architecture
from terrella.pick.networks.dense_gpd import Dense
from terrella.pick.networks.gpd import GPD

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Annotator:
    """A network that is ready to go along records."""

    module: nn.Module
    architecture: Architecture
    evaluate: Evaluate
    device: torch.device

    @property
    def phases(self) -> tuple[str, ...]:
        """What its curves are of."""
        return phases_of(self.architecture)


@dataclass(frozen=True, eq=False)
class Curves:
    """Probabilities at the grid's samples first, first + stride, …; zero where no window answered."""

    first: int
    stride: int
    phases: tuple[str, ...]
    values: Floats  # (phase, point)


def make_annotator(
    module: nn.Module, architecture: Architecture, device: torch.device | None = None
) -> Annotator:
    """Return a trained network with its fastest evaluation on a device, by default the CPU."""
    device = device or torch.device("cpu")
    evaluate = make_evaluator(module, architecture, device)
    return Annotator(module.eval().to(device), architecture, evaluate, device)


def needed(architecture: Architecture, first: int, end: int) -> tuple[int, int]:
    """Return which samples those windows take that answer, or decide which do, for grid samples [first, end)."""
    low, high = _windows(architecture, first, end)
    step = step_of(architecture)
    return low * step, (high - 1) * step + architecture.window


def annotate(
    annotator: Annotator, record: Record, first: int, end: int, doubt: float | None = None
) -> Curves:
    """Return the probabilities at the grid's samples [first, end); `record` must hold what is `needed` for them.

    Window k begins at the grid's sample k * step, whatever the record. Where a component is not recorded, it is
    zero after its mean is removed. Windows of which less than half is recorded are left out.

    With `doubt`, windows of odd k are evaluated only where a window beside them says at least that of a phase
    within their samples, or was left out.
    """
    architecture = annotator.architecture
    if architecture.frames == 0:
        return _points(annotator, record, first, end)
    window = architecture.window
    number = np.arange(*_windows(architecture, first, end))
    start = number * step_of(architecture)
    heard = _heard(record, start, window)
    stack = _Stack(architecture, annotator.phases, int(start[0]), int(start[-1]) + window)
    if doubt is None or not halves(architecture):
        stack.add_all(_answers(annotator, record, start[heard]))
    else:
        even = number % 2 == 0
        stack.add_all(_answers(annotator, record, start[heard & even]))
        beside = np.concatenate([[True], heard, [True]])
        doubtful = ~(beside[:-2] & beside[2:])
        doubtful |= np.array([stack.largest(begin, begin + window) >= doubt for begin in start.tolist()])
        stack.add_all(_answers(annotator, record, start[heard & ~even & doubtful]))
    return stack.curves(first, end)


class _Stack:
    """The answers of overlapping windows: their mean or the largest, at the samples first to end."""

    def __init__(self, architecture: Architecture, phases: tuple[str, ...], first: int, end: int) -> None:
        self.architecture, self.phases, self.first = architecture, phases, first
        self.rows = [architecture.outputs.index(phase) for phase in phases]
        self.values = np.zeros((len(phases), end - first), np.float32)
        self.weight = np.zeros(end - first, np.float32)

    def add_all(self, answers: Iterable[tuple[Integers, Floats]]) -> None:
        """Add batches of windows, by their first samples, with their answers."""
        for starts, said in answers:
            for start, one in zip(starts.tolist(), said, strict=True):
                self.add(start, one)

    def add(self, start: int, said: Floats) -> None:
        """Add the answer (output, frame) of the window that begins at a sample."""
        about = self.architecture
        said = said[self.rows, about.blind : said.shape[1] - about.blind]
        begin = start - self.first + about.first - about.stride // 2 + about.blind * about.stride
        if about.stride > 1:  # a frame stands for the samples around it
            said = said.repeat(about.stride, 1)
        low, high = max(begin, 0), min(begin + said.shape[1], self.values.shape[1])
        here, said = self.values[:, low:high], said[:, low - begin : high - begin]
        if about.stack == "max":
            np.maximum(here, said, out=here)
            self.weight[low:high] = 1
        else:
            here += said
            self.weight[low:high] += 1

    def largest(self, first: int, end: int) -> float:
        """Return the largest sum of answers so far between two samples."""
        return float(self.values[:, first - self.first : end - self.first].max())

    def curves(self, first: int, end: int) -> Curves:
        """Return the stacked probabilities of [first, end)."""
        here = slice(first - self.first, end - self.first)
        values = self.values[:, here] / np.maximum(self.weight[here], 1)
        return Curves(first, 1, self.phases, np.asarray(values, np.float32))


def _answers(annotator: Annotator, record: Record, starts: Integers) -> Iterator[tuple[Integers, Floats]]:
    """Yield batches of the windows that begin at some samples, and what the network says of them."""
    # Compiled code, whose import takes as long as that of a small library.
    from terrella.pick.feed.normalise import prepare

    architecture = annotator.architecture
    size = batch_size(architecture, annotator.device)
    views = sliding_window_view(record.samples, architecture.window, 1)
    known = sliding_window_view(record.recorded, architecture.window, 1)
    gaps = np.concatenate([[0], np.cumsum(~record.recorded.all(0))])
    for begin in range(0, len(starts), size):
        batch = starts[begin : begin + size]
        at = batch - record.first
        windows = np.ascontiguousarray(views[:, at].transpose(1, 0, 2))
        for i in np.flatnonzero(gaps[at + architecture.window] > gaps[at]):
            _fill(windows[i], known[:, at[i]])
        prepare(windows, architecture)
        yield batch, annotator.evaluate(windows)


def _fill(window: Floats, known: npt.NDArray[np.bool_]) -> None:
    """Put each component's mean where it is not recorded: it is zero once the mean is removed."""
    for row, seen in zip(window, known, strict=True):
        row[~seen] = row[seen].mean(dtype=np.float64) if seen.any() else 0


def _points(annotator: Annotator, record: Record, first: int, end: int) -> Curves:
    """Return the answers of windows that give one each, at their sample `first`."""
    architecture = annotator.architecture
    step = step_of(architecture)
    start = np.arange(*_windows(architecture, first, end)) * step
    heard = _heard(record, start, architecture.window)
    rows = [architecture.outputs.index(phase) for phase in annotator.phases]
    values = np.zeros((len(rows), len(start)), np.float32)
    if isinstance(annotator.module, GPD) and heard.any():
        at = start - record.first
        whole = torch.from_numpy(_bridged(record, int(at[0]), int(at[-1]) + architecture.window))
        dense = Dense(annotator.module, architecture)
        said = dense.probabilities(whole[None].to(annotator.device), step)[0].cpu().numpy()
        values[:, heard] = said[rows][:, heard]
    else:
        for batch, answers in _answers(annotator, record, start[heard]):
            values[:, (batch - start[0]) // step] = answers[:, rows].T
    return Curves(int(start[0]) + architecture.first, step, annotator.phases, values)


def _heard(record: Record, start: Integers, window: int) -> npt.NDArray[np.bool_]:
    """Return of which windows half or more is recorded, on any component."""
    recorded = np.concatenate([[0], np.cumsum(record.recorded.any(0))])
    at = start - record.first
    return np.asarray(recorded[at + window] - recorded[at] >= window // 2)


def _bridged(record: Record, low: int, high: int) -> Floats:
    """Return a record's samples with straight lines across what is not recorded."""
    samples = record.samples[:, low:high].copy()
    for row, seen in zip(samples, record.recorded[:, low:high], strict=True):
        if seen.any() and not seen.all():
            row[~seen] = np.interp(np.flatnonzero(~seen), np.flatnonzero(seen), row[seen])
    return samples


def _windows(architecture: Architecture, first: int, end: int) -> tuple[int, int]:
    """Return the numbers [low, high) of windows that answer for samples [first, end), and those beside them."""
    step = step_of(architecture)
    begin = architecture.first - architecture.stride // 2 if architecture.frames else architecture.first
    reach = max(architecture.frames, 1) * (architecture.stride if architecture.frames else 1)
    extra = 1 if halves(architecture) else 0
    low = -((begin + reach - 1 - first) // step)
    return low - extra, (end - 1 - begin) // step + 1 + extra
