"""Projections: equal area by their Jacobian, and the constants of their papers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrella.earth.projection import Projection, equal_earth, local_equal_area

# WGS84: the semi-axes, and the radius of the sphere of equal surface.
A_KM, B_KM = 6378.137, 6356.752314245
E2 = 1 - (B_KM / A_KM) ** 2
AUTHALIC_KM = 6371.0071809

longitudes, latitudes = st.floats(-170, 170), st.floats(-80, 80)


def area_of_a_degree_squared(latitude: float) -> float:
    """Return km² per square radian of longitude and latitude on the ellipsoid: M N cos φ."""
    phi = np.radians(latitude)
    w2 = 1 - E2 * np.sin(phi) ** 2
    return float(A_KM**2 * (1 - E2) * np.cos(phi) / w2**2)


def jacobian(project: Projection, longitude: float, latitude: float) -> float:
    step = 0.01
    x, y = project(longitude + step * np.array([1, -1, 0, 0]), latitude + step * np.array([0, 0, 1, -1]))
    h = np.radians(2 * step)
    return float(((x[0] - x[1]) * (y[2] - y[3]) - (x[2] - x[3]) * (y[0] - y[1])) / h**2)


GLOBE, PACIFIC = equal_earth(), equal_earth(150.0)
CALIFORNIA, POLE = local_equal_area(-120.0, 37.0), local_equal_area(0.0, -90.0)


@given(longitudes, latitudes)
def test_equal_earth_keeps_area_everywhere(longitude: float, latitude: float) -> None:
    assert jacobian(GLOBE, longitude, latitude) == pytest.approx(area_of_a_degree_squared(latitude), rel=1e-4)


@given(st.floats(-140, -100), st.floats(20, 55))
def test_the_local_projection_keeps_area(longitude: float, latitude: float) -> None:
    found = jacobian(CALIFORNIA, longitude, latitude)
    assert found == pytest.approx(area_of_a_degree_squared(latitude), rel=1e-4)


@given(longitudes, st.floats(-85, -40))
def test_the_local_projection_keeps_area_around_a_pole(longitude: float, latitude: float) -> None:
    assert jacobian(POLE, longitude, latitude) == pytest.approx(area_of_a_degree_squared(latitude), rel=1e-4)


def test_equal_earth_has_the_outline_of_its_paper() -> None:
    # Equation 7 at the equator and the pole: x = 2√3 λ / (3 A1), y = θ (A1 + A2 θ² + A3 θ⁶ + A4 θ⁸), θ = π/3.
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    theta = np.pi / 3
    x, y = GLOBE([180.0, 0.0], [0.0, 90.0])
    assert x[0] == pytest.approx(AUTHALIC_KM * 2 * np.sqrt(3) * np.pi / (3 * a1), rel=1e-6)
    polar = theta * (a1 + a2 * theta**2 + a3 * theta**6 + a4 * theta**8)
    assert y[1] == pytest.approx(AUTHALIC_KM * polar, rel=1e-6)


@given(longitudes, latitudes)
def test_equal_earth_is_symmetric_about_its_middle(longitude: float, latitude: float) -> None:
    x, y = GLOBE([longitude, -longitude], [latitude, -latitude])
    np.testing.assert_allclose([x[0], y[0]], [-x[1], -y[1]], atol=1e-6)


def test_the_central_longitude_moves_the_middle() -> None:
    np.testing.assert_allclose(
        PACIFIC([150.0, 160.0], [0.0, 20.0]), GLOBE([0.0, 10.0], [0.0, 20.0]), atol=1e-6
    )


def test_the_local_projection_starts_at_its_point_and_keeps_distances_near_it() -> None:
    x, y = CALIFORNIA([-120.0, -120.0], [37.0, 38.0])
    np.testing.assert_allclose([x[0], y[0], x[1]], 0, atol=1e-6)
    # One degree of latitude at 37.5° N on the ellipsoid.
    assert y[1] == pytest.approx(110.98, abs=0.02)


def test_shapes_are_kept() -> None:
    x, y = GLOBE(np.zeros((3, 4)), np.zeros((3, 4)))
    assert x.shape == y.shape == (3, 4)
