"""Rays against closed formulas, reciprocity and an eikonal solver; radiation against its formulas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.segment.synthetic.layers import draw_layers
from terrella.segment.synthetic.mechanism import axes, moment_tensor, radiation
from terrella.segment.synthetic.rays import direct_rays, head_rays

ANGLE = st.floats(-np.pi, np.pi)


def _one(speed=3000.0):
    return np.array([0.0]), np.array([speed]), np.array([50.0])


def _two(upper=2000.0, lower=4000.0, thickness=500.0):
    return np.array([0.0, thickness]), np.array([upper, lower]), np.array([50.0, 100.0])


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 5000), st.floats(0, 3000), st.floats(0, 3000))
def test_direct_rays_in_a_whole_space_are_straight(offset, source, receiver):
    rays = direct_rays(*_one(), source, np.array([offset]), np.array([receiver]))
    distance = np.hypot(offset, source - receiver)
    if distance > 1:
        assert rays.time_s[0] == pytest.approx(distance / 3000, rel=1e-6)
        assert rays.spreading_m[0] == pytest.approx(distance, rel=1e-6)
        assert rays.t_star_s[0] == pytest.approx(distance / 3000 / 50, rel=1e-6)
        np.testing.assert_allclose(
            rays.take_off[0], np.array([offset, receiver - source]) / distance, atol=3e-3 / distance
        )


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 8000), st.floats(510, 3000))
def test_direct_rays_through_two_layers_obey_snell_and_fermat(offset, source):
    rays = direct_rays(*_two(), source, np.array([offset]), np.array([0.0]))
    crossing = np.linspace(0, offset, 20001)  # where the ray may cross the interface
    time = np.hypot(crossing, 500) / 2000 + np.hypot(offset - crossing, source - 500) / 4000
    assert rays.time_s[0] == pytest.approx(time.min(), rel=1e-5)
    assert rays.time_s[0] <= time.min() * (1 + 1e-12)
    assert rays.take_off[0, 0] / 4000 == pytest.approx(rays.arrival[0, 0] / 2000, rel=1e-9)


def test_spreading_is_the_area_of_the_ray_tube():
    source, offset, step = 2000.0, 1500.0, 0.01
    near, far = (
        direct_rays(*_two(), source, np.array([x]), np.array([0.0])) for x in (offset - step, offset + step)
    )
    at = direct_rays(*_two(), source, np.array([offset]), np.array([0.0]))
    angle = [np.arctan2(each.take_off[0, 0], -each.take_off[0, 1]) for each in (near, far)]
    area = offset * 2 * step * abs(at.arrival[0, 1])  # per radian of azimuth, across the ray
    solid = np.sin(np.mean(angle)) * (angle[1] - angle[0])
    assert at.spreading_m[0] == pytest.approx(np.sqrt(area / solid), rel=1e-6)


def test_head_waves_of_a_half_space():
    """t = x/v2 + (2h − z) cos(i) / v1, from the critical distance on (for a source at depth z in the layer)."""
    depth, critical_sine = 100.0, 0.5
    cosine = np.sqrt(1 - critical_sine**2)
    beyond = (2 * 500 - depth) * critical_sine / cosine
    offset = np.array([beyond - 1, beyond + 1, 3000.0])
    rays = head_rays(*_two(), depth, offset, np.zeros(3))
    assert np.isnan(rays.time_s[0])
    np.testing.assert_allclose(
        rays.time_s[1:], offset[1:] / 4000 + (1000 - depth) * cosine / 2000, rtol=1e-12
    )
    np.testing.assert_allclose(rays.take_off[2], [critical_sine, cosine])
    np.testing.assert_allclose(rays.arrival[2], [critical_sine, -cosine])
    # At the critical distance the direct wave of the reflection's path cannot be faster.
    direct = direct_rays(*_two(), depth, np.array([8000.0]), np.zeros(1))
    assert head_rays(*_two(), depth, np.array([8000.0]), np.zeros(1)).time_s[0] < direct.time_s[0]


def test_no_head_wave_without_a_faster_layer_or_across_one():
    slow_below = np.array([0.0, 500.0]), np.array([4000.0, 2000.0]), np.array([50.0, 50.0])
    assert np.isnan(head_rays(*slow_below, 100.0, np.array([9000.0]), np.zeros(1)).time_s).all()
    # A fast lid carries head waves for a source and a receiver beneath it.
    found = head_rays(*slow_below, 800.0, np.array([9000.0]), np.array([700.0]))
    cosine = np.sqrt(0.75)
    assert found.time_s[0] == pytest.approx(9000 / 4000 + 500 * cosine / 2000)
    assert found.take_off[0, 1] < 0 < found.arrival[0, 1]


def test_rays_are_reciprocal():
    layers = draw_layers(np.random.default_rng(3), 7, 4000.0, (2000.0, 5000.0), 60.0)
    ground = layers.top_m, layers.p_speed, layers.p_quality
    for source, receiver, offset in ((2500.0, 0.0, 1200.0), (2500.0, 1800.0, 50.0), (300.0, 3900.0, 4000.0)):
        there = direct_rays(*ground, source, np.array([offset]), np.array([receiver]))
        back = direct_rays(*ground, receiver, np.array([offset]), np.array([source]))
        assert there.time_s[0] == pytest.approx(back.time_s[0], rel=1e-9)
        assert there.t_star_s[0] == pytest.approx(back.t_star_s[0], rel=1e-9)
        # Aki and Richards (2002): spreading times the speed where a ray starts.
        speeds = layers.p_speed[layers.at([source, receiver])]
        assert there.spreading_m[0] * speeds[0] == pytest.approx(back.spreading_m[0] * speeds[1], rel=1e-6)


def test_first_arrivals_agree_with_an_eikonal_solver():
    skfmm = pytest.importorskip("skfmm")
    top, speed, quality = np.array([0.0, 400.0, 900.0]), np.array([2000.0, 3000.0, 4500.0]), np.full(3, 50.0)
    spacing, source = 10.0, 505.0
    depth = (np.arange(140) + 0.5) * spacing
    grid = np.repeat(speed[np.searchsorted(top, depth, side="right") - 1][:, None], 300, axis=1)
    front = np.ones(grid.shape)
    front[50, 0] = -1.0  # half a cell around the source
    time = skfmm.travel_time(front, grid, dx=spacing, order=2)
    offset = np.arange(20, 300, 20) * spacing
    receiver = np.full(len(offset), depth[0])
    direct = direct_rays(top, speed, quality, source, offset, receiver).time_s
    head = head_rays(top, speed, quality, source, offset, receiver).time_s
    first = np.fmin(direct, head)
    assert (head < direct).any()
    assert np.abs(time[0, 20:300:20] - first).max() < 0.01  # two cells of the slowest layer's time


@given(ANGLE, st.floats(0.01, 1.5), ANGLE, st.floats(0.05, 3.0), ANGLE)
def test_radiation_is_that_of_aki_and_richards(strike, dip, rake, take_off, azimuth):
    """Equations 4.89 to 4.91 of the second edition, written out."""
    i, f, d, r = take_off, azimuth - strike, dip, rake
    sin, cos = np.sin, np.cos
    p = (
        cos(r) * sin(d) * sin(i) ** 2 * sin(2 * f)
        - cos(r) * cos(d) * sin(2 * i) * cos(f)
        + sin(r) * sin(2 * d) * (cos(i) ** 2 - sin(i) ** 2 * sin(f) ** 2)
        + sin(r) * cos(2 * d) * sin(2 * i) * sin(f)
    )
    sv = (
        sin(r) * cos(2 * d) * cos(2 * i) * sin(f)
        - cos(r) * cos(d) * cos(2 * i) * cos(f)
        + 0.5 * cos(r) * sin(d) * sin(2 * i) * sin(2 * f)
        - 0.5 * sin(r) * sin(2 * d) * sin(2 * i) * (1 + sin(f) ** 2)
    )
    sh = (
        cos(r) * cos(d) * cos(i) * sin(f)
        + cos(r) * sin(d) * sin(i) * cos(2 * f)
        + sin(r) * cos(2 * d) * cos(i) * cos(f)
        - 0.5 * sin(r) * sin(2 * d) * sin(i) * sin(2 * f)
    )
    direction = np.array([sin(i) * cos(azimuth), sin(i) * sin(azimuth), cos(i)])
    found = radiation(moment_tensor(strike, dip, rake), direction)
    np.testing.assert_allclose(found, [p, sv, sh], atol=1e-9)


def test_known_nodes_and_lobes_of_a_vertical_strike_slip_fault():
    tensor = moment_tensor(0.0, np.pi / 2, 0.0)
    along, diagonal, down = np.eye(3)[0], np.array([1, 1, 0]) / np.sqrt(2), np.eye(3)[2]
    p, sv, sh = radiation(tensor, np.stack([along, diagonal, down]))
    np.testing.assert_allclose(p, [0, 1, 0], atol=1e-12)  # nodes on the planes, lobes between them
    np.testing.assert_allclose(np.hypot(sv, sh), [1, 0, 0], atol=1e-12)


def test_radiation_over_all_directions_has_the_known_mean_squares():
    rng = np.random.default_rng(0)
    direction = rng.standard_normal((200_000, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    p, sv, sh = radiation(moment_tensor(0.3, 1.0, 0.7), direction)
    assert np.mean(p**2) == pytest.approx(4 / 15, rel=0.01)
    assert np.mean(sv**2 + sh**2) == pytest.approx(2 / 5, rel=0.01)


def test_moment_tensors_are_obspys():
    from obspy.imaging.scripts.mopad import MomentTensor

    for angles in ((30, 60, 90), (200, 45, -30), (10, 89, 170)):
        theirs = np.array(MomentTensor(angles).get_M(system="NED"), float)
        np.testing.assert_allclose(moment_tensor(*np.radians(angles)), theirs, atol=1e-6)


@given(st.lists(st.tuples(ANGLE, st.floats(0, np.pi)), min_size=1, max_size=5))
def test_motions_are_orthonormal_and_right_handed(angles):
    azimuth, polar = np.array(angles).T
    direction = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], 1)
    frame = np.stack(axes(direction), 1)
    np.testing.assert_allclose(
        frame @ frame.transpose(0, 2, 1), np.broadcast_to(np.eye(3), frame.shape), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(frame), 1, atol=1e-9)
