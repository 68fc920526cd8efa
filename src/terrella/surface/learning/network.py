"""Two U-Nets: the mean of what a classical surface lacks, and samples about it by diffusion."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from terrella.nets.unet import UNet
from terrella.surface.settings import SurfaceSettings

_LARGEST, _SMALLEST, _BEND = 8.0, 0.03, 5.0  # noise levels of a sample's path, and how they are spaced
_LOG_MEAN, _LOG_DEVIATION = -0.6, 1.1  # of the noise levels in training


@dataclass(frozen=True, eq=False)
class Condition:
    """What is known of windows: shape and mask (window, 2, row, column), and whether block means are (window,)."""

    seen: Tensor
    refined: Tensor

    def kept_to(self, field: Tensor, factor: int) -> Tensor:
        """Return fields (window, 1, row, column) that change nothing outside gaps, nor block means."""
        means = nn.functional.avg_pool2d(field, factor)
        repeated = means.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
        return field * self.seen[:, 1:2] - repeated * self.refined[:, None, None, None]


class SurfaceNetwork(nn.Module):
    """Mean and samples of the truth less a classical surface, in units of the roughness times a ratio by kind.

    The mean is a regression's; the samples are a diffusion's about it (as Mardani et al. 2025 do with weather),
    preconditioned as by Karras et al. (2022). Before any training the mean is zero: the classical surface.
    """

    def __init__(self, factor: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.factor = factor
        self.regression, self.denoiser = UNet(2, 1, widths), UNet(5, 1, widths)
        for head in (self.regression.head, self.denoiser.head):
            nn.init.zeros_(head.weight)  # type: ignore[arg-type]
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]
        for weight in self.parameters():  # as is fastest for convolutions
            if weight.ndim == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)

    def mean(self, given: Condition) -> Tensor:
        """Return the mean (window, 1, row, column)."""
        return given.kept_to(self.regression(given.seen), self.factor)

    def denoised(self, noisy: Tensor, level: Tensor, given: Condition, mean: Tensor) -> Tensor:
        """Return the expected deviation from the mean, given one with noise of a level (window,); Karras's (7)."""
        sigma = level[:, None, None, None]
        root = torch.sqrt(sigma**2 + 1)
        told = (sigma.log() / 4).expand_as(noisy)
        found = self.denoiser(torch.cat([noisy / root, told, mean, given.seen], 1))
        return given.kept_to(noisy / root**2 + sigma / root * found, self.factor)

    def forward(self, given: Condition, truth: Tensor, noise: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Return errors of the mean, and of the first windows' denoised deviation, weighted as by Karras.

        A mean takes more windows to learn than a diffusion about it.
        """
        mean = self.mean(given)
        few = slice(0, -(-len(truth) // 4))
        about, known = mean[few].detach(), Condition(given.seen[few], given.refined[few])
        deviation, sigma = truth[few] - about, level[few, None, None, None]
        noisy = deviation + sigma * known.kept_to(noise[few], self.factor)
        off = self.denoised(noisy, level[few], known, about) - deviation
        return mean - truth, off * torch.sqrt(sigma**2 + 1) / sigma

    @torch.no_grad()
    def samples(self, given: Condition, mean: Tensor, steps: int, noise: Tensor) -> Tensor:
        """Return one sample about the mean from noise (window, 1, row, column); Karras's algorithm 1."""
        levels = noise_levels(steps)
        at = levels[0] * given.kept_to(noise, self.factor)
        for now, later in pairwise(levels):
            slope = (at - self._at(at, now, given, mean)) / now
            ahead = at + (later - now) * slope
            if later > 0:
                there = (ahead - self._at(ahead, later, given, mean)) / later
                ahead = at + (later - now) * (slope + there) / 2
            at = ahead
        return mean + at

    def _at(self, noisy: Tensor, level: float, given: Condition, mean: Tensor) -> Tensor:
        return self.denoised(noisy, noisy.new_full((len(noisy),), level), given, mean)


def noise_levels(steps: int) -> list[float]:
    """Return falling noise levels, the last one zero; Karras's (5)."""
    high, low = (each ** (1 / _BEND) for each in (_LARGEST, _SMALLEST))
    return [(high + k / (steps - 1) * (low - high)) ** _BEND for k in range(steps)] + [0.0]


def drawn_level(normal: float) -> float:
    """Return a noise level of the training from a normal number."""
    return math.exp(_LOG_MEAN + _LOG_DEVIATION * normal)


def network_for(settings: SurfaceSettings) -> SurfaceNetwork:
    """Return a network before its training."""
    return SurfaceNetwork(settings.data.factor, settings.network.widths)
