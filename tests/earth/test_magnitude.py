"""Magnitude statistics against theory: simulated Gutenberg–Richter catalogues with known b and completeness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrella.earth.magnitude import (
    b_by_cut_off,
    b_value,
    completeness_by_b_stability,
    completeness_by_maximum_curvature,
    frequencies,
    round_to_bin,
    stands_for_unknown,
)
from terrella.errors import InputError


def simulated(b: float, completeness: float, n: int, bin_width: float, seed: int = 0) -> np.ndarray:
    """Return magnitudes that decay as 10^(−b M) and are cut at the lower edge of the completeness bin."""
    draw = np.random.default_rng(seed)
    magnitude = completeness - bin_width / 2 + draw.exponential(1 / (b * np.log(10)), n)
    return round_to_bin(magnitude, bin_width) if bin_width else magnitude


def faded(b: float, fade: float, spread: float, n: int, seed: int = 0) -> np.ndarray:
    """Return binned magnitudes of which small ones are missed, half of them at `fade` (Ogata & Katsura 1993)."""
    from scipy.special import ndtr

    draw = np.random.default_rng(seed)
    magnitude = fade - 1.5 + draw.exponential(1 / (b * np.log(10)), n)
    return round_to_bin(magnitude[draw.random(n) < ndtr((magnitude - fade) / spread)], 0.1)


@pytest.mark.parametrize("bin_width", [0.0, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("b", [0.7, 1.0, 1.6])
def test_the_true_b_value_is_found_for_any_bin_width(b: float, bin_width: float) -> None:
    found = b_value(simulated(b, 2.5, 40_000, bin_width), 2.5, bin_width)
    assert abs(found.b - b) < 4 * found.b_error
    if bin_width <= 0.1:  # Shi & Bolt's error is that of Aki for large n and narrow bins
        assert found.b_error == pytest.approx(b / np.sqrt(40_000), rel=0.1)
    assert found.beta == pytest.approx(found.b * np.log(10))
    assert found.n_events == 40_000


def test_utsu_is_the_limit_for_narrow_bins_and_without_correction_b_is_too_large() -> None:
    magnitude = simulated(1.0, 2.5, 100_000, 0.1)
    utsu = np.log10(np.e) / (magnitude.mean() - (2.5 - 0.05))
    uncorrected = np.log10(np.e) / (magnitude.mean() - 2.5)
    found = b_value(magnitude, 2.5, 0.1)
    assert found.b == pytest.approx(utsu, rel=0.006)  # they differ by (βΔM)²/12 = 0.44 %
    assert uncorrected > 1.1


def test_the_error_of_b_has_the_spread_of_repeated_estimates() -> None:
    estimates = [b_value(simulated(1.0, 2.5, 500, 0.1, seed), 2.5) for seed in range(400)]
    spread = np.std([e.b for e in estimates], ddof=1)
    assert np.mean([e.b_error for e in estimates]) == pytest.approx(spread, rel=0.12)


def test_a_gives_the_number_of_events() -> None:
    found = b_value(simulated(1.0, 2.5, 30_000, 0.1), 2.5)
    # N(≥ M) counts from the lower edge of a bin.
    assert 10 ** (found.a - found.b * 2.45) == pytest.approx(30_000)
    assert 10 ** (found.a - found.b * 4.45) == pytest.approx(300, rel=0.2)


@given(
    bins=st.lists(st.integers(-10, 90), min_size=2, max_size=60).filter(lambda x: len(set(x)) > 1),
    shift=st.integers(-20, 20),
)
def test_b_does_not_change_when_all_magnitudes_shift(bins: list[int], shift: int) -> None:
    magnitude = np.array(bins) * 0.1
    here = b_value(magnitude, min(bins) * 0.1)
    there = b_value(magnitude + shift * 0.1, (min(bins) + shift) * 0.1)
    assert (there.b, there.b_error) == pytest.approx((here.b, here.b_error))


@pytest.mark.parametrize("seed", range(5))
def test_completeness_of_a_catalogue_with_a_sharp_cut(seed: int) -> None:
    magnitude = simulated(1.0, 2.3, 20_000, 0.1, seed)
    assert completeness_by_maximum_curvature(magnitude, correction=0) == pytest.approx(2.3)
    assert completeness_by_b_stability(magnitude) == pytest.approx(2.3)


@pytest.mark.parametrize("seed", range(5))
def test_completeness_where_it_fades(seed: int) -> None:
    magnitude = faded(1.0, 2.0, 0.2, 200_000, seed)
    # At 2.0 + 2 × 0.2 = 2.4, 98 % of the events are detected.
    assert 2.0 <= completeness_by_maximum_curvature(magnitude) <= 2.4
    stable = completeness_by_b_stability(magnitude)
    assert 2.2 <= stable <= 2.7
    assert b_value(magnitude, stable).b == pytest.approx(1.0, abs=0.06)
    assert b_value(magnitude, 1.8).b < 0.85


def test_a_crowd_at_magnitude_0_does_not_make_a_catalogue_complete() -> None:
    magnitude = simulated(1.0, 1.5, 5_000, 0.1)
    crowded = np.append(magnitude, np.zeros(5_000))
    assert completeness_by_maximum_curvature(crowded) == completeness_by_maximum_curvature(magnitude)
    np.testing.assert_array_equal(stands_for_unknown(crowded), crowded == 0)


@pytest.mark.parametrize("completeness", [-0.5, 0.0])
def test_true_magnitudes_0_are_no_crowd(completeness: float) -> None:
    magnitude = simulated(1.0, completeness, 5_000, 0.1)
    assert not stands_for_unknown(magnitude).any()
    assert completeness_by_maximum_curvature(magnitude, correction=0) == pytest.approx(completeness)


def test_a_catalogue_of_magnitudes_0_alone_still_has_a_curve() -> None:
    assert completeness_by_maximum_curvature(np.zeros(100), correction=0) == 0


def test_no_stable_b_is_said_so() -> None:
    bins = np.repeat(np.arange(20, 40), [*range(400, 20, -20), 20])
    assert np.isnan(completeness_by_b_stability(bins[:30] * 0.1))


def test_the_curve_of_b_agrees_with_single_estimates() -> None:
    magnitude = faded(0.9, 2.0, 0.3, 5_000)
    for cut_off, b, error in zip(*b_by_cut_off(magnitude), strict=True):
        single = b_value(magnitude, cut_off)
        assert single.n_events >= 50
        assert (b, error) == pytest.approx((single.b, single.b_error))


def test_frequencies_count_every_event_once() -> None:
    centres, counts = frequencies([2.04, 2.05, 2.5, -0.1, 2.0])
    assert counts.sum() == 5
    assert dict(zip(centres.tolist(), counts.tolist(), strict=True))[2.0] == 2
    assert centres[[0, -1]].tolist() == [-0.1, 2.5]


def test_halves_go_up_whatever_their_binary_form() -> None:
    np.testing.assert_array_equal(
        round_to_bin([2.25, 2.35, 2.449999, -0.05, 4.15], 0.1), [2.3, 2.4, 2.4, 0.0, 4.2]
    )


def test_too_few_events_are_refused() -> None:
    with pytest.raises(InputError, match="no b-value from 1 events"):
        b_value([3.0, 2.0], 2.5)
    with pytest.raises(InputError, match="expected a range"):
        b_value([3.0, 3.0], 3.0)
    with pytest.raises(InputError, match="frequencies need events"):
        frequencies([])
