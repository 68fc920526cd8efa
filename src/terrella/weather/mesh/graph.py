"""The graph of a grid and a mesh: built in seconds, and kept in the cache folder."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy
from torch.utils._python_dispatch import _disable_current_modes

from terrella.engine.plan.time.calibrate import cache_folder
from terrella.engine.tensor_file import read_tensors, write_tensors
from terrella.errors import InputError, TerrellaError
from terrella.files import replace_file
from terrella.weather.mesh.edges import RADIUS, grid_to_mesh_edges, mesh_to_grid_edges, multi_mesh_edges
from terrella.weather.mesh.features import edge_features, node_features, on_sphere
from terrella.weather.mesh.icosahedron import Floats, Integers, icosahedral_mesh

_VERSION = 1  # of how a graph is made; graphs of another one are made anew
_EDGES = ("grid_to_mesh", "multi_mesh", "mesh_to_grid")
_WORTH_KEEPING = 1 << 20  # bytes: what is smaller is made faster than read


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges in order of their receivers."""

    senders: NDArray[np.int64]  # (edge)
    receivers: NDArray[np.int64]
    features: NDArray[np.float32]  # (edge, 4)


@dataclass(frozen=True, eq=False)
class Graph:
    """Points of a grid, nodes of a mesh and all edges; a point of the grid is row · longitudes + column."""

    grid: NDArray[np.float32]  # features (point, 3)
    mesh: NDArray[np.float32]  # features (node, 3)
    grid_to_mesh: Edges
    multi_mesh: Edges
    mesh_to_grid: Edges


def grid_points(lat: Floats, lon: Floats) -> Floats:
    """Return the points of a grid on the unit sphere, (latitude · longitude, 3), from its axes in degrees."""
    at_lat, at_lon = np.meshgrid(np.asarray(lat, np.float64), np.asarray(lon, np.float64), indexing="ij")
    return on_sphere(at_lat.ravel(), at_lon.ravel())


def make_graph(lat: Floats, lon: Floats, level: int, radius: float = RADIUS) -> Graph:
    """Return the graph of a grid's axes, in degrees, and a mesh of a level."""
    mesh, points = icosahedral_mesh(level), grid_points(lat, lon)
    return Graph(
        node_features(points).astype(np.float32),
        node_features(mesh.vertices).astype(np.float32),
        _edges(points, mesh.vertices, grid_to_mesh_edges(points, mesh, radius)),
        _edges(mesh.vertices, mesh.vertices, multi_mesh_edges(mesh)),
        _edges(mesh.vertices, points, mesh_to_grid_edges(points, mesh)),
    )


def graph_of(lat: NDArray[np.floating[Any]], lon: NDArray[np.floating[Any]], level: int) -> Graph:
    """Return the graph of a grid and a mesh from memory or the cache folder, where it is left when it is made."""
    axes = (np.asarray(axis, np.float64).tobytes() for axis in (lat, lon))
    with _disable_current_modes():  # read and written for real where a step is run on shapes alone
        return _graph_of(*axes, level)


@lru_cache(maxsize=4)
def _graph_of(lat: bytes, lon: bytes, level: int) -> Graph:
    key = hashlib.sha256(b"|".join([lat, lon, f"{level} {RADIUS} {_VERSION}".encode()])).hexdigest()[:16]
    path = cache_folder() / "weather" / f"graph-{key}.safetensors"
    if path.is_file():
        with suppress(InputError, KeyError):
            return _read(path)
    graph = make_graph(np.frombuffer(lat), np.frombuffer(lon), level)
    if graph.mesh_to_grid.features.nbytes > _WORTH_KEEPING:
        with suppress(TerrellaError):  # no cache here: made again next time
            replace_file(path, lambda temporary: write_tensors(temporary, _tensors(graph), {}))
    return graph


def _edges(senders: Floats, receivers: Floats, edges: Integers) -> Edges:
    from_, to = np.ascontiguousarray(edges.T)
    return Edges(from_, to, edge_features(senders, receivers, edges).astype(np.float32))


def _tensors(graph: Graph) -> dict[str, Tensor]:
    found = {"grid": graph.grid, "mesh": graph.mesh}
    for name in _EDGES:
        found |= {f"{name}.{part}": array for part, array in vars(getattr(graph, name)).items()}
    return {name: from_numpy(array) for name, array in found.items()}


def _read(path: Path) -> Graph:
    tensors, _ = read_tensors(path)
    arrays: dict[str, Any] = {name: tensor.numpy() for name, tensor in tensors.items()}
    edges = (
        Edges(*(arrays[f"{name}.{part}"] for part in ("senders", "receivers", "features"))) for name in _EDGES
    )
    return Graph(arrays["grid"], arrays["mesh"], *edges)
