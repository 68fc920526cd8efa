"""A network as a picker: its input around each window, and its probabilities reduced to answers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from terrella.pick.feed.windows import Picks, Traces, cut
from terrella.pick.networks.architecture import Architecture
from terrella.pick.networks.dense_gpd import STEP, Dense
from terrella.pick.networks.gpd import GPD
from terrella.pick.picker import Answers, Samples, Windows
from terrella.pick.store import Store

# Inputs of a network at once: more would not stay in the cache.
_AT_ONCE_SAMPLES = 200_000
_SLIDES = 10  # inputs of a detector that overlap at any sample
_AGAIN = 8  # of each output, the highest peaks of a scan that are evaluated on their own
_SMALLEST = 1e-30  # probability that has a logarithm


@dataclass(frozen=True, eq=False)
class Network:
    """A module with the architecture that says what it takes and gives."""

    module: nn.Module
    architecture: Architecture

    @property
    def one_phase(self) -> bool:
        """Whether it knows onsets of one phase, and nothing else."""
        return set(self.architecture.outputs) <= {"P", "S"}

    @cached_property
    def dense(self) -> Dense | None:
        """For GPD: its evaluation at many samples at once."""
        return Dense(self.module, self.architecture) if isinstance(self.module, GPD) else None


@dataclass(frozen=True, eq=False)
class NetworkPicker:
    """One network, or DPP's three, asked as in Münchmeyer et al. (2022).

    The network sees the trace around a window too, up to its own input's length, and the answers come from its
    probabilities inside the window: detection is the largest probability that it is not noise, or of a detection;
    `p_over_s` is the logarithm of the largest probability of P over that of S; onsets are where a phase is most
    likely. A network that knows one phase alone answers as DPP's pickers do: the first sample above its
    threshold, else the window's middle; and only for windows that its input holds.
    """

    networks: tuple[Network, ...]
    name: str
    device: str = "cpu"

    def answer(self, store: Store, windows: Windows) -> Answers:
        """Return the answers for all windows, NaN for what none of the networks tells."""
        found = Answers(*(np.full(len(windows), np.nan, np.float32) for _ in range(4)))
        with torch.inference_mode():
            # Pickers of one phase answer after a detector that knows phases too: their onsets are the finer.
            for network in sorted(self.networks, key=lambda each: each.one_phase):
                network.module.eval().to(self.device)
                for of, seen in _looks(network, store, windows, self.device, self._stride(network)):
                    for question, value in _reduced(network.architecture, seen).items():
                        getattr(found, question)[of] = value
        return found

    def _stride(self, network: Network) -> int:
        """Return the samples from one slid input to the next."""
        if network.dense is not None:
            return STEP
        if len(self.networks) > 1:
            # The onsets come from other networks.
            return network.architecture.window // _SLIDES
        return network.architecture.stride


def network_picker(
    module: nn.Module, architecture: Architecture, name: str = "", device: str = "cpu"
) -> NetworkPicker:
    """Return one network as a picker, by default under its architecture's title."""
    return NetworkPicker((Network(module, architecture),), name or architecture.title, device)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a network says around a batch of windows."""

    probabilities: Tensor  # (window, output, frame)
    first: Samples  # (window,) sample of the trace at which frame 0 lies
    stride: int  # samples from frame to frame
    start: Samples  # (window,) of the windows
    end: Samples


def _looks(
    network: Network, store: Store, windows: Windows, device: str, slide: int
) -> Iterator[tuple[npt.NDArray[np.int64], _Seen]]:
    """Yield indices of windows, and what the network says around them."""
    architecture, length = network.architecture, windows.end - windows.start
    slid, traces = architecture.frames == 0, _traces(store)
    for each in np.unique(length[length <= architecture.window] if network.one_phase else length):
        of = np.flatnonzero(length == each)
        inputs = -(-int(each) // slide) if slid else 1
        step = max(1, _AT_ONCE_SAMPLES // (architecture.window * inputs))
        for at in range(0, len(of), step):
            part = of[at : at + step]
            some = Windows(windows.trace[part], windows.start[part], windows.end[part])
            if slid:
                yield part, _look_slid(network, traces, some, device, slide)
            else:
                yield part, _look_framed(network, traces, some, device)


def _look_framed(network: Network, traces: Traces, windows: Windows, device: str) -> _Seen:
    """Look at equally long windows from the middle of as many overlapping inputs as they need."""
    architecture, length = network.architecture, int(windows.end[0] - windows.start[0])
    frames, stride, window = architecture.frames, architecture.stride, architecture.window
    # Of the frames that neighbouring inputs share, each gives the half that is nearer to its middle.
    shared = frames // 6 * 2
    apart = (frames - shared) * stride
    number = 1 + max(0, -(-(length - window) // apart))
    whole = window + (number - 1) * apart
    begin = np.minimum(windows.start - (whole - length) // 2, traces.length[windows.trace] - whole)
    begin = np.maximum(begin, 0)
    starts = (begin[:, None] + np.arange(number) * apart).reshape(-1)
    trace = np.repeat(windows.trace, number)
    inputs = cut(traces, trace, starts, architecture, prepared=True)
    said = _probabilities(network, inputs, device).unflatten(0, (len(begin), number))
    parts = []
    for i in range(number):
        low = 0 if i == 0 else shared // 2
        high = frames if i == number - 1 else frames - shared // 2
        parts.append(said[:, i, :, low:high])
    first = begin + architecture.first
    return _Seen(torch.cat(parts, -1), first, stride, windows.start, windows.end)


def _look_slid(network: Network, traces: Traces, windows: Windows, device: str, stride: int) -> _Seen:
    """Look at equally long windows with an input around every `stride` samples."""
    architecture, length = network.architecture, int(windows.end[0] - windows.start[0])
    window = architecture.window
    number = -(-length // stride)
    first = windows.start + stride // 2
    begin = first - architecture.first
    # Inputs that reach over the trace's end would see a step there; a trace shorter than one has no other.
    start = np.maximum(windows.start, architecture.first)
    end = np.minimum(windows.end, traces.length[windows.trace] - window + architecture.first + 1)
    short = start >= end
    start, end = np.where(short, windows.start, start), np.where(short, windows.end, end)
    if network.dense is None:
        starts = (begin[:, None] + np.arange(number) * stride).reshape(-1)
        inputs = cut(traces, np.repeat(windows.trace, number), starts, architecture, prepared=True)
        said = _probabilities(network, inputs, device).unflatten(0, (len(first), number)).transpose(1, 2)
        return _Seen(said, first, stride, start, end)
    whole = replace(architecture, window=window + (number - 1) * stride)
    record = torch.from_numpy(cut(traces, windows.trace, begin, whole)).to(device)
    scanned = _Seen(network.dense.scan(record, stride).cpu(), first, stride, start, end)
    return _looked_again(network, scanned, traces, windows.trace, device)


def _looked_again(network: Network, scanned: _Seen, traces: Traces, trace: Samples, device: str) -> _Seen:
    """Return the network's own probabilities where a scan finds peaks; elsewhere is no answer to any question."""
    architecture, inside = network.architecture, _inside(scanned)
    noise = architecture.outputs.index("N")
    likely = scanned.probabilities.clone()
    likely[:, noise] = 1 - likely[:, noise]
    likely = torch.where(inside.unsqueeze(1), likely, -torch.inf)
    # Neighbours of a peak would tell of it again, and not of another that the scan finds a little lower.
    peaks = likely == F.max_pool1d(likely, 3, 1, 1)
    frames = (
        torch.where(peaks, likely, likely - 1).topk(min(_AGAIN, likely.shape[-1]), -1).indices.flatten(1)
    )  # (window, output and rank)
    starts = scanned.first[:, None] - architecture.first + frames.numpy() * scanned.stride
    inputs = cut(traces, np.repeat(trace, frames.shape[1]), starts.reshape(-1), architecture, prepared=True)
    exact = _probabilities(network, inputs, device).unflatten(0, frames.shape).transpose(1, 2)
    said = torch.full_like(likely, -torch.inf)
    said[:, noise] = 1.0
    said.scatter_(-1, frames.unsqueeze(1).expand_as(exact), exact)
    return replace(scanned, probabilities=said)


def _probabilities(network: Network, inputs: npt.NDArray[np.float32], device: str) -> Tensor:
    step = max(1, _AT_ONCE_SAMPLES // network.architecture.window)
    found = [
        network.architecture.probabilities(
            network.module(torch.from_numpy(inputs[at : at + step]).to(device))
        )
        for at in range(0, len(inputs), step)
    ]
    return torch.cat(found).float().cpu()


def _reduced(architecture: Architecture, seen: _Seen) -> dict[str, npt.NDArray[np.float32]]:
    """Return the answers that the probabilities give."""
    inside = _inside(seen)
    said = {
        name: torch.where(inside, seen.probabilities[:, i], -torch.inf)
        for i, name in enumerate(architecture.outputs)
    }
    found: dict[str, npt.NDArray[np.float32]] = {}
    if "detection" in said:
        found["detection"] = said["detection"].amax(-1).numpy()
    elif "N" in said:
        found["detection"] = torch.where(inside, 1 - said["N"], -torch.inf).amax(-1).numpy()
    if {"P", "S"} <= said.keys():
        p, s = (said[name].amax(-1).clamp(min=_SMALLEST).log() for name in "PS")
        found["p_over_s"] = (p - s).numpy()
    alone = {"P", "S"} >= said.keys()
    for name in said.keys() & {"P", "S"}:
        frame = _first_above(said[name], inside, architecture.threshold) if alone else said[name].argmax(-1)
        sample = seen.first + frame.numpy() * seen.stride
        found[f"{name.lower()}_sample"] = sample.clip(seen.start, seen.end - 1).astype(np.float32)
    return found


def _inside(seen: _Seen) -> Tensor:
    """Return which frames stand for samples of the window, (window, frame); those at its ends may do so in part."""
    low = seen.first[:, None] - seen.stride // 2 + np.arange(seen.probabilities.shape[-1]) * seen.stride
    return torch.from_numpy((low + seen.stride > seen.start[:, None]) & (low < seen.end[:, None]))


def _first_above(said: Tensor, inside: Tensor, threshold: float) -> Tensor:
    """Return the first frame above the threshold, (window,), or the middle of those inside."""
    above = said > threshold
    middle = inside.int().argmax(-1) + inside.sum(-1) // 2
    return torch.where(above.any(-1), above.int().argmax(-1), middle)


def _traces(store: Store) -> Traces:
    """Return all traces of a store as the feed cuts them; their picks are not looked at."""
    none: Picks = np.full((len(store), 1), -1, np.int32)
    zeros = np.zeros(len(store), np.int64)
    return Traces((store,), zeros, store.offset, store.length, none, none, zeros.astype(bool))
