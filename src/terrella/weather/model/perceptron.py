"""Perceptrons of one hidden layer with layer norm, and the messages that they pass along edges."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from terrella.nets.perceptron import Form, perceptron
from terrella.nets.perceptron_kernels import Operands
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
        self.lean = False  # whether to keep nothing for the gradient but the operands
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

    def forward(
        self,
        *operands: Tensor,
        noise: Tensor | None = None,
        add: bool = False,
        kept: torch.dtype | None = None,
    ) -> Tensor:
        """Return (batch, row, output) of operands (batch, row, input), with `add` on top of the first one.

        They are `kept` in a precision of their own, or in that of the first operand or of the weights.
        """
        kind = operands[0].dtype if add else kept or self.bias.dtype
        rows, _ = perceptron(
            self.operands(operands, noise),
            Form(add=add, keep=not self.lean, rows_dtype=kind, dtype=self.products),
        )
        return rows

    def operands(
        self,
        dense: Sequence[Tensor],
        noise: Tensor | None,
        nodes: Sequence[Tensor] = (),
        places: Sequence[Tensor] = (),
        receivers: Tensor | None = None,
    ) -> Operands:
        """Return what the layers read; the bias comes with nodes where there are any."""
        scale, offset = self.norm(noise)
        bias = None if nodes else self.bias
        first = [*self.first][: len(dense)]
        return Operands(
            dense, first, nodes, places, bias, self.last.weight, self.last.bias, scale, offset, receivers
        )

    @property
    def products(self) -> torch.dtype:
        """The precision of products: that of autocast, or of the weights."""
        device = self.bias.device.type
        return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else self.bias.dtype

    def norm(self, noise: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """Return scale and offset of the layer norm, (1 or sample, output)."""
        if self.scale is None or self.offset is None:
            return None, None
        scale, offset = self.scale[None], self.offset[None]
        if self.condition is None or noise is None:
            return scale, offset
        more, beside = self.condition(noise).to(scale.dtype).chunk(2, dim=-1)
        return scale + more, offset + beside


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
        _, of_sender, of_receiver = self.edge.first
        nodes = linear(senders, of_sender), linear(receivers, of_receiver, self.edge.bias)
        places = along.senders, along.receivers
        operands = self.edge.operands([edges], noise, nodes, places, along.receivers)
        form = Form(receivers.shape[1], not last, True, not self.edge.lean, edges.dtype, self.edge.products)
        after, sums = perceptron(operands, form)
        return self.node(receivers, sums, noise=noise, add=True), None if last else after


def _drawn(outputs: int, inputs: int, within: int) -> nn.Parameter:
    """Return a matrix of normal numbers of variance one over the width of the layer, cut at two deviations."""
    return nn.Parameter(torch.randn(outputs, inputs).clamp_(-2.0, 2.0).div_(math.sqrt(within)))
