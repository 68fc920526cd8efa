"""A graph's tensors on the device that a network computes on, shared by all copies of the network."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from terrella.weather.mesh.graph import Edges, Graph


@dataclass(frozen=True, eq=False)
class PlacedEdges:
    """Edges as tensors, in order of their receivers."""

    senders: Tensor  # (edge)
    receivers: Tensor
    features: Tensor  # (edge, 4)


@dataclass(frozen=True, eq=False)
class Placed:
    """A graph on one device."""

    grid: Tensor  # (point, 3)
    mesh: Tensor  # (node, 3)
    grid_to_mesh: PlacedEdges
    multi_mesh: PlacedEdges
    mesh_to_grid: PlacedEdges


class PlacedGraph:
    """A graph, laid on each device when it is first asked for there; copies are the graph itself."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._on: dict[torch.device, Placed] = {}

    def on(self, device: torch.device) -> Placed:
        """Return the graph on a device."""
        if device not in self._on:
            self._on[device] = _placed(self.graph, device)
        return self._on[device]

    def __deepcopy__(self, memo: dict[int, Any]) -> "PlacedGraph":
        return self


def _placed(graph: Graph, device: torch.device) -> Placed:
    # Real tensors also where a step is run on shapes alone.
    with _disable_current_modes():
        grid, mesh = (torch.from_numpy(each).to(device) for each in (graph.grid, graph.mesh))
        edges = (_edges(each, device) for each in (graph.grid_to_mesh, graph.multi_mesh, graph.mesh_to_grid))
        return Placed(grid, mesh, *edges)


def _edges(edges: Edges, device: torch.device) -> PlacedEdges:
    found = (torch.from_numpy(each).to(device) for each in (edges.senders, edges.receivers, edges.features))
    return PlacedEdges(*found)
