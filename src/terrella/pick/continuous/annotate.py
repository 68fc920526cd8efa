"""A network's probabilities along a record, from windows whose places do not depend on where the record begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from terrella.pick.continuous.evaluate import Evaluate, batch_size, by_onnx, by_torch, onnx_model
from terrella.pick.continuous.policies import phases_of, step_of
from terrella.pick.continuous.prepare import prepared, without_mean
from terrella.pick.continuous.record import Record
from terrella.pick.continuous.resample import Numbers
from terrella.pick.networks.architecture import Architecture

if TYPE_CHECKING:
    import torch
    from torch import nn

    from terrella.pick.networks.dense_gpd import Dense

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Annotator:
    """A network that is ready to go along records."""

    architecture: Architecture
    evaluate: Evaluate
    on_cpu: bool = True
    dense: "Dense | None" = None  # of a GPD
    model: bytes | None = None  # in ONNX, where it is evaluated as such
    form: str = ""  # of a compressed bundle

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
    network: "nn.Module", architecture: Architecture, device: "torch.device | None" = None
) -> Annotator:
    """Return a trained network with its fastest evaluation on a device, by default the CPU."""
    import torch

    from terrella.engine.use.forms import OnnxNetwork
    from terrella.pick.networks.dense_gpd import Dense
    from terrella.pick.networks.gpd import GPD

    network, device = network.eval(), device or torch.device("cpu")
    on_cpu = device.type == "cpu"
    if on_cpu and (model := onnx_model(network, architecture)) is not None:
        form = network.form if isinstance(network, OnnxNetwork) else ""
        return Annotator(architecture, by_onnx(model, architecture, form), model=model, form=form)
    dense = Dense(network.to(device), architecture) if isinstance(network, GPD) else None
    return Annotator(architecture, by_torch(network, architecture, device), on_cpu, dense)


def needed(architecture: Architecture, first: int, end: int) -> tuple[int, int]:
    """Return which samples those windows take that answer for grid samples [first, end)."""
    low, high = _windows(architecture, first, end)
    step = step_of(architecture)
    return low * step, (high - 1) * step + architecture.window


def annotate(annotator: Annotator, record: Record, first: int, end: int) -> Curves:
    """Return the probabilities at the grid's samples [first, end); `record` must hold what is `needed` for them.

    Window k begins at the grid's sample k * step, whatever the record. Where a component is not recorded, it is
    zero after its mean is removed. Windows of which less than half is recorded are left out.
    """
    architecture = annotator.architecture
    if architecture.frames == 0:
        return _points(annotator, record, first, end)
    step = step_of(architecture)
    start = np.arange(*_windows(architecture, first, end)) * step
    heard = _heard(record, start, architecture.window)
    rows = [architecture.outputs.index(phase) for phase in annotator.phases]
    inner = slice(architecture.blind, architecture.frames - architecture.blind)
    reach = (inner.stop - inner.start) * architecture.stride
    values = np.zeros((len(rows), (len(start) - 1) * step + reach), np.float32)
    weight = np.zeros(values.shape[1], np.float32)
    together = np.maximum if architecture.stack == "max" else np.add
    for batch, answers in _answers(annotator, record, start[heard]):
        for low, said in zip((batch - start[0]).tolist(), answers[:, rows, inner], strict=True):
            if architecture.stride > 1:  # a frame stands for the samples around it
                said = said.repeat(architecture.stride, 1)
            here = values[:, low : low + reach]
            together(here, said, out=here)
            weight[low : low + reach] += 1
    if architecture.stack == "mean":
        values /= np.maximum(weight, 1, out=weight)
    begin = (
        int(start[0])
        + architecture.first
        + architecture.blind * architecture.stride
        - architecture.stride // 2
    )
    return Curves(first, 1, annotator.phases, values[:, first - begin : end - begin])


def _answers(annotator: Annotator, record: Record, starts: Integers) -> Iterator[tuple[Integers, Floats]]:
    """Yield batches of the windows that begin at some samples, and what the network says of them."""
    architecture = annotator.architecture
    size = batch_size(architecture, annotator.on_cpu, annotator.form)
    views = sliding_window_view(record.samples, architecture.window, 1).transpose(1, 0, 2)
    known = sliding_window_view(record.recorded, architecture.window, 1)
    gaps = None if record.whole else _counted(np.asarray(~record.recorded.all(0)))
    for begin in range(0, len(starts), size):
        batch = starts[begin : begin + size]
        at = batch - record.first
        windows = views[at]
        if gaps is not None:
            for i in np.flatnonzero(gaps[at + architecture.window] > gaps[at]):
                _fill(windows[i], known[:, at[i]])
        yield batch, annotator.evaluate(prepared(windows, architecture))


def _fill(window: Numbers, known: npt.NDArray[np.bool_]) -> None:
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
    if annotator.dense is not None and heard.any():
        at = start - record.first
        whole = _bridged(record, int(at[0]), int(at[-1]) + architecture.window)
        values[:, heard] = _densely(annotator.dense, whole, step)[rows][:, heard]
    else:
        for batch, answers in _answers(annotator, record, start[heard]):
            values[:, (batch - start[0]) // step] = answers[:, rows].T
    return Curves(int(start[0]) + architecture.first, step, annotator.phases, values)


def _densely(dense: "Dense", samples: Floats, step: int) -> Floats:
    """Return GPD's probabilities (output, window) of windows that begin at every `step` of the samples."""
    import torch

    record = torch.from_numpy(samples)[None].to(dense.out[0].device)
    said: Floats = dense.probabilities(record, step)[0].cpu().numpy()
    return said


def _heard(record: Record, start: Integers, window: int) -> npt.NDArray[np.bool_]:
    """Return of which windows half or more is recorded, on any component."""
    if record.whole:
        return np.ones(len(start), bool)
    recorded = _counted(np.asarray(record.recorded.any(0)))
    at = start - record.first
    return np.asarray(recorded[at + window] - recorded[at] >= window // 2)


def _counted(true: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Return how many are true before each sample, and in all, (sample + 1,)."""
    numbers = np.zeros(len(true) + 1, np.int32)
    np.cumsum(true, dtype=np.int32, out=numbers[1:])
    return numbers


def _bridged(record: Record, low: int, high: int) -> Floats:
    """Return a record's samples with straight lines across what is not recorded."""
    samples = record.samples[:, low:high].copy()
    for row, seen in zip(samples, record.recorded[:, low:high], strict=True):
        if seen.any() and not seen.all():
            row[~seen] = np.interp(np.flatnonzero(~seen), np.flatnonzero(seen), row[seen])
    return without_mean(samples)


def _windows(architecture: Architecture, first: int, end: int) -> tuple[int, int]:
    """Return the numbers [low, high) of windows that answer for samples [first, end)."""
    step = step_of(architecture)
    begin = architecture.first - architecture.stride // 2 if architecture.frames else architecture.first
    reach = max(architecture.frames, 1) * (architecture.stride if architecture.frames else 1)
    return -((begin + reach - 1 - first) // step), (end - 1 - begin) // step + 1
