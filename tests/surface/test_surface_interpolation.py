"""Splines that keep block means, thin plates, kriging, and fields of a spectrum, against what is known of them."""

import numpy as np
import pytest

from terrella.surface import bicubic, bicubic_with_means, block_means, radial_spectrum, synthesise
from terrella.surface.interpolation.gaps import (
    RING,
    fill_gap,
    kriging_weights,
    power_exponent,
    square_weights,
    thin_plate_weights,
)
from terrella.surface.learning.windows import fill_square
from terrella.surface.opening import jacksboro


@pytest.fixture(scope="module")
def heights():
    return np.asarray(jacksboro().whole(), float)[:344, :400]


@pytest.mark.parametrize(
    ("factor", "with_means", "without"), [(2, 3.93, 4.62), (4, 11.59, 13.14), (8, 26.83, 29.25)]
)
def test_enforced_means_are_kept_and_the_errors_are_those_known_of_jacksboro(
    heights, factor, with_means, without
):
    means = block_means(heights, factor)
    enforced = bicubic_with_means(means, factor)
    assert np.abs(block_means(enforced, factor) - means).max() < 1e-8
    rmse = [np.sqrt(((each - heights) ** 2).mean()) for each in (enforced, bicubic(means, factor))]
    assert rmse == pytest.approx([with_means, without], abs=0.01)


def test_a_spline_of_a_level_is_level():
    assert bicubic_with_means(np.full((5, 7), 3.5), 4) == pytest.approx(np.full((20, 28), 3.5))


def test_a_thin_plate_is_exact_for_planes_and_kriging_for_levels():
    draw = np.random.default_rng(0)
    known, wanted = draw.uniform(0, 9, (30, 2)), draw.uniform(0, 9, (10, 2))
    plane = lambda at: 2 + 3 * at[:, 0] - at[:, 1]  # noqa: E731
    assert thin_plate_weights(known, wanted) @ plane(known) == pytest.approx(plane(wanted))
    assert thin_plate_weights(known, known) == pytest.approx(np.eye(30), abs=1e-8)
    assert kriging_weights(known, wanted, lambda h: h**1.4).sum(1) == pytest.approx(np.ones(10))


def test_gaps_of_jacksboro_are_filled_as_well_as_is_known(heights):
    lattice = [(r, c) for r in range(RING, 300, 24) for c in range(RING, 370, 24)]
    for size, known in ((16, 30.2), (32, 54.0)):
        off = np.concatenate([
            (fill_square(heights, size, r, c) - heights[r : r + size, c : c + size]).ravel() for r, c in lattice
        ])  # fmt: skip
        assert np.sqrt((off**2).mean()) == pytest.approx(known, rel=0.08)


def test_a_gap_of_any_shape_is_filled_as_a_square_one_is(heights):
    field = heights[40:80, 60:100]
    gap = np.zeros(field.shape, bool)
    gap[12:24, 10:22] = True
    filled = fill_gap(np.where(gap, np.nan, field), gap, ~gap)
    assert filled == pytest.approx(fill_square(field, 12, 12, 10).ravel(), rel=1e-6)
    assert square_weights(12, 1.4).sum(1) == pytest.approx(np.ones(144))


def test_synthesis_has_the_spectrum_it_was_given():
    wavenumber = np.linspace(1 / 64, 0.5, 32)
    power = wavenumber**-2.5
    made = synthesise(wavenumber, power, (64, 64), 60, np.random.default_rng(1))
    found_at, found = radial_spectrum(made)
    inner = (found_at > 0.08) & (found_at < 0.45)
    assert np.log(found[inner] / found_at[inner] ** -2.5) == pytest.approx(0, abs=0.25)


def test_the_exponent_of_a_variogram_is_found():
    wavenumber = np.linspace(1 / 512, 0.5, 256)
    for exponent in (0.8, 1.4):  # a variogram h^a has the spectrum k^-(2 + a)
        field = synthesise(
            wavenumber, wavenumber ** -(2 + exponent), (512, 512), 1, np.random.default_rng(1)
        )[0]
        assert power_exponent(field) == pytest.approx(exponent, abs=0.2)
