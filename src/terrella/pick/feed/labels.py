"""Labels of a whole batch from integer picks, in closed form, in the shape of a network's answer."""

from dataclasses import dataclass

import numba
import numpy as np
import torch
from torch import Tensor

from terrella.pick.feed.buffers import Buffers
from terrella.pick.feed.recipes import Recipe
from terrella.pick.feed.windows import MISSING, fill
from terrella.pick.networks.architecture import Architecture

_AFTER_S = 1.4  # a detection lasts until S + 1.4 (S - P): Mousavi et al. (2020)
_FIXED = 2000  # samples that it lasts after P where S was not picked: Münchmeyer et al. (2022)
_REACH = 6  # standard deviations beyond which a Gaussian adds nothing to one in single precision
_FAR = 2**30


@dataclass(frozen=True, eq=False)
class Onsets:
    """Picks of each event in each window, in samples of the window; MISSING where there is none."""

    p: Tensor  # (window, event, pick), int64
    s: Tensor  # (window, event, pick), int64
    fixed: Tensor  # (window, event): whether detections last a fixed time after P


def make_labels(
    architecture: Architecture, recipe: Recipe, onsets: Onsets, buffers: Buffers | None = None
) -> Tensor:
    """Return labels in [0, 1], (window, output, frame), or (window, output) where the window has one answer.

    On a CPU, the memory of curves comes from `buffers`, if any.
    """
    match recipe.labels:
        case "class":
            return _classes(architecture, recipe.margin, onsets)
        case "step":
            return torch.stack([_steps(architecture, onsets, name) for name in architecture.outputs], 1)
        case "curves":
            return _curves(architecture, recipe.sigma, onsets, buffers or Buffers())


def _curves(architecture: Architecture, sigma: float, onsets: Onsets, buffers: Buffers) -> Tensor:
    """Return Gaussians around P and S, noise (what remains to one), and detections."""
    outputs = architecture.outputs
    shape, device = (len(onsets.p), len(outputs), architecture.frames), onsets.p.device
    on_cpu = device.type == "cpu"
    labels = torch.from_numpy(buffers.take(shape)) if on_cpu else torch.empty(shape, device=device)
    p, s, noise = (outputs.index(name) if name in outputs else -1 for name in ("P", "S", "N"))
    if p >= 0:
        draw = _fill_gaussians if on_cpu else _gaussians
        draw(labels, onsets.p.flatten(1), onsets.s.flatten(1), p, s, noise, sigma)
    if "detection" in outputs:
        labels[:, outputs.index("detection")] = _detections(architecture, onsets)
    return labels


def _gaussians(
    labels: Tensor, p: Tensor, s: Tensor, p_row: int, s_row: int, noise_row: int, sigma: float
) -> None:
    """Fill rows of labels; where curves of P and S add up to more than one, they share it."""
    frame = torch.arange(labels.shape[2], device=labels.device)
    curves = [
        torch.exp(-0.5 * ((frame - picks[:, :, None]).abs().clamp(max=_FAR >> 12) / sigma) ** 2).amax(1)
        for picks in (p, s)
    ]
    total = curves[0] + curves[1]
    for row, curve in zip((p_row, s_row), curves, strict=True):
        labels[:, row] = curve / total.clamp(min=1)
    if noise_row >= 0:
        labels[:, noise_row] = (1 - total).clamp(min=0)


def _fill_gaussians(
    labels: Tensor, p: Tensor, s: Tensor, p_row: int, s_row: int, noise_row: int, sigma: float
) -> None:
    """Do what `_gaussians` does on a CPU, touching only the frames around picks."""
    reach = int(_REACH * sigma)
    curve = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    _fill(labels.numpy(), p.numpy(), s.numpy(), p_row, s_row, noise_row, curve)


@numba.njit(cache=True, parallel=True)
def _fill(labels, p, s, p_row, s_row, noise_row, curve):
    frames = labels.shape[2]
    for i in numba.prange(len(labels)):
        own = labels[i]
        fill(own[p_row], np.float32(0))
        fill(own[s_row], np.float32(0))
        if noise_row >= 0:
            fill(own[noise_row], np.float32(1))
        for row, picks in ((p_row, p[i]), (s_row, s[i])):
            for pick in picks:
                first, last, skipped = _reached(pick, len(curve), frames)
                inside, rising = own[row, first:last], curve[skipped:]
                for j in range(len(inside)):
                    inside[j] = max(inside[j], rising[j])
        for picks in (p[i], s[i]):
            for pick in picks:
                # Frames that two picks reach are done twice, to the same values.
                first, last, _ = _reached(pick, len(curve), frames)
                _share(own[p_row, first:last], own[s_row, first:last])
                if noise_row >= 0:
                    rest, one, other = (
                        own[noise_row, first:last],
                        own[p_row, first:last],
                        own[s_row, first:last],
                    )
                    for j in range(len(rest)):
                        rest[j] = max(np.float32(1) - (one[j] + other[j]), np.float32(0))


@numba.njit(cache=True, inline="always")
def _reached(pick, width, frames):
    """Return the frames [first, last) that a curve around a pick reaches, and how much of the curve lies before."""
    start = pick - width // 2
    first = min(max(start, 0), frames)
    return first, max(min(start + width, frames), first), first - start


@numba.njit(cache=True, inline="always")
def _share(one, other):
    """Lower curves that add up to more than one to one."""
    for j in range(len(one)):
        total = max(one[j] + other[j], np.float32(1))
        one[j] /= total
        other[j] /= total


def _detections(architecture: Architecture, onsets: Onsets) -> Tensor:
    """Return the share of each frame in which an event is on: from P to S + 1.4 (S - P), (window, frame)."""
    p, s = _first(onsets.p), _first(onsets.s)
    # Truncated, as the study does.
    end = torch.where(onsets.fixed, p + _FIXED, (s + _AFTER_S * (s - p)).long())
    known = (p < _FAR) & (onsets.fixed | ((s < _FAR) & (s >= p)))
    start, end = torch.where(known, p, 0), torch.where(known, end, 0)
    stride, frames = architecture.stride, architecture.frames
    begin = architecture.first - stride // 2 + stride * torch.arange(frames, device=p.device)

    def covered(start: Tensor, end: Tensor) -> Tensor:
        last = torch.minimum(end.clamp(max=architecture.window)[:, None], begin + stride)
        return (last - torch.maximum(start.clamp(min=0)[:, None], begin)).clamp(min=0)

    total = covered(start[:, 0], end[:, 0])
    for event in range(1, start.shape[1]):
        both = covered(torch.maximum(start[:, 0], start[:, event]), torch.minimum(end[:, 0], end[:, event]))
        total = total + covered(start[:, event], end[:, event]) - both
    return total / stride


def _first(picks: Tensor) -> Tensor:
    """Return the first pick of each event, far away where there is none, (window, event)."""
    return torch.where(picks == MISSING, _FAR, picks).amin(-1)


def _steps(architecture: Architecture, onsets: Onsets, name: str) -> Tensor:
    """Return zero before the first pick of a phase and one from it on, (window, frame)."""
    picks = _first(onsets.p if name == "P" else onsets.s).amin(1)
    frame = architecture.first + architecture.stride * torch.arange(architecture.frames, device=picks.device)
    return (frame >= picks[:, None]).float()


def _classes(architecture: Architecture, margin: int, onsets: Onsets) -> Tensor:
    """Return one for the phase whose pick lies nearest to the window's answer, or for noise, (window, output)."""

    def distance(picks: Tensor) -> Tensor:
        inside = (picks >= margin) & (picks < architecture.window - margin)
        return torch.where(inside, (picks - architecture.first).abs(), _FAR).flatten(1).amin(1)

    p, s = distance(onsets.p), distance(onsets.s)
    noise = torch.minimum(p, s) == _FAR
    found = {"N": noise, "P": ~noise & (p <= s), "S": ~noise & (s < p)}
    return torch.stack([found[name] for name in architecture.outputs], 1).float()
