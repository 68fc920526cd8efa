"""The icosahedron and its refinements: each level splits every triangle of the one before into four.

Two opposite faces lie parallel to the equator, so that no vertex falls on a pole (Lam et al. 2023, supplement
3.2.1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles on the unit sphere; the vertices of coarser levels come first."""

    vertices: Floats  # (vertex, 3)
    faces: tuple[
        Integers, ...
    ]  # of each level from the coarsest on, (face, 3), counter-clockwise from outside

    @property
    def finest(self) -> Integers:
        """The faces of the finest level."""
        return self.faces[-1]


def icosahedral_mesh(level: int) -> Mesh:
    """Return the icosahedron refined `level` times: 10 · 4^level + 2 vertices."""
    vertices, faces = _icosahedron()
    levels = [faces]
    for _ in range(level):
        vertices, faces = _refined(vertices, faces)
        levels.append(faces)
    return Mesh(vertices, tuple(levels))


def directed_edges(faces: Integers) -> Integers:
    """Return the edges (sender, receiver) of a closed surface's faces, each in both directions, (edge, 2)."""
    # Every edge has a face on either side, which runs along it the other way.
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def longest_edge(mesh: Mesh) -> float:
    """Return the length of the longest edge of the finest level, straight through the sphere."""
    senders, receivers = directed_edges(mesh.finest).T
    return float(np.linalg.norm(mesh.vertices[senders] - mesh.vertices[receivers], axis=1).max())


def _icosahedron() -> tuple[Floats, Integers]:
    golden = (1 + np.sqrt(5)) / 2
    signs = [(a, b * golden) for a in (1, -1) for b in (1, -1)]
    vertices = np.array([v for a, b in signs for v in ((a, b, 0), (0, a, b), (b, 0, a))]) / np.hypot(
        1, golden
    )
    # Half of what two faces that share an edge lack to a plane: it lays one of them flat.
    angle = np.pi / 2 - np.arcsin(golden / np.sqrt(3))
    cos, sin = np.cos(angle), np.sin(angle)
    vertices = vertices @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    near = np.linalg.norm(vertices[:, None] - vertices[None], axis=2) < 1.1  # sides are 1.05 long
    np.fill_diagonal(near, False)
    faces = [
        (i, j, k)
        for i in range(12) for j in range(12) for k in range(12)
        if i < j and i < k and near[i, j] and near[j, k] and near[k, i]
        and np.linalg.det(vertices[[i, j, k]]) > 0
    ]  # fmt: skip
    return vertices, np.array(faces)


def _refined(vertices: Floats, faces: Integers) -> tuple[Floats, Integers]:
    """Return the vertices with the middles of all edges, and four faces for each."""
    sides = np.sort(directed_edges(faces), axis=1)
    edges, middle = np.unique(sides, axis=0, return_inverse=True)
    middles = vertices[edges].sum(axis=1)
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    ab, bc, ca = len(vertices) + middle.reshape(3, -1)
    a, b, c = faces.T
    split = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return np.concatenate([vertices, middles]), np.concatenate([np.stack(each, axis=1) for each in split])
