"""The field of Gauss coefficients, their files and normalisations, beside independent codes."""

import datetime

import numpy as np
import pytest
from field_cases import igrf_like, shc_text
from scipy.interpolate import BSpline

from terrella.errors import InputError
from terrella.field.harmonics.geodesy import elements, from_north_east_down, geocentric, to_north_east_down
from terrella.field.harmonics.normalisation import factors
from terrella.field.harmonics.schmidt import (
    CORE_RADIUS_KM,
    degrees_orders,
    design,
    field_at,
    legendre,
    power_spectrum,
    rms_at_surface,
)
from terrella.field.harmonics.shc import read_shc, write_shc
from terrella.field.secular_variation.rotation import accelerations


def sphere(n: int):
    nodes, weight = np.polynomial.legendre.leggauss(n)
    longitude = np.arange(2 * n + 1) * 360 / (2 * n + 1)
    latitude, longitude = np.meshgrid(90 - np.degrees(np.arccos(nodes)), longitude, indexing="ij")
    share = np.broadcast_to(weight[:, None] / (2 * (2 * n + 1)), latitude.shape)
    return latitude.ravel(), longitude.ravel(), share.ravel()


def test_the_field_is_that_of_an_independent_code(tmp_path):
    ppigrf = pytest.importorskip("ppigrf")
    years, values = igrf_like(8)
    (tmp_path / "made.shc").write_text(shc_text(years, values, 8))
    found = read_shc(tmp_path / "made.shc")
    draw = np.random.default_rng(0)
    latitude, longitude, height = (
        draw.uniform(-89.9, 89.9, 40),
        draw.uniform(-180, 360, 40),
        draw.uniform(0, 600, 40),
    )
    r, below, tilt = geocentric(latitude, height)
    ours = to_north_east_down(field_at(found.at(2020.0), r, below, longitude, 8), tilt)
    theirs = ppigrf.igrf(
        longitude, latitude, height, datetime.datetime(2020, 1, 1), str(tmp_path / "made.shc"), max_degree=8
    )
    east, north, up = (each[0] for each in theirs)
    assert np.allclose(ours, np.stack([north, east, -up], 1), atol=2e-3)


@pytest.mark.parametrize("latitude", [90.0, -90.0])
def test_at_a_pole_the_field_is_that_beside_it(latitude):
    _, values = igrf_like(6)
    radius, longitude = np.full(8, 6371.2), np.arange(8) * 45.0
    at = field_at(values[0], radius, np.full(8, latitude), longitude, 6)
    beside = field_at(values[0], radius, np.full(8, latitude * (1 - 1e-8)), longitude, 6)
    assert np.allclose(at, beside, atol=0.01)
    assert np.isfinite(at).all()


def test_harmonics_have_schmidt_s_norm():
    latitude, _, share = sphere(14)
    p = legendre(np.radians(90 - latitude), 12)[0]
    for n in (1, 5, 12):
        mean = (p[n, 0] ** 2 * share).sum()
        assert np.isclose(mean, 1 / (2 * n + 1))
        assert np.isclose((p[n, n] ** 2 * share).sum() / 2, 1 / (2 * n + 1))


def test_the_spectrum_is_the_mean_square_over_the_sphere():
    _, values = igrf_like(6)
    latitude, longitude, share = sphere(16)
    for radius in (6371.2, CORE_RADIUS_KM):
        field = field_at(values[0], np.full(len(latitude), radius), latitude, longitude, 6)
        mean = ((field**2).sum(1) * share).sum()
        assert np.isclose(power_spectrum(values[0], 6, 1, radius).sum(), mean)
    assert np.isclose(rms_at_surface(values[0], 6), np.sqrt(power_spectrum(values[0], 6).sum()))


def test_frames_turn_there_and_back_and_elements_are_the_field_s():
    r, _, tilt = geocentric(np.array([0.0, 45.0, 90.0]), np.zeros(3))
    assert np.allclose(r, [6378.137, 6367.489, 6356.752], atol=1e-3)
    assert np.degrees(tilt[1]) == pytest.approx(0.1924, abs=1e-3)
    b = np.array([[1.0, 2.0, 3.0]] * 3)
    assert np.allclose(from_north_east_down(to_north_east_down(b, tilt), tilt), b)
    of = elements([3.0, 4.0, 12.0])
    assert (of["H"], of["F"]) == (5.0, 13.0)
    assert of["D"] == pytest.approx(np.degrees(np.arctan2(4, 3)))


def test_a_spline_of_any_order_is_that_of_an_independent_code(tmp_path):
    chaosmagpy = pytest.importorskip("chaosmagpy")
    n_max, order = 3, 4
    years = np.arange(2018.0, 2022.6, 0.5)  # three pieces
    draw = np.random.default_rng(2)
    _, level = igrf_like(n_max, (2018.0,))
    knots = np.concatenate([[2018.0] * 3, [2018.0, 2019.5, 2021.0, 2022.5], [2022.5] * 3])
    true = BSpline(knots, level + draw.normal(0, 20, (6, len(level[0]))), order - 1)
    (tmp_path / "spline.shc").write_text(shc_text(years, true(years), n_max, order, order - 1))
    found = read_shc(tmp_path / "spline.shc")
    for year in (2018.0, 2018.3, 2019.5, 2021.1, 2022.5):
        assert np.allclose(found.at(year), true(year), atol=1e-3)
        assert np.allclose(found.rate_at(year), true(year, 1), atol=5e-3)
    theirs = chaosmagpy.chaos.BaseModel.from_shc(tmp_path / "spline.shc", name="made", leap_year=False)
    when = chaosmagpy.data_utils.dyear_to_mjd(2019.2, leap_year=False)
    assert np.allclose(theirs.synth_coeffs(when, nmax=n_max), found.at(2019.2), atol=1e-3)
    place = np.array([6400.0]), np.array([30.0]), np.array([50.0])
    synthesis = chaosmagpy.model_utils.synth_values(
        found.at(2019.2), place[0], 90 - place[1], place[2], nmax=n_max
    )
    assert np.allclose(field_at(found.at(2019.2), *place, n_max)[0], np.ravel(synthesis), atol=1e-6)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_coefficients_below_comments_in_any_encoding_are_the_same(tmp_path, encoding):
    years, values = igrf_like(5)
    text = shc_text(years, values, 5)
    (tmp_path / "a.shc").write_text(text)
    (tmp_path / "b.shc").write_bytes(text.replace("# made", "# Übertragen").encode(encoding))
    plain, found = read_shc(tmp_path / "a.shc"), read_shc(tmp_path / "b.shc")
    assert np.array_equal(found.values, plain.values)
    assert any("read as Latin-1" in each for each in found.findings) == (encoding == "latin-1")


def test_a_file_that_was_written_is_the_same_again(tmp_path):
    years, values = igrf_like(5)
    (tmp_path / "a.shc").write_text(shc_text(years, values, 5))
    found = read_shc(tmp_path / "a.shc")
    write_shc(tmp_path / "b.shc", found, ("again",))
    again = read_shc(tmp_path / "b.shc")
    assert np.allclose(found.values, again.values)
    assert (again.n_min, again.n_max, again.order, again.step) == (1, 5, 2, 1)


@pytest.mark.parametrize("name", [name for name in factors(3) if not name.startswith("Schmidt")])
def test_another_normalisation_is_found_and_undone(tmp_path, name):
    years, values = igrf_like(6)
    (tmp_path / "other.shc").write_text(shc_text(years, values / factors(6)[name], 6))
    found = read_shc(tmp_path / "other.shc")
    assert np.allclose(found.values, values, atol=2e-3)
    assert found.findings == (f"coefficients are {name}: made Schmidt semi-normalised",)


def test_gauss_s_normalisation_is_that_of_unnormalised_functions():
    """The factor of n = 2: P(2, 1) = 3 cos θ sin θ is √3 times Schmidt's, and Gauss's is cos θ sin θ."""
    pairs = zip(*(each.tolist() for each in degrees_orders(2)), strict=True)
    gauss = dict(zip(pairs, factors(2)["Gauss's (unnormalised)"], strict=True))
    assert gauss[2, 0] == pytest.approx(2 / 3)
    assert gauss[2, 1] == pytest.approx(1 / np.sqrt(3))
    assert gauss[2, 2] == pytest.approx(2 / np.sqrt(3))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("1 4 3 2 1", "one 4 3 2 1"), "a header of least and greatest degree"),
        (lambda t: t.replace("1 4 3 2 1", "1 4 3 6 5"), "do not fit"),
        (lambda t: t.replace("1 4 3 2 1", "1 4 3 4 1"), "it needs 5 or more"),
        (lambda t: t.replace("2020.0000", "2010.0000"), "epochs must ascend"),
        (lambda t: "\n".join(t.splitlines()[:-1]), "has no coefficient n = 4, m = -4"),
        (lambda t: t + "4 -4 1 2 3\n", "stands there twice"),
        (lambda t: t + "5 0 1 2 3\n", "beyond the degrees"),
        (lambda t: t.replace("-29441.5000", "nan"), "finite numbers are expected"),
        (lambda t: t.replace("-29441.5000", "x"), "numbers are expected"),
        (lambda t: t.replace("# made", "# fully normalized"), "its words say fully normalised"),
        (lambda t: "", "is empty"),
        (lambda t: "1 2\n", "is no file of Gauss"),
        (lambda t: t.replace("-29441.5000", "²"), "is no text in ASCII"),
    ],
)
def test_coefficients_at_fault_are_told_in_a_line(tmp_path, change, words):
    years, values = igrf_like(4)
    path = tmp_path / "bad.shc"
    path.write_text(change(shc_text(years, values, 4)))
    with pytest.raises(InputError, match=words):
        read_shc(path)


def test_a_field_that_is_not_the_earth_s_is_refused_and_a_crust_s_is_taken_as_said(tmp_path):
    years, values = igrf_like(4)
    path = tmp_path / "tesla.shc"
    path.write_text(shc_text(years, values / 10, 4))
    with pytest.raises(InputError, match="they fit none"):
        read_shc(path)
    values[1, 0] *= 100
    path.write_text(shc_text(years, values, 4))
    with pytest.raises(InputError, match="at 2020 should tell the normalisation"):
        read_shc(path)
    n, m = degrees_orders(17, 16)
    text = "16 17 1 1 1\n2020.0\n" + "\n".join(f"{a} {b} 1.5" for a, b in zip(n, m, strict=True)) + "\n"
    path.write_text(text)
    found = read_shc(path)
    assert "normalisation cannot be checked" in found.findings[0]
    assert np.allclose(found.at(2020.0), 1.5)
    assert found.rate_at(2020.0).max() == 0
    with pytest.raises(InputError, match="lies beyond the epochs 2020 to 2020"):
        found.at(2030.0)


def test_a_rotation_turns_the_pattern_of_the_field():
    """A turn by a small angle about each axis is what its acceleration makes in that time, at every point."""
    n_max, angle = 6, 1e-6
    _, values = igrf_like(n_max)
    draw = np.random.default_rng(5)
    latitude, longitude = draw.uniform(-80, 80, 30), draw.uniform(0, 360, 30)
    radius = np.full(30, 6371.2)

    def radial(lat, lon):
        return design(radius, lat, lon, n_max)[:, 0] @ values[0]

    lat, lon = np.radians(latitude), np.radians(longitude)
    place = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], 1)
    for k, axis in enumerate(np.array([[0, 0, 1.0], [1.0, 0, 0], [0, 1.0, 0]])):
        back = place - angle * np.cross(axis, place)
        back /= np.linalg.norm(back, axis=1, keepdims=True)
        turned = radial(np.degrees(np.arcsin(back[:, 2])), np.degrees(np.arctan2(back[:, 1], back[:, 0])))
        made = design(radius, latitude, longitude, n_max)[:, 0] @ accelerations(n_max)[k] @ values[0]
        assert np.allclose((turned - radial(latitude, longitude)) / angle, made, atol=0.3, rtol=1e-4)
