"""GraphCast's network (Lam et al. 2023, supplement 3), lean: grid to mesh, messages on the mesh, mesh to grid.

Outputs are those of the original for the same weights. What it carries and nothing reads is left out: the embedding
of zeros at mesh nodes, the decoder's update of mesh nodes, edges after the last round.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from terrella.weather.learning.settings import NetworkSettings
from terrella.weather.mesh.features import EDGE, NODE
from terrella.weather.mesh.graph import Graph, graph_of
from terrella.weather.model.perceptron import Messages, Perceptron
from terrella.weather.model.placed import PlacedEdges, PlacedGraph

PAST = 2  # states that the network sees
SEEN_FORCINGS = 3  # those of the two states and of the next
_TOGETHER = 3  # rounds that are computed again together, as by Lam et al. (2023)


def _itself(step: int, state: Tensor) -> Tensor:
    return state


class MeshNetwork(nn.Module):
    """States and forcings of the past → states of the future, on the points of a grid."""

    static: Tensor
    difference_scale: Tensor

    def __init__(
        self,
        graph: Graph,
        channels: int,
        forcings: int,
        static: Tensor,
        settings: NetworkSettings,
        difference_scale: Tensor,
        diagnosed: int = 0,
    ) -> None:
        super().__init__()
        self.checkpointed = False
        self.channels, self.graph = channels, PlacedGraph(graph)
        self.register_buffer("static", static, persistent=False)
        self.register_buffer("difference_scale", difference_scale)
        latent, noise = settings.latent, settings.noise
        inputs = PAST * channels + SEEN_FORCINGS * forcings + static.shape[1] + NODE

        def perceptron(
            *operands: int, noise: int = 0, outputs: int = latent, norm: bool = True
        ) -> Perceptron:
            return Perceptron(operands, latent, outputs, noise, norm)

        self.embed_grid = perceptron(inputs, noise=noise)
        self.embed_mesh = perceptron(NODE)
        self.embed_grid_to_mesh = perceptron(EDGE)
        self.embed_multi_mesh = perceptron(EDGE)
        self.embed_mesh_to_grid = perceptron(EDGE)
        self.to_mesh = Messages(latent, noise)
        self.update_grid = perceptron(latent, noise=noise)
        self.rounds = nn.ModuleList(Messages(latent, noise) for _ in range(settings.steps))
        self.to_grid = Messages(latent, noise)
        self.output = perceptron(latent, outputs=channels + diagnosed, norm=False)
        nn.init.zeros_(self.output.last.weight)  # the first forecast is persistence
        self.noise = noise

    def forward(
        self,
        past: Tensor,
        forcings: Tensor,
        noise: Tensor | None = None,
        each: Callable[[int, Tensor], Tensor] = _itself,
    ) -> tuple[Tensor, ...]:
        """Return the states after (batch, point, channel), one for each forcing beyond the first two.

        `past` is (batch, 2, point, channel), `forcings` (batch, 2 + steps, point, forcing), `noise` (batch, step,
        number). With several steps, each is computed again for its gradient: memory hardly grows with their number.
        `each` makes of a step's number and state what is returned in its place, such as a loss: made in turn, the
        gradient of a step's loss takes memory only when the way back has come to that step.
        """
        steps = forcings.shape[1] - PAST
        for part in self.modules():
            if isinstance(part, Perceptron):
                part.lean = self.checkpointed
        if noise is None and self.noise:
            noise = past.new_zeros(len(past), steps, self.noise)
        edges = self._embedded()
        before, now = past[:, 0], past[:, 1]
        found = []
        run = _computed_again if steps > 1 and torch.is_grad_enabled() else _computed
        for step in range(steps):
            seen = forcings[:, step : step + SEEN_FORCINGS]
            drawn = None if noise is None else noise[:, step]
            after = run(self._step, before, now, seen, drawn, edges)
            found.append(each(step, after))
            before, now = now, after[..., : self.channels]
        return tuple(found)

    def _embedded(self) -> tuple[Tensor | None, ...]:
        """Return what no state changes, once for all steps and samples: mesh nodes and the three kinds of edges.

        Where activations are computed again edges are too, in each step: with their gradients they take the most.
        """
        graph = self.graph.on(self.difference_scale.device)
        kinds = (
            (self.embed_grid_to_mesh, graph.grid_to_mesh),
            (self.embed_multi_mesh, graph.multi_mesh),
            (self.embed_mesh_to_grid, graph.mesh_to_grid),
        )
        edges = (None if self._again else _embedded_edges(*each) for each in kinds)
        return (self.embed_mesh(graph.mesh[None]), *edges)

    @property
    def _again(self) -> bool:
        return self.checkpointed and self.training and torch.is_grad_enabled()

    def _step(
        self,
        before: Tensor,
        now: Tensor,
        forcings: Tensor,
        noise: Tensor | None,
        embedded: tuple[Tensor | None, ...],
    ) -> Tensor:
        """Return the state after two others (batch, point, channel)."""
        mesh, to_mesh, multi_mesh, to_grid = embedded
        run = _computed_again if self._again else _computed
        grid, mesh = run(self._encode, before, now, forcings, noise, mesh, to_mesh)
        edges = multi_mesh
        for start in range(0, len(self.rounds), _TOGETHER):
            mesh, edges = run(self._process, start, mesh, edges, noise)
        out = run(self._decode, grid, mesh, to_grid, noise)
        after = now + self.difference_scale * out[..., : self.channels]
        return (
            torch.cat([after, out[..., self.channels :]], dim=-1) if out.shape[-1] > self.channels else after
        )

    def _encode(
        self,
        before: Tensor,
        now: Tensor,
        forcings: Tensor,
        noise: Tensor | None,
        mesh: Tensor,
        edges: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        graph = self.graph.on(now.device)
        if edges is None:
            edges = _embedded_edges(self.embed_grid_to_mesh, graph.grid_to_mesh)
        fixed = torch.cat([self.static, graph.grid], dim=-1).expand(len(now), -1, -1)
        seen = forcings.transpose(1, 2).flatten(2)
        kind = self.embed_grid.products  # cast before they are joined: of all tensors this is the widest
        inputs = torch.cat([each.to(kind) for each in (before, now, seen, fixed)], dim=-1)
        grid = self.embed_grid(inputs, noise=noise)
        mesh, _ = self.to_mesh(
            graph.grid_to_mesh, edges, grid, mesh.expand(len(now), -1, -1), noise, last=True
        )
        return self.update_grid(grid, noise=noise, add=True), mesh

    def _process(
        self, start: int, mesh: Tensor, edges: Tensor | None, noise: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        among = self.graph.on(mesh.device).multi_mesh
        if edges is None:
            edges = _embedded_edges(self.embed_multi_mesh, among)
        for number in range(start, min(start + _TOGETHER, len(self.rounds))):
            last = number == len(self.rounds) - 1
            mesh, edges = self.rounds[number](among, edges, mesh, mesh, noise, last)
        return mesh, edges

    def _decode(self, grid: Tensor, mesh: Tensor, edges: Tensor | None, noise: Tensor | None) -> Tensor:
        graph = self.graph.on(grid.device)
        if edges is None:
            edges = _embedded_edges(self.embed_mesh_to_grid, graph.mesh_to_grid)
        grid, _ = self.to_grid(graph.mesh_to_grid, edges, mesh, grid, noise, last=True)
        out: Tensor = self.output(grid)
        return out


def weather_network(
    lat: NDArray[np.floating[Any]],
    lon: NDArray[np.floating[Any]],
    channels: int,
    forcings: int,
    static: NDArray[np.floating[Any]],
    settings: NetworkSettings,
    difference_scale: NDArray[np.floating[Any]] | None = None,
    diagnosed: int = 0,
) -> MeshNetwork:
    """Return a network for the points of a grid: row by row, latitudes ascending.

    Parameters
    ----------
    lat, lon : array (latitude), (longitude)
        The grid's axes in degrees.
    channels, forcings : int
        Of a state, and of the forcings at one time.
    static : array (point, any)
        What is known of points and does not change, normalised.
    settings : NetworkSettings
        Size of mesh and network.
    difference_scale : array (channel), optional
        Standard deviation of a step's differences over that of the states: outputs are in its units.
    diagnosed : int, optional
        Channels beyond those of a state that are forecast and not fed back, such as precipitation.
    """
    scale = np.ones(channels) if difference_scale is None else difference_scale
    return MeshNetwork(
        graph_of(lat, lon, settings.mesh),
        channels,
        forcings,
        torch.tensor(static, dtype=torch.float32),
        settings,
        torch.tensor(scale, dtype=torch.float32),
        diagnosed,
    )


def _embedded_edges(embed: Perceptron, kind: PlacedEdges) -> Tensor:
    # Edges are many, and kept in the precision of products.
    return embed(kind.features[None], kept=embed.products)


def _computed(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def _computed_again(function: Callable[..., Any], *args: Any) -> Any:
    return checkpoint(function, *args, use_reentrant=False, preserve_rng_state=False)
