"""PhaseNet: a U-Net along time that names every sample P, S or noise (Zhu & Beroza 2019)."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from terrella.pick.networks.architecture import Architecture

_KERNEL = 7
_STRIDE = 4
_FILTERS = (8, 16, 32, 64, 128)
_EPS = 1e-3


class PhaseNet(nn.Module):
    """The U-Net of Zhu & Beroza (2019), their figure 4: four halvings by 4 and as many returns with skips.

    `narrow` divides the number of its filters.
    """

    def __init__(self, narrow: int = 1) -> None:
        super().__init__()
        filters = tuple(number // narrow for number in _FILTERS)
        self.entry = nn.Conv1d(3, filters[0], _KERNEL, padding="same")
        self.entry_norm = nn.BatchNorm1d(filters[0], eps=_EPS)
        # The first level keeps its filters.
        self.down = nn.ModuleList(_Down(*each) for each in pairwise((filters[0], *filters[:-1])))
        self.bottom = _Smooth(filters[-2], filters[-1])
        self.up = nn.ModuleList(_Up(*each) for each in pairwise(filters[::-1]))
        self.out = nn.Conv1d(filters[0], 3, 1)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, 3, sample) of windows (batch, 3, sample)."""
        x = torch.relu(self.entry_norm(self.entry(windows)))
        skips = []
        for level in self.down:
            skip, x = level(x)
            skips.append(skip)
        x = self.bottom(x)
        for level, skip in zip(self.up, reversed(skips), strict=True):
            x = level(x, skip)
        return self.out(x)


class _Smooth(nn.Module):
    """A convolution that keeps the samples, norm, ReLU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(before, after, _KERNEL, padding="same", bias=False)
        self.norm = nn.BatchNorm1d(after, eps=_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x)))


class _Down(nn.Module):
    """A convolution whose result is kept for the way up, and one that leaves every fourth sample."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.smooth = _Smooth(before, after)
        self.conv = nn.Conv1d(after, after, _KERNEL, _STRIDE, bias=False)
        self.norm = nn.BatchNorm1d(after, eps=_EPS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.smooth(x)
        return x, torch.relu(self.norm(self.conv(F.pad(x, _same_padding(x.shape[-1])))))


class _Up(nn.Module):
    """A transposed convolution that makes four samples of one, and a convolution of it beside the skip."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose1d(before, after, _KERNEL, _STRIDE, bias=False)
        self.norm = nn.BatchNorm1d(after, eps=_EPS)
        self.smooth = _Smooth(2 * after, after)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.conv(x)))[:, :, 1:-2]
        n = skip.shape[-1]
        first = (x.shape[-1] - n) // 2
        return self.smooth(torch.cat([skip, x[:, :, first : first + n]], 1))


def _same_padding(samples: int) -> tuple[int, int]:
    """Return zeros before and after, so that every fourth sample from the first has a result."""
    total = max((math.ceil(samples / _STRIDE) - 1) * _STRIDE + _KERNEL - samples, 0)
    return total // 2, total - total // 2


ARCHITECTURES = (
    Architecture(
        name="phasenet",
        title="PhaseNet",
        reference="PhaseNet",
        make=PhaseNet,
        window=3001,
        outputs=("P", "S", "N"),
        activation="softmax",
        frames=3001,
        normalise_each=True,
        overlap=1500,
        threshold=0.3,
    ),
)
