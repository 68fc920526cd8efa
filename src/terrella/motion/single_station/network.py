"""The encoder of a window, fused with scalars: magnitude and distance with their standard deviations."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

HEADS = 4  # times that attention looks at
OUTPUTS = 4  # magnitude, log₁₀ distance, and ln of their deviations
_WIDENING = (1, 2, 2)  # channels of the layers, in units of the first one's
_KERNEL, _STRIDE = 7, 4
_DROPPED = 0.2  # share of what goes into each layer of the perceptron, in training


class StationNetwork(nn.Module):
    """Magnitude, log₁₀ of distance and ln of their deviations, all scaled, from a window and scalars.

    Strided convolutions make frames; attention picks some of them, and what it found goes with the mean times of
    where it looked (so that a time from P to S is a number of its own) and with the scalars to a perceptron. A
    regression on the scalars stands beside, where the training starts. All members have the same shape and learn
    side by side, each from its own traces.
    """

    def __init__(self, members: int, samples: int, scalars: int, channels: int) -> None:
        super().__init__()
        self.members, self.samples, self.channels = members, samples, channels
        widths = [3, *(channels * wide for wide in _WIDENING)]
        layers: list[nn.Module] = []
        frames = samples
        for number, (before, after) in enumerate(pairwise(widths)):
            shared = number == 0  # all members see the same window
            stride = _STRIDE if number < 2 else 2
            layers += [
                nn.Conv1d(
                    before if shared else members * before, members * after, _KERNEL, stride, _KERNEL // 2,
                    groups=1 if shared else members,
                ),
                nn.GroupNorm(members, members * after),
                nn.SiLU(),
            ]  # fmt: skip
            frames = (frames - 1) // stride + 1
        self.convolutions = nn.Sequential(*layers)
        self.attention = nn.Conv1d(members * widths[-1], members * HEADS, 1, groups=members)
        self.register_buffer("time", torch.linspace(0, 1, frames), persistent=False)
        joined = HEADS * (widths[-1] + 2) + scalars
        hidden = 4 * channels
        self.first = nn.Parameter(torch.randn(members, joined, hidden) / math.sqrt(joined))
        self.first_shift = nn.Parameter(torch.zeros(members, 1, hidden))
        self.second = nn.Parameter(torch.randn(members, hidden, hidden) / math.sqrt(hidden))
        self.second_shift = nn.Parameter(torch.zeros(members, 1, hidden))
        self.out = nn.Parameter(torch.zeros(members, hidden, OUTPUTS))
        self.slope = nn.Parameter(torch.zeros(members, scalars, OUTPUTS))
        self.shift = nn.Parameter(torch.zeros(members, 1, OUTPUTS))

    def forward(self, window: Tensor, scalars: Tensor) -> Tensor:
        """Return the four outputs (member, trace, 4) of windows (trace, 3, sample) and scalars (trace, scalar)."""
        frames = self.convolutions(_mirrored(window) if self.training else window)
        n, _, t = frames.shape
        weight = self.attention(frames).view(n, self.members, HEADS, t).softmax(-1)
        found = weight @ frames.view(n, self.members, -1, t).transpose(2, 3)
        when = (weight * self.time).sum(-1)
        times = torch.cat([when, torch.log(when + 0.02)], -1)
        known = scalars[:, None].expand(-1, self.members, -1)
        x = self._thinned(torch.cat([found.flatten(2), times, known], -1).transpose(0, 1))
        hidden = self._thinned(nn.functional.silu(x @ self.first + self.first_shift))
        hidden = self._thinned(nn.functional.silu(hidden @ self.second + self.second_shift))
        return hidden @ self.out + scalars @ self.slope + self.shift

    def _thinned(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, _DROPPED, self.training)


def last_member(network: StationNetwork) -> StationNetwork:
    """Return the last member alone: every tensor has its members one after another."""
    samples, scalars = network.samples, network.slope.shape[1]
    alone = StationNetwork(1, samples, scalars, network.channels)
    state = {name: each[-(len(each) // network.members) :] for name, each in network.state_dict().items()}
    alone.load_state_dict(state)
    return alone.eval()


def _mirrored(window: Tensor) -> Tensor:
    """Return windows with components mirrored and horizontals exchanged at random: as good as those recorded."""
    signs = 1 - 2 * torch.randint(0, 2, (len(window), 3, 1), device=window.device)
    exchanged = torch.rand(len(window), 1, 1, device=window.device) < 0.5
    return signs * torch.where(exchanged, window[:, [0, 2, 1]], window)
