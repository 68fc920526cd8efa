"""Which nodes speak to which: on the mesh, from the grid to the mesh, and back."""

import numpy as np
from scipy.spatial import cKDTree

from terrella.weather.mesh.icosahedron import Floats, Integers, Mesh, directed_edges, longest_edge

RADIUS = 0.6  # of the longest finest edge: grid points no farther from a node speak to it
_NEIGHBOURS = 6  # of a mesh node, at most, and of a grid point within the radius by far


def multi_mesh_edges(mesh: Mesh) -> Integers:
    """Return the edges of all levels, in order of receivers, (edge, 2): sender, receiver."""
    return _in_order(np.concatenate([directed_edges(faces) for faces in mesh.faces]))


def grid_to_mesh_edges(points: Floats, mesh: Mesh, radius: float = RADIUS) -> Integers:
    """Return edges (edge, 2) from grid points to mesh nodes within a radius, in order of receivers.

    `points` are on the unit sphere, (point, 3); distances go straight through it.
    """
    most = np.nextafter(radius * longest_edge(mesh), np.inf)
    number = min(_NEIGHBOURS, len(mesh.vertices))
    found = cKDTree(mesh.vertices).query(points, k=number, distance_upper_bound=most, workers=-1)
    distances, nodes = (np.asarray(each) for each in found)
    near = np.isfinite(distances)
    return _in_order(np.stack([np.nonzero(near)[0], nodes[near]], axis=1))


def mesh_to_grid_edges(points: Floats, mesh: Mesh) -> Integers:
    """Return edges (3 · point, 2) from the corners of the triangle that holds a point to it, in order of points."""
    return np.stack([containing_faces(points, mesh).ravel(), np.repeat(np.arange(len(points)), 3)], axis=1)


def containing_faces(points: Floats, mesh: Mesh) -> Integers:
    """Return the corners (point, 3) of the finest triangle that each point on the sphere lies in."""
    # The triangles are acute, so that the one around a point has the nearest vertex as a corner.
    _, nearest = cKDTree(mesh.vertices).query(points, workers=-1)
    around = _faces_around(mesh)[nearest]
    best, inside = np.full(len(points), -np.inf), np.zeros(len(points), np.int64)
    for candidates in around.T:
        a, b, c = (mesh.vertices[mesh.finest[candidates, corner]] for corner in range(3))
        # The smallest distance from a side's plane; above zero within.
        depth = np.min([_depth(points, *side) for side in ((a, b), (b, c), (c, a))], axis=0)
        better = depth > best
        best[better], inside[better] = depth[better], candidates[better]
    return mesh.finest[inside]


def _depth(points: Floats, start: Floats, end: Floats) -> Floats:
    normal = np.cross(start, end)
    found: Floats = np.einsum("ij,ij->i", points, normal)
    return found


def _faces_around(mesh: Mesh) -> Integers:
    """Return the finest faces around each vertex, (vertex, 6); where there are five, one comes twice."""
    corners = mesh.finest.ravel()
    order = np.argsort(corners, kind="stable")
    counts = np.bincount(corners, minlength=len(mesh.vertices))
    starts = np.cumsum(counts) - counts
    places = starts[:, None] + np.minimum(np.arange(_NEIGHBOURS), counts[:, None] - 1)
    return order[places] // 3


def _in_order(edges: Integers) -> Integers:
    return edges[np.lexsort((edges[:, 0], edges[:, 1]))]
