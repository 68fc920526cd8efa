"""GraphCast's network in the plainest words, with its published names: the reference that tests compare with."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, silu

from terrella.weather.mesh.graph import Edges, Graph

GRID, MESH, BACK = (f"params:{name}_gnn/~_networks_builder/" for name in ("grid2mesh", "mesh", "mesh2grid"))


def weights(inputs: int, outputs: int, latent: int, rounds: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give the names and shapes of all arrays of a published checkpoint, inputs with the three of position."""
    for name, width, out in modules(inputs, outputs, latent, rounds):
        yield f"{name}_mlp/~/linear_0:w", (width, latent)
        yield f"{name}_mlp/~/linear_0:b", (latent,)
        yield f"{name}_mlp/~/linear_1:w", (latent, out)
        yield f"{name}_mlp/~/linear_1:b", (out,)
        if "decoder" not in name:
            yield f"{name}_layer_norm:scale", (out,)
            yield f"{name}_layer_norm:offset", (out,)


def modules(inputs: int, outputs: int, latent: int, rounds: int) -> Iterator[tuple[str, int, int]]:
    """Give each perceptron's name, inputs and outputs."""
    for kind in ("grid_nodes", "mesh_nodes"):
        yield f"{GRID}encoder_nodes_{kind}", inputs, latent
    yield f"{GRID}encoder_edges_grid2mesh", 4, latent
    yield f"{GRID}processor_edges_0_grid2mesh", 3 * latent, latent
    yield f"{GRID}processor_nodes_0_mesh_nodes", 2 * latent, latent
    yield f"{GRID}processor_nodes_0_grid_nodes", latent, latent
    yield f"{MESH}encoder_edges_mesh", 4, latent
    for number in range(rounds):
        yield f"{MESH}processor_edges_{number}_mesh", 3 * latent, latent
        yield f"{MESH}processor_nodes_{number}_mesh_nodes", 2 * latent, latent
    yield f"{BACK}encoder_edges_mesh2grid", 4, latent
    yield f"{BACK}processor_edges_0_mesh2grid", 3 * latent, latent
    yield f"{BACK}processor_nodes_0_grid_nodes", 2 * latent, latent
    yield f"{BACK}processor_nodes_0_mesh_nodes", latent, latent
    yield f"{BACK}decoder_nodes_grid_nodes", latent, outputs


def outputs(arrays: dict[str, Tensor], graph: Graph, grid: Tensor, rounds: int) -> Tensor:
    """Return the network's outputs (point, output) of inputs (point, input) in the order of the original."""
    features = torch.from_numpy(graph.grid), torch.from_numpy(graph.mesh)
    zeros = grid.new_zeros(len(features[1]), grid.shape[1])

    def perceptron(name: str, *operands: Tensor) -> Tensor:
        hidden = silu(
            torch.cat(operands, 1) @ arrays[f"{name}_mlp/~/linear_0:w"] + arrays[f"{name}_mlp/~/linear_0:b"]
        )
        out = hidden @ arrays[f"{name}_mlp/~/linear_1:w"] + arrays[f"{name}_mlp/~/linear_1:b"]
        if "decoder" in name:
            return out
        norm = f"{name}_layer_norm"
        return layer_norm(out, out.shape[1:], arrays[f"{norm}:scale"], arrays[f"{norm}:offset"])

    def messages(name: str, to: str, along: Edges, edges: Tensor, senders: Tensor, receivers: Tensor):
        at, end = torch.from_numpy(along.senders), torch.from_numpy(along.receivers)
        sent = perceptron(name, edges, senders[at], receivers[end])
        sums = torch.zeros_like(receivers).index_add(0, end, sent)
        return receivers + perceptron(to, receivers, sums), edges + sent

    points = perceptron(f"{GRID}encoder_nodes_grid_nodes", grid, features[0].to(grid.dtype))
    nodes = perceptron(f"{GRID}encoder_nodes_mesh_nodes", zeros, features[1].to(grid.dtype))
    kinds = (graph.grid_to_mesh, graph.multi_mesh, graph.mesh_to_grid)
    up, among, down = (torch.from_numpy(each.features).to(grid.dtype) for each in kinds)
    up, among, down = (
        perceptron(f"{name}", edges)
        for name, edges in (
            (f"{GRID}encoder_edges_grid2mesh", up),
            (f"{MESH}encoder_edges_mesh", among),
            (f"{BACK}encoder_edges_mesh2grid", down),
        )
    )
    edge, node = (f"{GRID}processor_{kind}" for kind in ("edges_0_grid2mesh", "nodes_0_mesh_nodes"))
    nodes, _ = messages(edge, node, graph.grid_to_mesh, up, points, nodes)
    points = points + perceptron(f"{GRID}processor_nodes_0_grid_nodes", points)
    for number in range(rounds):
        edge, node = f"{MESH}processor_edges_{number}_mesh", f"{MESH}processor_nodes_{number}_mesh_nodes"
        nodes, among = messages(edge, node, graph.multi_mesh, among, nodes, nodes)
    edge, node = (f"{BACK}processor_{kind}" for kind in ("edges_0_mesh2grid", "nodes_0_grid_nodes"))
    points, _ = messages(edge, node, graph.mesh_to_grid, down, nodes, points)
    return perceptron(f"{BACK}decoder_nodes_grid_nodes", points)
