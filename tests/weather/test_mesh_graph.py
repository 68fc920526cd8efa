"""The mesh on the sphere and its edges: known counts, geometry and symmetries."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from terrella.weather.mesh import graph as graphs
from terrella.weather.mesh.edges import (
    containing_faces,
    grid_to_mesh_edges,
    mesh_to_grid_edges,
    multi_mesh_edges,
)
from terrella.weather.mesh.features import edge_features, node_features
from terrella.weather.mesh.graph import graph_of, grid_points, make_graph
from terrella.weather.mesh.icosahedron import directed_edges, icosahedral_mesh, longest_edge


@pytest.fixture(scope="module")
def sphere():
    return icosahedral_mesh(3)


def test_one_degree_with_mesh_five_has_the_published_counts():
    graph = make_graph(np.arange(-90.0, 90.5), np.arange(360.0), 5)
    assert (len(graph.grid), len(graph.mesh)) == (65_160, 10_242)
    edges = (graph.multi_mesh, graph.grid_to_mesh, graph.mesh_to_grid)
    assert [len(each.senders) for each in edges] == [81_900, 101_892, 195_480]
    assert all((np.diff(each.receivers) >= 0).all() for each in edges)


@pytest.mark.parametrize("level", range(5))
def test_a_level_is_a_closed_surface_of_triangles(level):
    mesh = icosahedral_mesh(level)
    nodes, faces = 10 * 4**level + 2, 20 * 4**level
    assert (len(mesh.vertices), len(mesh.finest)) == (nodes, faces)
    edges = directed_edges(mesh.finest)
    assert len(np.unique(edges, axis=0)) == len(edges) == 2 * (nodes + faces - 2)  # Euler
    assert (np.linalg.det(mesh.vertices[mesh.finest]) > 0).all()  # counter-clockwise from outside
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices, axis=1), 1)


def test_two_faces_of_the_icosahedron_lie_flat_and_no_vertex_on_a_pole():
    heights = np.sort(icosahedral_mesh(0).vertices[:, 2])
    np.testing.assert_allclose(heights[:3], heights[0])
    np.testing.assert_allclose(heights[0], -np.sqrt((5 + 2 * np.sqrt(5)) / 15))  # of an icosahedron's face
    assert heights[2] < heights[3] - 0.1


def test_coarse_levels_are_kept_among_the_edges_and_their_vertices_come_first(sphere):
    edges = {tuple(each) for each in multi_mesh_edges(sphere)}
    for level in range(4):
        coarse = icosahedral_mesh(level)
        np.testing.assert_allclose(coarse.vertices, sphere.vertices[: len(coarse.vertices)])
        assert {tuple(each) for each in directed_edges(coarse.finest)} <= edges
    assert len(edges) == 60 * (4**4 - 1) // 3


def test_grid_points_within_the_radius_and_no_others_speak_to_the_mesh(sphere):
    points = grid_points(np.linspace(-90, 90, 25), np.arange(0, 360, 7.5))
    distances = np.linalg.norm(points[:, None] - sphere.vertices[None], axis=2)
    expected = np.argwhere((distances <= 0.6 * longest_edge(sphere)).T)[:, ::-1]
    np.testing.assert_array_equal(grid_to_mesh_edges(points, sphere), expected)


def test_a_point_lies_in_its_triangle(sphere):
    points = Rotation.random(500, rng=0).apply([1.0, 0.0, 0.0])
    corners = sphere.vertices[containing_faces(points, sphere)]
    shares = np.linalg.solve(corners.transpose(0, 2, 1), points[:, :, None])
    assert (shares > -1e-12).all()
    edges = mesh_to_grid_edges(points, sphere)
    np.testing.assert_array_equal(edges[:, 1], np.repeat(np.arange(500), 3))


def test_rotations_of_the_icosahedron_map_the_mesh_onto_itself(sphere):
    edges = {tuple(each) for each in multi_mesh_edges(sphere)}
    axes = icosahedral_mesh(0).vertices[:2]
    for rotation in (Rotation.from_rotvec(axis * 2 * np.pi / 5) for axis in axes):
        distances = np.linalg.norm(rotation.apply(sphere.vertices)[:, None] - sphere.vertices[None], axis=2)
        image = distances.argmin(axis=1)
        assert distances.min(axis=1).max() < 1e-12
        assert {(image[a], image[b]) for a, b in edges} == edges


def test_edges_look_the_same_from_wherever_they_are_turned_about_the_axis(sphere):
    edges = multi_mesh_edges(sphere)
    turned = Rotation.from_euler("z", 40, degrees=True).apply(sphere.vertices)
    here, there = (edge_features(each, each, edges) for each in (sphere.vertices, turned))
    np.testing.assert_allclose(here, there, atol=1e-12)
    assert here[:, 0].max() == pytest.approx(1)


def test_the_receiver_of_an_edge_sees_north_up():
    receiver, north = grid_points([10.0], [30.0]), grid_points([11.0], [30.0])
    length, *relative = edge_features(north, receiver, np.array([[0, 0]]))[0]
    assert length == pytest.approx(1)
    np.testing.assert_allclose(relative, [-np.sin(np.deg2rad(0.5)), 0, np.cos(np.deg2rad(0.5))], atol=1e-12)
    np.testing.assert_allclose(node_features(receiver)[0], [np.sin(np.pi / 18), np.sqrt(3) / 2, 0.5])


def test_a_pole_is_a_receiver_like_others():
    poles = grid_points([-90.0, 90.0], [0.0])
    assert np.isfinite(edge_features(poles, poles, np.array([[0, 1], [1, 0]]))).all()


def test_a_graph_is_read_again_from_the_cache_and_made_anew_where_it_is_broken(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(graphs, "_WORTH_KEEPING", 0)
    axes = np.linspace(-80, 80, 9), np.arange(0, 360, 20.0)
    for content in (None, None, b"broken"):
        (kept,) = tmp_path.rglob("*.safetensors") if content else (None,)
        if kept is not None:
            kept.write_bytes(content)
        graphs._graph_of.cache_clear()
        graph = graph_of(*axes, 1)
        expected = make_graph(*axes, 1)
        np.testing.assert_array_equal(graph.grid, expected.grid)
        np.testing.assert_array_equal(graph.mesh_to_grid.senders, expected.mesh_to_grid.senders)
        np.testing.assert_array_equal(graph.multi_mesh.features, expected.multi_mesh.features)
    graphs._graph_of.cache_clear()
