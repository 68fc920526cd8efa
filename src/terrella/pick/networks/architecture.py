"""What a network takes and gives, so that feeding, judging and running need to know no network by name."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from terrella.errors import InputError

# What picks records with a network that was prepared for ONNX Runtime has no need of torch.
if TYPE_CHECKING:
    from torch import Tensor, nn

# Below this share of its largest sample, what remains of a component without its mean is rounding, no signal.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Architecture:
    """A picking network: its input, its output and how to make one.

    The module maps windows (batch, component, sample), `prepared`, to logits: (batch, output, frame), a frame every
    `stride` samples, or (batch, output) where `frames` is 0 and the whole window gets one answer, valid at sample
    `first`. What overlapping windows answer on continuous data is put together by `blind`, `overlap` and `stack`.
    """

    name: str  # phasenet
    title: str  # PhaseNet
    reference: str  # key in `references`
    make: "Callable[[], nn.Module]"
    window: int  # samples that it takes
    outputs: tuple[str, ...]  # names in order: P, S, N (noise), detection
    activation: Literal["softmax", "sigmoid"]
    frames: int  # of the output; 0: one answer for the whole window
    stride: int = 1  # samples per frame
    first: int = 0  # sample of the window at which frame 0 lies
    components: tuple[str, ...] = ("Z", "N", "E")
    normalise: Literal["std", "peak"] = "peak"  # after the mean is removed
    normalise_each: bool = False  # every component by its own, or all by one value over all of them
    taper: int = 0  # samples of a cosine taper at both ends of the window
    rate_hz: float = 100.0
    blind: int = 0  # frames at both ends of a window whose answers are not used
    overlap: int = 0  # samples that windows on continuous data share
    stack: Literal["mean", "max"] = "mean"  # of the answers of overlapping windows
    threshold: float = 0.3  # of a pick's probability
    detection_threshold: float = 0.5

    def prepared(self, windows: "Tensor") -> "Tensor":
        """Return windows (batch, component, sample) as the module takes them: mean removed, normalised, tapered.

        A component that is constant, dead or clipped throughout, becomes zero.
        """
        import torch

        windows = without_mean(windows)
        axes = (-1,) if self.normalise_each else (-2, -1)
        if self.normalise == "std":
            scale = windows.std(axes, keepdim=True)
        else:
            scale = windows.abs().amax(axes, keepdim=True)
        windows = windows / torch.where(scale > 0, scale, 1)
        if self.taper:
            rise = torch.arange(self.taper, dtype=windows.dtype, device=windows.device) / (self.taper - 1)
            rise = (1 - torch.cos(torch.pi * rise)) / 2
            flat = windows.new_ones(windows.shape[-1] - 2 * self.taper)
            windows = windows * torch.cat((rise, flat, rise.flip(0)))
        return windows

    def probabilities(self, logits: "Tensor") -> "Tensor":
        """Return probabilities of the module's logits."""
        import torch

        return torch.softmax(logits, 1) if self.activation == "softmax" else torch.sigmoid(logits)


def refuse_odd_numbers(architecture: Architecture, where: str) -> None:
    """Refuse numbers with which no record could be picked; `where` says in the error whose they are.

    Raises:
        InputError: naming the first.
    """
    window = architecture.window
    ranges = {
        "window": (1, math.inf), "frames": (0, window), "stride": (1, window), "first": (0, window - 1),
        "taper": (0, window // 2), "rate_hz": (1e-3, 1e6), "blind": (0, window // 2), "overlap": (0, window - 1),
        "threshold": (0, 1), "detection_threshold": (0, 1),
    }  # fmt: skip
    for name, (low, high) in ranges.items():
        if not low <= (value := getattr(architecture, name)) <= high:
            raise InputError(f"{where}: {name} is {value}; {low:g} to {high:g} was expected")


def without_mean(windows: "Tensor") -> "Tensor":
    """Return windows (..., sample) without their means; a constant one, on whatever offset, becomes zero."""
    largest = windows.abs().amax(-1, keepdim=True)
    windows = windows - windows.mean(-1, keepdim=True)
    return windows * (windows.abs().amax(-1, keepdim=True) > ROUNDING * largest)
