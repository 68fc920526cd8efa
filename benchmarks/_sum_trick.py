"""The concatenation trick in its plain form, for `weather_step.py`: PhysicsNeMo's GraphCastNet in torch.

Written from its description: the edge perceptron's first layer is split by operand, products of nodes are made
before they are gathered, and everything else is left to torch's autograd.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from terrella.weather.mesh.graph import Edges, Graph


def perceptron(inputs: int, outputs: int, latent: int, norm: bool = True) -> nn.Sequential:
    layers = [nn.Linear(inputs, latent), nn.SiLU(), nn.Linear(latent, outputs)]
    return nn.Sequential(*layers, *([nn.LayerNorm(outputs)] if norm else []))


class SumEdges(nn.Module):
    """An edge perceptron whose first layer is a sum of three products."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        weights = torch.randn(3, latent, latent) / (3 * latent) ** 0.5
        self.edge, self.sender, self.receiver = (nn.Parameter(each) for each in weights)
        self.bias = nn.Parameter(torch.zeros(latent))
        self.rest = nn.Sequential(nn.SiLU(), nn.Linear(latent, latent), nn.LayerNorm(latent))

    def forward(self, along: "Along", edges: Tensor, senders: Tensor, receivers: Tensor) -> Tensor:
        hidden = linear(edges, self.edge) + linear(senders, self.sender)[along.senders]
        return self.rest(hidden + linear(receivers, self.receiver, self.bias)[along.receivers])


class Along:
    """Edges as tensors."""

    def __init__(self, edges: Edges) -> None:
        self.senders, self.receivers, self.features = (
            torch.from_numpy(each) for each in vars(edges).values()
        )

    def summed(self, messages: Tensor, nodes: int) -> Tensor:
        return messages.new_zeros(nodes, messages.shape[1]).index_add(0, self.receivers, messages)


class SumTrick(nn.Module):
    """Encoder, processor and decoder of one sample (point, input) → (point, output)."""

    def __init__(self, graph: Graph, inputs: int, outputs: int, latent: int, rounds: int) -> None:
        super().__init__()
        self.up, self.among, self.down = map(
            Along, (graph.grid_to_mesh, graph.multi_mesh, graph.mesh_to_grid)
        )
        self.nodes = torch.from_numpy(graph.mesh)
        self.embed_grid, self.embed_mesh = perceptron(inputs, latent, latent), perceptron(3, latent, latent)
        self.embed = nn.ModuleList(perceptron(4, latent, latent) for _ in range(3))
        self.edges = nn.ModuleList(SumEdges(latent) for _ in range(rounds + 2))
        self.update = nn.ModuleList(perceptron(2 * latent, latent, latent) for _ in range(rounds + 2))
        self.update_grid, self.output = (
            perceptron(latent, latent, latent),
            perceptron(latent, outputs, latent, False),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        grid, mesh = self.embed_grid(inputs), self.embed_mesh(self.nodes)
        kinds = (self.up, self.among, self.down)
        up, among, down = (embed(each.features) for embed, each in zip(self.embed, kinds, strict=True))
        messages = self.edges[0](self.up, up, grid, mesh)
        mesh = mesh + self.update[0](torch.cat([self.up.summed(messages, len(mesh)), mesh], 1))
        grid = grid + self.update_grid(grid)
        for edge, node in zip(self.edges[1:-1], self.update[1:-1], strict=True):
            messages = edge(self.among, among, mesh, mesh)
            among = among + messages
            mesh = mesh + node(torch.cat([self.among.summed(messages, len(mesh)), mesh], 1))
        messages = self.edges[-1](self.down, down, mesh, grid)
        grid = grid + self.update[-1](torch.cat([self.down.summed(messages, len(grid)), grid], 1))
        return self.output(grid)
