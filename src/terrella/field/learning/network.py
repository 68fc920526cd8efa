"""The learned acceleration of the secular variation, with its uncertainty, for all folds at once."""

import math

import torch
from torch import Tensor, nn

from terrella.field.learning.pairs import INPUTS
from terrella.field.secular_variation.rotation import AXES
from terrella.field.settings import FieldSettings

# Deviations before any data: the turn about the Earth's axis and about others, in 0.005 rad/yr; the outputs of the
# perceptron's last layer, in units of SCALE_NT.
_AXIAL, _OTHERS, _OUT = 1.0, 0.3, 0.1
SCALE_NT = 40.0  # the usual error five years ahead
ALIKE = 30.0  # pairs that tell as much as one: neighbours and successive years err alike


class FieldNetwork(nn.Module):
    """Change of B_r, B_θ, B_φ beyond the filtered secular variation, and the logarithm of its deviation.

    A steady rotation at the core's top carries the secular variation along (how fast is learned); a perceptron
    adds what it finds in place and rates, and how uncertain the sum is. Members have the same shape and learn
    side by side.
    """

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__()
        self.turn = nn.Parameter(torch.zeros(members, AXES))
        self.first = nn.Parameter(torch.randn(1, inputs, hidden).repeat(members, 1, 1) / math.sqrt(inputs))
        self.first_shift = nn.Parameter(torch.randn(1, 1, hidden).repeat(members, 1, 1) / 2)
        self.out = nn.Parameter(torch.zeros(members, hidden, 6))
        self.deviation = nn.Parameter(torch.zeros(members, 1, 3))

    def forward(self, inputs: Tensor, turned: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log deviations in nT, (member, pair, 3) each; `turned` is (pair, 3, axis)."""
        found = torch.tanh(inputs @ self.first + self.first_shift) @ self.out
        carried = torch.einsum("pca,ma->mpc", turned, self.turn)
        return carried + SCALE_NT * found[..., :3], math.log(SCALE_NT) + self.deviation + found[..., 3:]

    def penalty(self, stiffness: float) -> Tensor:
        """Return minus the log prior of all members."""
        prior = torch.full_like(self.turn[0], _OTHERS)
        prior[0] = _AXIAL
        of_turn = (self.turn / prior).square().sum()
        of_out = self.out.square().sum() * self.out.shape[1] / _OUT**2
        return 0.5 * (
            of_turn + stiffness * (of_out + self.first.square().sum()) + self.deviation.square().sum()
        )


def members_of(settings: FieldSettings) -> int:
    """Return the number of members, the whole one among them."""
    return settings.data.regions * (settings.data.blocks + 1) + 1


def network_for(settings: FieldSettings) -> FieldNetwork:
    """Return a network before its training."""
    return FieldNetwork(members_of(settings), len(INPUTS), settings.network.hidden)
