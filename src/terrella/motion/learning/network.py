"""The learned residual of a published model, with terms of events and stations, for all folds at once."""

import math

import torch
from torch import Tensor, nn

PATH = 3  # inputs of magnitude and distance: those that the perceptron sees
SHIFT = 0.3  # deviation of the shift before any data, in nats
_PRIORS = {
    "shift": 1.0,
    "slope": 0.3,
    "site": 0.03,
    "out": 0.3,
}  # deviations of what is learned before it has seen data, in nats


class MotionNetwork(nn.Module):
    """Residuals (member, record, measure) of a published model's ln motion.

    A smooth part of magnitude, distance and site (slopes and a perceptron), a shift, a drift with the years, and
    terms of events and stations, which take up what none of these should learn. All members have the same shape and
    learn side by side, each from its own records.
    """

    def __init__(
        self, members: int, inputs: int, nodes: int, hidden: int, measures: int, events: int, stations: int
    ) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(members, 1, measures))
        self.slope = nn.Parameter(torch.zeros(members, inputs, measures))
        self.first = nn.Parameter(torch.randn(1, PATH, hidden).repeat(members, 1, 1) / math.sqrt(PATH))
        self.first_shift = nn.Parameter(torch.randn(1, 1, hidden).repeat(members, 1, 1) / 2)
        self.second = nn.Parameter(torch.randn(1, hidden, hidden).repeat(members, 1, 1) / math.sqrt(hidden))
        self.out = nn.Parameter(torch.zeros(members, hidden, measures))
        self.drift = nn.Parameter(torch.zeros(members, nodes, measures))
        self.event = nn.Parameter(torch.zeros(members, events, measures))
        self.station = nn.Parameter(torch.zeros(members, stations, measures))

    def forward(self, x: Tensor, z: Tensor, gate: Tensor) -> Tensor:
        """Return the fixed part of the residual, (member, record, measure).

        `x` (record, input) are scaled inputs, `z` (record, node) the bells of the year, `gate` (member,
        record, 1) which share of the smooth part counts.
        """
        return self.shift + z @ self.drift + gate * self.smooth(x)

    def smooth(self, x: Tensor) -> Tensor:
        """Return the part that depends on magnitude, distance and site alone, (member, record, measure)."""
        hidden = torch.tanh(x[:, :PATH] @ self.first + self.first_shift)
        return x @ self.slope + torch.tanh(hidden @ self.second) @ self.out

    def slope_priors(self) -> Tensor:
        """Return the deviation of each slope before any data, (input,)."""
        path = torch.arange(self.slope.shape[1]) < PATH
        return torch.where(path, _PRIORS["slope"], _PRIORS["site"])

    def penalty(self, stiffness: float) -> Tensor:
        """Return minus the log prior of all members, but of the terms of events and stations."""
        out = self.out.square().sum() * self.out.shape[1] / _PRIORS["out"] ** 2
        weights = self.first.square().sum() + self.second.square().sum()
        priors = self.slope_priors().to(self.slope.device)
        of_slope = (self.slope / priors[:, None]).square().sum()
        of_shift = self.shift.square().sum() / SHIFT**2
        return 0.5 * (of_shift + stiffness * (of_slope + out + weights + self.drift.square().sum()))
