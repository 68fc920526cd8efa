"""Perceptrons of one hidden layer with layer norm, and the messages that they pass along edges."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear, silu

from terrella.weather.model.placed import PlacedEdges


class Perceptron(nn.Module):
    """One hidden layer with swish, and a layer norm, perhaps conditioned on noise.

    The first layer has a matrix for each operand, as if they were concatenated: products of nodes are made once for
    each node instead of once for each edge.
    """

    def __init__(
        self, operands: Sequence[int], hidden: int, outputs: int, noise: int, norm: bool = True
    ) -> None:
        super().__init__()
        within = sum(operands)
        self.first = nn.ParameterList(_drawn(hidden, each, within) for each in operands)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.last = nn.Linear(hidden, outputs)
        with torch.no_grad():
            self.last.weight.copy_(_drawn(outputs, hidden, hidden))
            self.last.bias.zero_()
        self.scale = nn.Parameter(torch.ones(outputs)) if norm else None
        self.offset = nn.Parameter(torch.zeros(outputs)) if norm else None
        self.condition = nn.Linear(noise, 2 * outputs, bias=False) if noise else None
        if self.condition is not None:
            nn.init.zeros_(self.condition.weight)

    def forward(self, *operands: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return (batch, row, output) of operands (batch, row, input)."""
        hidden = self.bias + sum(linear(x, weight) for x, weight in zip(operands, self.first, strict=True))
        return self.finished(hidden, noise)

    def finished(self, hidden: Tensor, noise: Tensor | None) -> Tensor:
        """Return the outputs of a hidden layer before its swish."""
        out: Tensor = self.last(silu(hidden))
        if self.scale is None or self.offset is None:
            return out
        normal = layer_norm(out, out.shape[-1:])
        scale, offset = self.norm(noise)
        return normal * scale + offset

    def norm(self, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return scale and offset of the layer norm, (output) or with noise (batch, 1, output)."""
        assert self.scale is not None
        assert self.offset is not None
        if self.condition is None or noise is None:
            return self.scale, self.offset
        scale, offset = self.condition(noise)[:, None].chunk(2, dim=-1)
        return self.scale + scale, self.offset + offset


class Messages(nn.Module):
    """One round of messages: edges see their ends, receivers the sum of their edges (Battaglia et al. 2016)."""

    def __init__(self, latent: int, noise: int) -> None:
        super().__init__()
        self.edge = Perceptron((latent, latent, latent), latent, latent, noise)  # edge, sender, receiver
        self.node = Perceptron((latent, latent), latent, latent, noise)  # receiver, sum

    def forward(
        self,
        along: PlacedEdges,
        edges: Tensor,
        senders: Tensor,
        receivers: Tensor,
        noise: Tensor | None,
        last: bool,
    ) -> tuple[Tensor, Tensor | None]:
        """Return receivers and edges afterwards, (batch, node or edge, latent); the `last` time no edges."""
        of_edge, of_sender, of_receiver = self.edge.first
        hidden = linear(edges, of_edge)
        hidden = hidden + linear(senders, of_sender)[:, along.senders]
        hidden = hidden + linear(receivers, of_receiver, self.edge.bias)[:, along.receivers]
        message = self.edge.finished(hidden, noise)
        sums = torch.zeros_like(receivers).index_add(1, along.receivers, message.to(receivers.dtype))
        after = receivers + self.node(receivers, sums, noise=noise)
        return after, None if last else edges + message


def _drawn(outputs: int, inputs: int, within: int) -> nn.Parameter:
    """Return a matrix of normal numbers of variance one over the width of the layer, cut at two deviations."""
    weight = torch.empty(outputs, inputs)
    return nn.Parameter(nn.init.trunc_normal_(weight, std=1.0, a=-2.0, b=2.0).mul_(1 / math.sqrt(within)))
